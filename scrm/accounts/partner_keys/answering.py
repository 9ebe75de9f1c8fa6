"""Who answers for a key: it belongs to the company's system, and lives as long as a person of IT stands for it."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from scrm.accounts.models import PartnerKey, User
from scrm.accounts.partner_keys.selectors import keys_unanswered
from scrm.core.alerts.services import raise_alert
from scrm.core.audit.services import record
from scrm.core.exceptions import Conflict, PermissionDenied

# Long enough to take a key over in a holiday week; a mall that calls with it is not cut off meanwhile.
GRACE = timedelta(days=14)


def unanswered_limit() -> int:
    """Give keys whose maker works on but may make none any more two weeks, and tell IT; return how many.

    The key of somebody who may not work any more is withdrawn instead: see `access_end`.
    """
    end = timezone.now() + GRACE
    return sum(_limit(key, end) for key in keys_unanswered())


@transaction.atomic
def _limit(key: PartnerKey, end: datetime) -> bool:
    known = PartnerKey.objects.select_for_update().get(pk=key.pk)
    if known.expires_at is not None and known.expires_at <= end:
        return False
    PartnerKey.objects.filter(pk=key.pk).update(expires_at=end)
    record(
        actor=None,
        action="accounts.partner_key_unanswered",
        target=f"partner_key:{key.prefix}",
        before={"expires_at": known.expires_at.isoformat() if known.expires_at else None},
        after={"name": key.name, "expires_at": end.isoformat()},
    )
    raise_alert(
        kind="accounts.key_unanswered",
        key=key.prefix,
        level="warning",
        title=lambda: _("Nobody answers for an API key any more"),
        text=lambda: (
            _(
                "Who made the key of %(name)s may make keys no more. It works until %(day)s; "
                "take it over on the page of partner keys, or replace it."
            )
            % {"name": key.name, "day": timezone.localtime(end).date().isoformat()}
        ),
    )
    return True


@transaction.atomic
def partner_key_take_over(
    key: PartnerKey, *, expires_at: datetime | None, actor: User, reason: str
) -> None:
    """Let somebody of IT answer for a key from now on, until a new end; audited.

    Raises Conflict when somebody answers for it already or it works no more, PermissionDenied for who approved it.
    """
    known = keys_unanswered().select_for_update(of=("self",)).filter(pk=key.pk).first()
    if known is None:
        raise Conflict(_("Nobody has to take this key over any more."), code="key_answered")
    if known.approved_by_id == actor.pk:
        raise PermissionDenied(
            _("You approved this key; somebody else has to answer for it."), code="own_key"
        )
    before = known.created_by.get_username() if known.created_by else ""
    known.created_by, known.expires_at = actor, expires_at
    known.save(update_fields=["created_by", "expires_at"])
    record(
        actor=actor,
        action="accounts.partner_key_take_over",
        target=f"partner_key:{key.prefix}",
        before={"answers": before},
        after={
            "answers": actor.get_username(),
            "expires_at": expires_at.isoformat() if expires_at else None,
        },
        reason=reason,
    )
