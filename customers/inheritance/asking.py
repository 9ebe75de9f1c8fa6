"""Asks WeCom customer by customer, and settles what it answers, at once or a day later."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import get_language

from contacts.directory.models import Member
from contacts.feed import services as feed
from customers.inheritance.models import HandoverGroup, HandoverItem, HandoverPlan
from customers.inheritance.selectors import deletion_date
from customers.profile.passing import notes_pass
from customers.relations.models import FollowRelation, RelationEvent
from customers.relations.services import RelationFact, relation_event_record
from scrm.core.gateway import wecom
from scrm.wecom.api.external_contact import TRANSFER_CUSTOMERS
from scrm.wecom.errors import WeComError
from scrm.wecom.types import TransferAnswer, TransferResult

Plan = HandoverPlan.State
Item = HandoverItem.State
GROUPS_OPEN = (HandoverGroup.State.PLANNED, HandoverGroup.State.WAITING)
FULL_CODE = 40099
# The customer is being asked already: an earlier call of ours got through after all.
ASKED_CODE = 40100
# In 90 days a customer goes over twice at most (doc 92125); then WeCom protects them.
PROTECTED_CODE = 40128
PROTECTED = timedelta(days=90)
MOST_TRANSFERS = 2
SETTLED = {1: Item.DONE, 3: Item.REFUSED, 4: Item.CAPPED, 5: Item.FAILED}
REFUSED_REASON = "customer_refused"
# WeCom's events carry whole seconds, and its clock is not ours.
CLOCKS_APART = timedelta(minutes=1)
# A customer asked this long ago whom WeCom does not list was never asked.
LISTED_AFTER = timedelta(minutes=10)
# A customer may refuse for 24 hours; an hour more for WeCom to say so.
REFUSAL_ENDS = timedelta(hours=25)


def mode_check(plan: HandoverPlan) -> None:
    """Go on as resigned when the member was deleted since the plan was made: WeCom takes no other way then."""
    if plan.leaver.status == Member.Status.LEFT and plan.mode != HandoverPlan.Mode.RESIGNED:
        plan.mode = HandoverPlan.Mode.RESIGNED
        plan.save(update_fields=["mode"])


def next_batch(plan: HandoverPlan) -> list[HandoverItem]:
    """Return at most 100 planned customers of one successor."""
    planned = HandoverItem.objects.filter(plan=plan, state=Item.PLANNED, successor__isnull=False)
    first = planned.order_by("successor_id", "pk").first()
    if first is None:
        return []
    rows = planned.filter(successor_id=first.successor_id).select_related("contact", "successor")
    return list(rows.order_by("pk")[:TRANSFER_CUSTOMERS])


def ask(plan: HandoverPlan, batch: Sequence[HandoverItem]) -> Sequence[TransferAnswer]:
    """Ask WeCom for customers of one successor; outside any transaction. Raises WeComError."""
    api = wecom(lane="sync").external_contact
    leaver, successor = plan.leaver.userid, _userid(batch[0])
    customers = [item.contact.external_userid for item in batch]
    if plan.mode == HandoverPlan.Mode.RESIGNED:
        return api.resigned_transfer_customer(leaver, successor, customers)
    return api.transfer_customer(leaver, successor, customers, plan.message)


def _userid(item: HandoverItem) -> str:
    """Return the successor's userid; `next_batch` gives only items that have one."""
    return item.successor.userid if item.successor is not None else ""


def answers_store(batch: Sequence[HandoverItem], answers: Iterable[TransferAnswer]) -> int:
    """Keep what WeCom said of each customer; return how many now wait for the customer's word.

    One without an answer was not asked: WeCom's top-level success says nothing about it.
    """
    by_customer = {answer.external_userid: answer.errcode for answer in answers}
    now, waiting = timezone.now(), 0
    for item in batch:
        code = by_customer.get(item.contact.external_userid, -1)
        item.tries += 1
        item.errcode, item.asked_at = code, now
        if code in (0, ASKED_CODE):
            item.state, item.errcode = Item.WAITING, 0
            waiting += 1
        elif code == PROTECTED_CODE:
            item.state, item.again_on = Item.LATER, protected_until(item.contact_id, now)
        else:
            item.state = Item.CAPPED if code == FULL_CODE else Item.FAILED
            item.settled_at = now
    HandoverItem.objects.bulk_update(
        batch, ["tries", "errcode", "asked_at", "again_on", "state", "settled_at"]
    )
    return waiting


