"""Log-ins that were refused, in the audit."""

from scrm.accounts.models import User
from scrm.accounts.sessions.models import Face, Way
from scrm.core.audit.refusals import record_refusal
from scrm.core.exceptions import PermissionDenied, ScrmError


def password_refused(username: str) -> None:
    """Note a wrong password (or code); what was typed for a name nobody has is not kept: it may be a password."""
    user = User.objects.filter(username=username).first()
    _note(f"user:{user.pk}" if user is not None else "user:*", Face.CONSOLE, Way.PASSWORD)


def way_refused(error: ScrmError, *, face: Face, way: Way) -> None:
    """Note that WeCom or the SSO named somebody who may not come in; nothing for an answer that came too late."""
    if isinstance(error, PermissionDenied):
        _note(str(error.data.get("about", "user:*")), face, way, reason=error.message)


def _note(target: str, face: Face, way: Way, *, reason: str = "") -> None:
    record_refusal(
        # Nobody proved who they are.
        actor=None,
        action="accounts.log_in_refused",
        target=target,
        after={"face": face.value, "way": way.value},
        reason=reason,
    )
