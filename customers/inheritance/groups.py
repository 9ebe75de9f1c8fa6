"""Customer groups get another owner: planned with the customers, asked 100 at a time, each failure in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import get_language

from contacts.directory.models import Member
from customers.groups.models import CustomerGroup
from customers.groups.reading import group_observed, reread_at
from customers.inheritance.asking import plan_settle, results_read
from customers.inheritance.models import HandoverGroup, HandoverPlan
from customers.inheritance.spreading import spread_groups
from scrm.core.gateway import wecom
from scrm.wecom.api.group_chat import GONE_CODES, TRANSFER_GROUPS
from scrm.wecom.errors import WeComError, WeComPermanent
from scrm.wecom.group_types import GroupRefusal

State = HandoverGroup.State
# WeCom is at it, or did it already: the group itself tells.
UNDER_WAY_CODES = frozenset({90507, 90508})
# 300 groups a day of one owner; two hand-overs of a group in 90 days (groups.md §4).
AGAIN_AFTER = {45009: timedelta(days=1), 40128: timedelta(days=90)}
# Who was not made the owner for so long is not made it any more.
GIVEN_UP_AFTER = timedelta(days=1)
OTHER_OWNER = -2


@dataclass(frozen=True)
class OwnedGroup:
    """A group its owner leaves behind."""

    chat_id: str
    title: str
    people: int


def groups_owned(leaver: Member) -> list[OwnedGroup]:
    """Return the customer groups a member owns, the largest first."""
    rows = CustomerGroup.objects.filter(owner=leaver, dismissed_at=None)
    return [
        OwnedGroup(row.chat_id, row.name, row.members_count)
        for row in rows.order_by("-members_count", "pk")
    ]


def groups_plan(plan: HandoverPlan, owners: Sequence[int]) -> int:
    """Spread the leaver's groups over new owners (member ids); return how many there are."""
    found = groups_owned(plan.leaver)
    chosen = spread_groups([(group.chat_id, group.people) for group in found], owners)
    rows = [
        HandoverGroup(
            plan=plan,
            chat_id=group.chat_id,
            title=group.title,
            people=group.people,
            successor_id=chosen.get(group.chat_id),
            state=State.PLANNED if group.chat_id in chosen else State.UNPLACED,
        )
        for group in found
    ]
    HandoverGroup.objects.bulk_create(rows, batch_size=1000)
    return len(rows)


def next_groups(plan: HandoverPlan) -> list[HandoverGroup]:
    """Return at most 100 planned groups of one new owner."""
    planned = HandoverGroup.objects.filter(plan=plan, state=State.PLANNED)
    first = planned.order_by("successor_id", "pk").first()
    if first is None:
        return []
    rows = planned.filter(successor_id=first.successor_id).select_related("successor")
    return list(rows.order_by("pk")[:TRANSFER_GROUPS])


def groups_ask(plan: HandoverPlan, batch: Sequence[HandoverGroup]) -> tuple[GroupRefusal, ...]:
    """Ask WeCom for groups of one new owner; outside any transaction. Raises WeComError."""
    api = wecom(lane="sync").group_chat
    chat_ids, owner = [group.chat_id for group in batch], _userid(batch[0])
    if plan.mode == HandoverPlan.Mode.RESIGNED:
        return api.transfer(chat_ids, owner)
    return api.onjob_transfer(chat_ids, owner)


def _userid(group: HandoverGroup) -> str:
    """Return the new owner's userid; `next_groups` gives only groups that have one."""
    return group.successor.userid if group.successor is not None else ""


@transaction.atomic
def groups_store(
    plan: HandoverPlan, batch: Sequence[HandoverGroup], refusals: Sequence[GroupRefusal]
) -> int:
    """Keep what WeCom said of each group; return how many it took.

    A group of a member in service has its new owner at once; that of a deleted one a little later.
    """
    codes = {refusal.chat_id: refusal.errcode for refusal in refusals}
    now, taken = timezone.now(), 0
    at_once = plan.mode == HandoverPlan.Mode.IN_SERVICE
    for group in batch:
        code = codes.get(group.chat_id, 0)
        group.asked_at, group.errcode, group.again_on = now, code, None
        if code == 0 or code in UNDER_WAY_CODES:
            group.errcode = 0
            group.state = State.DONE if at_once and code == 0 else State.WAITING
            taken += 1
        else:
            wait = AGAIN_AFTER.get(code)
            group.state = State.FAILED if wait is None else State.LATER
            group.again_on = None if wait is None else now + wait
        group.settled_at = None if group.state == State.WAITING else now
    HandoverGroup.objects.bulk_update(
        batch, ["asked_at", "errcode", "again_on", "state", "settled_at"]
    )
    _mirror_refresh([group.chat_id for group in batch if group.state == State.DONE])
    return taken


def _mirror_refresh(chat_ids: Sequence[str]) -> None:
    """Have our mirror read these groups again: WeCom raises no event for what we did ourselves."""
    for chat_id in chat_ids:
        reread_at(chat_id, timezone.now())


# --- results -------------------------------------------------------------------------------------------------


def everything_read(plan: HandoverPlan) -> int:
    """Read how the waiting customers and groups of a plan stand; return how many were settled. Raises WeComError."""
    settled = results_read(plan)
    return settled + groups_read(plan)


def groups_read(plan: HandoverPlan) -> int:
    """Ask each waiting group whose it is now (doc 92122); return how many were settled.

    Raises WeComError after keeping its words on the plan.
    """
    waiting = plan.groups.filter(state=State.WAITING).select_related("successor")
    settled = 0
    for group in list(waiting.order_by("pk")):
        try:
            settled += _group_settle(plan, group, _owner_of(group.chat_id))
        except WeComError as error:
            words = error.words(get_language() or "en")
            HandoverPlan.objects.filter(pk=plan.pk).update(problem=words[:500])
            raise
    if settled:
        plan_settle(plan.pk)
    return settled


def _owner_of(chat_id: str) -> str | int:
    """Return the owner's userid, taken over by our mirror, or WeCom's code where the group is no more."""
    try:
        detail = wecom(lane="sync").group_chat.get(chat_id)
    except WeComPermanent as failure:
        if failure.errcode not in GONE_CODES:
            raise
        return failure.errcode or OTHER_OWNER
    group_observed(detail)
    return detail.owner


def _group_settle(plan: HandoverPlan, group: HandoverGroup, owner: str | int) -> bool:
    """Settle a group by whose it is now; one that is still the leaver's waits a day at most."""
    now = timezone.now()
    code = owner if isinstance(owner, int) else OTHER_OWNER
    if isinstance(owner, str):
        if owner.lower() == _userid(group).lower():
            code = 0
        elif owner.lower() == plan.leaver.userid.lower():
            if group.asked_at is None or group.asked_at > now - GIVEN_UP_AFTER:
                return False
            code = -1
    group.state = State.DONE if code == 0 else State.FAILED
    group.errcode, group.settled_at = code, now
    group.save(update_fields=["state", "errcode", "settled_at"])
    return True