def protected_until(contact_id: UUID, now: datetime) -> datetime:
    """Return when WeCom lets a customer go over again: by the hand-overs we know of, else when it must be over."""
    done = HandoverItem.objects.filter(
        contact=contact_id,
        state=Item.DONE,
        plan__mode=HandoverPlan.Mode.IN_SERVICE,
        settled_at__gt=now - PROTECTED,
    )
    known = list(done.order_by("-settled_at").values_list("settled_at", flat=True)[:MOST_TRANSFERS])
    begun = known[-1] if len(known) == MOST_TRANSFERS and known[-1] else now
    return begun + PROTECTED


def batch_refused(batch: Sequence[HandoverItem], errcode: int) -> None:
    """Keep that WeCom refused the whole call, for the successor's sake."""
    answers_store(batch, [TransferAnswer(one.contact.external_userid, errcode) for one in batch])


# --- results -----------------------------------------------------------------------------------------------------


def results_read(plan: HandoverPlan) -> int:
    """Read how the waiting customers of a plan stand (docs 94088, 94082); return how many were settled.

    Raises WeComError after keeping its words on the plan.
    """
    waiting = plan.items.filter(state=Item.WAITING)
    if _is_void(plan):
        return _void_settle(plan)
    successors = Member.objects.filter(pk__in=waiting.values("successor_id")).order_by("pk")
    settled = 0
    try:
        for successor in list(successors):
            started = timezone.now()
            settled += results_store(plan, successor, _results(plan, successor), started)
    except WeComError as error:
        words = error.words(get_language() or "en")
        HandoverPlan.objects.filter(pk=plan.pk).update(problem=words[:500])
        raise
    HandoverPlan.objects.filter(pk=plan.pk).update(polled_at=timezone.now(), problem="")
    relations_end(plan)
    plan_settle(plan.pk)
    return settled


def relations_end(plan: HandoverPlan) -> int:
    """End what WeCom says went over and is still the old guide's here; return how many. Their event may be late or lost."""
    live = FollowRelation.objects.filter(
        member=plan.leaver_id,
        contact=OuterRef("contact"),
        status=FollowRelation.Status.ACTIVE,
        created_time__lte=OuterRef("settled_at"),
    )
    over = plan.items.filter(Exists(live), state=Item.DONE, settled_at__isnull=False)
    rows = list(over.values_list("contact__external_userid", "settled_at"))
    for external_userid, settled_at in sorted((who, at) for who, at in rows if at is not None):
        relation_event_record(
            RelationFact(
                userid=plan.leaver.userid,
                external_userid=external_userid,
                kind=RelationEvent.Kind.TRANSFERRED,
                occurred_at=settled_at.replace(microsecond=0),
            )
        )
    return len(rows)


def _is_void(plan: HandoverPlan) -> bool:
    """Say whether the account was deleted while customers could still refuse: WeCom answers for it no more."""
    in_service = plan.mode == HandoverPlan.Mode.IN_SERVICE
    return in_service and plan.leaver.status == Member.Status.LEFT


def _void_settle(plan: HandoverPlan) -> int:
    """Give up on those who neither went over nor refused within the day; they go as a deleted member's."""
    late = Q(asked_at__lt=timezone.now() - REFUSAL_ENDS)
    waiting = plan.items.filter(late, state=Item.WAITING)
    settled = waiting.update(state=Item.FAILED, settled_at=timezone.now())
    plan_settle(plan.pk)
    return settled


def _results(plan: HandoverPlan, successor: Member) -> Sequence[TransferResult]:
    api = wecom(lane="sync").external_contact
    if plan.mode == HandoverPlan.Mode.RESIGNED:
        return api.resigned_transfer_result(plan.leaver.userid, successor.userid)
    return api.transfer_result(plan.leaver.userid, successor.userid)


