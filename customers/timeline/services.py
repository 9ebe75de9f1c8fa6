"""Writes of the timeline: every fact once, whatever brings it and in whatever order."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from customers.crm.fact_models import ServiceReceived
from customers.crm.models import CrmMember, HistoryChange, Order, Refund
from customers.relations.models import ExternalContact, RelationEvent
from customers.timeline.models import RecordKind, TimelineEntry

BATCH = 1000


@dataclass(frozen=True)
class Fact:
    """One thing that happened to a record; the same `key` is the same thing, told again.

    record_kind is a RecordChange.Kind, occurred_at aware; data holds what the words of `title_code` (by
    default the kind) need, as JSON. No phone, name or remark belongs in it.
    """

    record_kind: str
    record_id: UUID
    kind: str
    occurred_at: datetime
    key: str
    data: Mapping[str, Any] = field(default_factory=dict)
    actor_userid: str = ""
    title_code: str = ""


def append(
    *,
    record_kind: str,
    record_id: UUID,
    kind: str,
    occurred_at: datetime,
    data: Mapping[str, Any],
    key: str,
    actor_userid: str = "",
    title_code: str = "",
) -> bool:
    """Add one fact in the caller's transaction; return False when its key is there already."""
    fact = Fact(record_kind, record_id, kind, occurred_at, key, data, actor_userid, title_code)
    return append_all([fact]) == 1


def append_all(facts: Iterable[Fact]) -> int:
    """Add many facts in one statement; return how many were new."""
    rows = [_entry(fact) for fact in facts]
    if not rows:
        return 0
    TimelineEntry.objects.bulk_create(rows, ignore_conflicts=True, batch_size=BATCH)
    return TimelineEntry.objects.filter(pk__in=[row.pk for row in rows]).count()


def _entry(fact: Fact) -> TimelineEntry:
    return TimelineEntry(
        record_kind=fact.record_kind,
        record_id=fact.record_id,
        kind=fact.kind,
        occurred_at=fact.occurred_at,
        title_code=fact.title_code or fact.kind,
        data=dict(fact.data),
        actor_userid=fact.actor_userid,
        key=fact.key,
    )


# --- what relations tell ------------------------------------------------------------------------------------


@transaction.atomic
def contact_collect(external_userid: str) -> int:
    """Add what events and orders tell of one customer; return how many facts were new.

    It looks at all of them, not at the one that just came: then the order of arrival cannot matter.
    """
    contact = ExternalContact.objects.filter(external_userid=external_userid).first()
    if contact is None:
        return 0
    events = RelationEvent.objects.filter(external_userid=external_userid)
    facts = [_relation_fact(contact.pk, event) for event in events]
    bought = Q(external_userid=external_userid)
    if contact.unionid:
        bought |= Q(unionid=contact.unionid)
    facts += _order_facts(list(Order.objects.filter(bought, member_no="")))
    return append_all(facts)


def _relation_fact(contact_id: UUID, event: RelationEvent) -> Fact:
    return Fact(
        record_kind=RecordKind.CONTACT,
        record_id=contact_id,
        kind=f"relation.{event.kind}",
        occurred_at=event.occurred_at,
        key=f"relation:{event.pk}",
        data={"state": event.state, "reason": event.reason},
        actor_userid=event.userid,
    )


# --- what the retailer's systems tell --------------------------------------------------------------------------


def collect() -> int | None:
    """Work on at most 1,000 noted changes in one transaction; return how many facts were new, None when
    nothing waits.
    """
    with transaction.atomic():
        changes = list(
            HistoryChange.objects.select_for_update(skip_locked=True).order_by("pk")[:BATCH]
        )
        if not changes:
            return None
        by_kind: dict[str, set[UUID]] = {kind: set() for kind in HistoryChange.Kind.values}
        for change in changes:
            by_kind[change.kind].add(change.row_id)
        numbers = Refund.objects.filter(pk__in=by_kind[HistoryChange.Kind.REFUND]).values(
            "order_no"
        )
        orders = Order.objects.filter(
            Q(pk__in=by_kind[HistoryChange.Kind.ORDER]) | Q(order_no__in=numbers)
        )
        facts = _member_facts(by_kind[HistoryChange.Kind.MEMBER]) + _order_facts(list(orders))
        facts += _service_facts(by_kind[HistoryChange.Kind.SERVICE])
        new = append_all(facts)
        HistoryChange.objects.filter(pk__in=[change.pk for change in changes]).delete()
        return new


