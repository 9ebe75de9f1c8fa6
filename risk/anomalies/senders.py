"""Makes WeCom what the ladder wants of a member now; doing it twice has the effect of doing it once."""

from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from contacts.directory.models import Member
from contacts.directory.services import follow_refresh, member_observed
from risk.anomalies.ladder import ACCOUNT_KIND, SCOPE_KIND, effect_settled
from risk.anomalies.models import IncidentStep
from risk.anomalies.selectors import is_in_force
from scrm.core.exceptions import ValidationFailed
from scrm.core.gateway import wecom
from scrm.core.outbox.sending import Sender
from scrm.wecom.errors import WeComPermanent, WeComPermission


def send_scope(payload: dict[str, Any]) -> dict[str, Any]:
    """Put the member into, or take out of, the address-book tag that WeCom's customer contact leaves out.

    Docs 90214, 90215. That the tag works depends on the corp's admin console, so the list of members with
    customer contact is read afterwards (doc 92571). Raises WeComError.
    """
    step = IncidentStep.objects.select_related("member").get(pk=payload["step_id"])
    tag_id = settings.RISK_CONTACT_SCOPE_TAG
    if not tag_id:
        raise ValidationFailed(_("No address-book tag is set any more."), code="tag_missing")
    wanted = is_in_force(step.member_id, step.kind)
    if wanted:
        wecom("contacts").tag.add_users(tag_id, [step.member.userid])
    else:
        _untag(tag_id, step.member.userid)
    follow_refresh()
    can_follow = Member.objects.values_list("can_follow", flat=True).get(pk=step.member_id)
    return {"wanted": wanted, "confirmed": can_follow is not wanted}


def _untag(tag_id: int, userid: str) -> None:
    """Take the tag away; WeCom refuses it for one who has it no more, which is what is wanted."""
    tags = wecom("contacts").tag
    try:
        tags.del_users(tag_id, [userid])
    except WeComPermanent:
        if userid.lower() in {each.lower() for each in tags.get(tag_id)}:
            raise


def send_account(payload: dict[str, Any]) -> dict[str, Any]:
    """Disable or enable the account (doc 90197) and read it again (doc 90196); raises WeComError.

    The mirror learns it by the read, not as "disabled by us": the OA synchronisation gives back only what
    it took itself, so it never enables an account that is restricted here.
    """
    step = IncidentStep.objects.select_related("member").get(pk=payload["step_id"])
    wanted = is_in_force(step.member_id, step.kind)
    wecom("contacts").user.update(step.member.userid, enable=int(not wanted))
    try:
        seen = wecom().user.get(step.member.userid)
    except WeComPermission:
        return {"wanted": wanted}  # outside of the app's range: the next refresh tells
    member_observed(seen)
    return {"wanted": wanted, "confirmed": (seen.status == Member.Status.DISABLED) is wanted}


SCOPE_SENDER = Sender(
    kind=SCOPE_KIND,
    send=send_scope,
    settle=effect_settled,
    repeatable=True,
    label=gettext_lazy("Incident: customer-contact scope"),
)
ACCOUNT_SENDER = Sender(
    kind=ACCOUNT_KIND,
    send=send_account,
    settle=effect_settled,
    repeatable=True,
    label=gettext_lazy("Incident: account in WeCom"),
)