@transaction.atomic
def results_store(
    plan: HandoverPlan, successor: Member, results: Iterable[TransferResult], started: datetime
) -> int:
    """Settle a successor's waiting customers by what WeCom lists; the newest row of a customer counts."""
    listed = {result.external_userid: result for result in results}
    items = list(
        plan.items.select_for_update(of=("self",))
        .filter(state=Item.WAITING, successor=successor, asked_at__lte=started)
        .select_related("contact")
    )
    changed = []
    for item in items:
        result = listed.get(item.contact.external_userid)
        if result is not None and _is_former(result, item):
            continue
        state = SETTLED.get(result.status) if result else None
        if result is None and item.asked_at and item.asked_at < started - LISTED_AFTER:
            state = Item.FAILED
        if state is None:
            continue
        item.state = state
        item.settled_at = (result.takeover_at if result else None) or started
        changed.append(item)
    HandoverItem.objects.bulk_update(changed, ["state", "settled_at"], batch_size=1000)
    _notes_go_along(plan.leaver, changed)
    return len(changed)


def _notes_go_along(leaver: Member, items: Iterable[HandoverItem]) -> None:
    """What the leaver noted on those who went over is the successor's to read, and her promises to keep."""
    done = {
        item.contact_id: item.successor_id
        for item in items
        if item.state == Item.DONE and item.successor_id is not None
    }
    if done:
        notes_pass(leaver, done)


def _is_former(result: TransferResult, item: HandoverItem) -> bool:
    """Say whether WeCom tells of an earlier hand-over of the same three: it ended before we asked this time."""
    ended, asked = result.takeover_at, item.asked_at
    return ended is not None and asked is not None and ended < asked - CLOCKS_APART


@transaction.atomic
def fact_settle(
    *, userid: str, external_userid: str, occurred_at: datetime, state: str, is_leaver: bool
) -> int:
    """Settle open items by an event; return how many. A repeated or older event changes nothing.

    userid is the leaver's when is_leaver, else the successor's; occurred_at is WeCom's time. What may be about
    another hand-over settles nothing.
    """
    who = (
        Q(plan__leaver__userid__iexact=userid) if is_leaver else Q(successor__userid__iexact=userid)
    )
    items = HandoverItem.objects.filter(
        who,
        plan__state=Plan.RUNNING,
        contact__external_userid=external_userid,
        state__in=[Item.PLANNED, Item.WAITING],
    ).filter(Q(asked_at=None) | Q(asked_at__lte=occurred_at + CLOCKS_APART))
    rows = list(items.select_for_update(of=("self",)).select_related("plan__leaver"))
    if not is_leaver and len(rows) > 1:
        # Two guides give one customer to the same successor, and WeCom does not say which of them: the results will.
        return 0
    for item in rows:
        item.state, item.settled_at = state, occurred_at
    HandoverItem.objects.bulk_update(rows, ["state", "settled_at"])
    for item in rows:
        _notes_go_along(item.plan.leaver, [item])
    for plan_id in {item.plan_id for item in rows}:
        plan_settle(plan_id)
    return len(rows)


@transaction.atomic
def plan_settle(plan_id: int) -> bool:
    """Close a plan nobody of which is open any more, and tell the successors; return whether it closed now."""
    plan = HandoverPlan.objects.select_for_update().get(pk=plan_id)
    is_open = (
        plan.items.filter(state__in=[Item.PLANNED, Item.WAITING]).exists()
        or plan.groups.filter(state__in=GROUPS_OPEN).exists()
    )
    if plan.state != Plan.RUNNING or is_open:
        return False
    HandoverPlan.objects.filter(pk=plan.pk).update(state=Plan.DONE, delete_on=deletion_date(plan))
    received: dict[int, int] = {}
    handed = plan.items.filter(state=Item.DONE, successor__isnull=False)
    for member_id in handed.values_list("successor_id", flat=True):
        received[member_id] = received.get(member_id, 0) + 1
    for member_id, count in sorted(received.items()):
        feed.put(
            member_id=member_id,
            kind="inheritance",
            key=f"inheritance:{plan.pk}:{member_id}",
            title_code="inheritance.received",
            data={"count": count},
            url="",
        )
    return True