def _member_facts(member_ids: Iterable[UUID]) -> list[Fact]:
    rows = CrmMember.objects.filter(pk__in=list(member_ids), joined_on__isnull=False)
    return [
        Fact(
            record_kind=RecordKind.MEMBER,
            record_id=pk,
            kind="member.joined",
            occurred_at=timezone.make_aware(datetime.combine(joined_on, time.min)),
            key=f"member:{pk}:joined",
            data={"member_no": member_no},
        )
        for pk, member_no, joined_on in rows.values_list("pk", "member_no", "joined_on")
        if joined_on is not None
    ]


def _service_facts(service_ids: Iterable[UUID]) -> list[Fact]:
    """Return the services that took place, of members we know; a booked one is no history yet."""
    done = ServiceReceived.objects.filter(
        pk__in=list(service_ids), state=ServiceReceived.State.DONE, member__isnull=False
    )
    return [
        Fact(
            record_kind=RecordKind.MEMBER,
            record_id=service.member_id,
            kind="service.done",
            occurred_at=service.served_at,
            key=f"service:{service.service_no}",
            data={"service_no": service.service_no, "service": service.title or service.kind},
            actor_userid=service.userid,
        )
        for service in done
        if service.member_id is not None
    ]


def _order_facts(orders: Sequence[Order]) -> list[Fact]:
    """Return the facts of these orders and of their refunds, for the orders whose buyer is known."""
    records = _records_of(orders)
    known = {order.order_no: records[order.pk] for order in orders if order.pk in records}
    facts = [
        Fact(
            *known[order.order_no],
            kind="order.paid",
            occurred_at=order.paid_at,
            key=f"order:{order.order_no}",
            data={"order_no": order.order_no, "store_code": order.store_code},
        )
        for order in orders
        if order.order_no in known
    ]
    refunds = Refund.objects.filter(order_no__in=known)
    return facts + [
        Fact(
            *known[refund.order_no],
            kind="order.refunded",
            occurred_at=refund.refunded_at,
            key=f"refund:{refund.refund_no}",
            data={"order_no": refund.order_no, "refund_no": refund.refund_no},
        )
        for refund in refunds
    ]


def _records_of(orders: Sequence[Order]) -> dict[UUID, tuple[str, UUID]]:
    """Return by order the record it hangs on: the member it names, else the customer it names.

    An order that names a member we do not know yet has none: it is noted again when the member comes.
    """
    unjoined = [order for order in orders if not order.member_no]
    contacts = ExternalContact.objects.filter(
        Q(
            external_userid__in=[
                order.external_userid for order in unjoined if order.external_userid
            ]
        )
        | Q(unionid__in=[order.unionid for order in unjoined if order.unionid])
    ).order_by("-pk")
    by_name: dict[str, UUID] = {}
    by_union: dict[str, UUID] = {}
    for pk, external_userid, unionid in contacts.values_list("pk", "external_userid", "unionid"):
        by_name[external_userid] = pk
        # Many customers have none, and an order of nobody names none either.
        if unionid:
            by_union[unionid] = pk
    found: dict[UUID, tuple[str, UUID]] = {}
    for order in orders:
        if order.member_id is not None:
            found[order.pk] = (RecordKind.MEMBER.value, order.member_id)
        elif not order.member_no:
            contact_id = by_name.get(order.external_userid) or by_union.get(order.unionid)
            if contact_id is not None:
                found[order.pk] = (RecordKind.CONTACT.value, contact_id)
    return found
