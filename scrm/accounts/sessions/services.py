"""Writes of sessions: begin one, end one, end the others, forget the ended; the acts are audited."""

from datetime import timedelta

from django.conf import settings
from django.contrib.auth import login
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from scrm.accounts import doors
from scrm.accounts.models import User
from scrm.accounts.sessions.models import AGENT_LENGTH, Face, UserSession, Way
from scrm.accounts.sessions.store import ENTERED, entered
from scrm.core.audit.services import record
from scrm.core.middleware import client_ip

BACKEND = "django.contrib.auth.backends.ModelBackend"
ENDED_KEPT = timedelta(hours=1)


@transaction.atomic
def session_begin(request: HttpRequest, user: User, *, face: Face, way: Way) -> None:
    """Log a person in with a fresh session key, on one face and by one way; audited."""
    login(request, user, backend=BACKEND)
    # What somebody else began in this browser, a password without its code, ends here.
    for begun in (doors.FIRST_STEP, doors.MAY_REPLACE):
        request.session.pop(begun, None)
    request.session[ENTERED] = entered(
        face=face,
        way=way,
        ip=client_ip(request)[:45],
        agent=request.headers.get("User-Agent", "").replace("\x00", "")[:AGENT_LENGTH],
    )
    # None: the console's own, though this browser was on the phone's face before.
    request.session.set_expiry(settings.H5_SESSION_AGE if face == Face.PHONE else None)
    record(
        actor=user,
        action="accounts.log_in",
        target=f"user:{user.pk}",
        after={"face": face.value, "way": way.value},
    )


@transaction.atomic
def session_end(session: UserSession, *, actor: User, reason: str = "") -> bool:
    """End one session from its next request on; False when it had ended by itself; audited."""
    ended, _models = UserSession.objects.filter(pk=session.pk).delete()
    if not ended:
        return False
    record(
        actor=actor,
        action="accounts.session_end",
        target=f"user:{session.user_id}",
        before={"face": session.face, "way": session.way, "ip": session.ip},
        reason=reason,
    )
    return True


@transaction.atomic
def others_end(user: User, *, keep: str, reason: str = "") -> int:
    """End a person's sessions except the one with the key `keep`; return how many; audited when any."""
    ended, _models = UserSession.objects.filter(user=user).exclude(session_key=keep).delete()
    if ended:
        record(
            actor=user,
            action="accounts.sessions_end",
            target=f"user:{user.pk}",
            after={"others": ended},
            reason=reason,
        )
    return ended


def ended_purge() -> int:
    """Delete the rows of sessions and log-ins that ended over an hour ago; return how many."""
    ended, _models = UserSession.objects.filter(
        expire_date__lt=timezone.now() - ENDED_KEPT
    ).delete()
    return ended
