"""Marks who is left out of figures: by hand, by a list, by the rule; what counts is decided again then."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from contacts.directory.models import Employment
from customers.crm.models import CrmMember
from customers.crm.orders import orders_reconsider
from customers.crm.selectors import orders_of_records
from customers.oneid.models import PersonLink
from customers.profile.mark_models import CountMark
from customers.relations.models import ExternalContact, RecordChange
from scrm.core.audit import services as audit
from scrm.core.crypto import blind_indexes
from scrm.core.exceptions import ValidationFailed
from scrm.core.phone import normalise_phone

MOST_LINES = 2000
LOCK = "customers.count_marks"
Kind = CountMark.Kind
Source = CountMark.Source
Record = RecordChange.Kind


def _lock() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 7))", [LOCK])


@transaction.atomic
def mark_set(contact: ExternalContact, *, kind: str, reason: str, actor: Any) -> CountMark:
    """Say by hand what a customer is; it goes before lists and the rule. Audited.

    Raises ValidationFailed without a reason.
    """
    if not reason.strip():
        raise ValidationFailed(
            _("Say why, so that colleagues understand it."), code="reason_missing", field="reason"
        )
    _lock()
    _lift(CountMark.objects.filter(record_id__in=_records_beside([contact.pk])))
    mark = _mark(Record.CONTACT, contact.pk, kind, Source.HAND, reason.strip(), actor)
    _decide_again([contact.pk])
    audit.record(
        actor=actor,
        action="profile.count_mark",
        target=f"contact:{contact.pk}",
        after={"kind": kind},
        reason=reason.strip(),
    )
    return mark


def _mark(
    record_kind: str, record_id: UUID, kind: str, source: str, reason: str, actor: Any
) -> CountMark:
    mark = CountMark(
        record_kind=record_kind,
        record_id=record_id,
        kind=kind,
        source=source,
        reason=reason[:200],
        set_by=actor,
        changed_at=timezone.now(),
    )
    mark.save(force_insert=True)
    return mark


def _lift(marks: Any) -> int:
    now = timezone.now()
    count: int = marks.filter(lifted_at=None).update(lifted_at=now, changed_at=now)
    return count


# --- a list ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ListResult:
    """What a list did: how many records were marked, had the mark already, and which lines name nobody."""

    marked: int
    known: int
    unknown: tuple[str, ...]


@transaction.atomic
def list_mark(lines: Sequence[str], *, kind: str, reason: str, actor: Any) -> ListResult:
    """Mark the customers and members a list names, one a line: member number, external_userid or phone.

    What was said by hand stays. Audited once. Raises ValidationFailed for a list that is too long.
    """
    wanted = list(dict.fromkeys(line.strip() for line in lines if line.strip()))
    if not 0 < len(wanted) <= MOST_LINES:
        raise ValidationFailed(
            _("Give 1 to %(most)d lines.") % {"most": MOST_LINES}, code="list_size", field="lines"
        )
    _lock()
    found, unknown = _named(wanted)
    by_hand = _records_beside(
        CountMark.objects.filter(source=Source.HAND, lifted_at=None).values_list(
            "record_id", flat=True
        )
    )
    held = set(
        CountMark.objects.filter(source=Source.LIST, kind=kind, lifted_at=None).values_list(
            "record_id", flat=True
        )
    )
    fresh = {pk: what for pk, what in found.items() if pk not in held and pk not in by_hand}
    _lift(CountMark.objects.filter(source=Source.LIST, record_id__in=fresh))
    for pk, what in fresh.items():
        _mark(what, pk, kind, Source.LIST, reason.strip(), actor)
    _decide_again(fresh)
    audit.record(
        actor=actor,
        action="profile.count_list",
        target="count_marks:list",
        after={"kind": kind, "count": len(fresh)},
        reason=reason.strip(),
    )
    return ListResult(len(fresh), len(found) - len(fresh), tuple(unknown))


def _named(lines: Sequence[str]) -> tuple[dict[UUID, str], list[str]]:
    """Return the records that lines name by kind of record, and the lines that name none."""
    phones: dict[bytes, list[str]] = {}
    for line in lines:
        for index in _phone_indexes(line):
            phones.setdefault(index, []).append(line)
    members = CrmMember.objects.filter(Q(member_no__in=lines) | Q(phone_index__in=list(phones)))
    contacts = ExternalContact.objects.filter(
        Q(external_userid__in=lines) | Q(phone_index__in=list(phones))
    )
    found: dict[UUID, str] = {}
    hit: set[str] = set()
    for pk, name, phone in members.values_list("pk", "member_no", "phone_index"):
        found[pk] = Record.MEMBER.value
        hit |= {name, *phones.get(bytes(phone or b""), ())}
    for pk, name, phone in contacts.values_list("pk", "external_userid", "phone_index"):
        found[pk] = Record.CONTACT.value
        hit |= {name, *phones.get(bytes(phone or b""), ())}
    return found, [line for line in lines if line not in hit]


def _phone_indexes(line: str) -> list[bytes]:
    try:
        return list(blind_indexes("phone", normalise_phone(line)))
    except ValidationFailed:
        return []


# --- the rule -------------------------------------------------------------------------------------------------


@transaction.atomic
def rule_apply() -> int:
    """Mark whoever has a colleague's verified phone, for the days of employment; return how many marks changed.

    A human's word on the same person goes before it. Marks of the rule that hold no more are taken back.
    """
    _lock()
    wanted = _colleagues()
    said = CountMark.objects.exclude(source=Source.RULE).filter(lifted_at=None)
    human = _records_beside(said.values_list("record_id", flat=True))
    held = {
        (mark.record_id, mark.began_at): mark
        for mark in CountMark.objects.filter(source=Source.RULE, lifted_at=None)
    }
    keep: set[UUID] = set()
    changed: list[UUID] = []
    for (record_kind, record_id, began_at), ended_at in wanted.items():
        if record_id in human:
            continue
        mark = held.get((record_id, began_at))
        if mark is None:
            mark = CountMark(record_kind=record_kind, record_id=record_id, began_at=began_at)
            mark.kind, mark.source = Kind.STAFF, Source.RULE
        if mark._state.adding or mark.ended_at != ended_at:
            mark.ended_at, mark.changed_at = ended_at, timezone.now()
            mark.save()
            changed.append(record_id)
        keep.add(mark.pk)
    gone = [mark for mark in held.values() if mark.pk not in keep]
    _lift(CountMark.objects.filter(pk__in=[mark.pk for mark in gone]))
    # Sales know the days of employment themselves (attribution): there is nothing to decide again.
    return len(changed) + len(gone)


def _colleagues() -> dict[tuple[str, UUID, datetime], datetime | None]:
    """Return by record and first moment until when somebody with this verified phone is employed."""
    spans: dict[bytes, list[Employment]] = {}
    rows = Employment.objects.filter(employee__phone_index__isnull=False).select_related("employee")
    for row in rows.defer("employee__phone"):
        spans.setdefault(bytes(row.employee.phone_index or b""), []).append(row)
    indexes = list(spans)
    records = [
        (Record.CONTACT.value, pk, index)
        for pk, index in ExternalContact.objects.filter(phone_index__in=indexes).values_list(
            "pk", "phone_index"
        )
    ]
    records += [
        (Record.MEMBER.value, pk, index)
        for pk, index in CrmMember.objects.filter(
            phone_index__in=indexes, phone_verified=True
        ).values_list("pk", "phone_index")
    ]
    return {
        (kind, pk, _midnight(row.began_on)): _midnight(row.ended_on) if row.ended_on else None
        for kind, pk, index in records
        for row in spans[bytes(index or b"")]
    }


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


# --- what follows ---------------------------------------------------------------------------------------------


def _records_beside(record_ids: Iterable[UUID]) -> set[UUID]:
    """Return these records and all that are one person with them."""
    ids = set(record_ids)
    people = PersonLink.objects.filter(record_id__in=ids).values("person")
    return ids | set(
        PersonLink.objects.filter(person__in=people).values_list("record_id", flat=True)
    )


def _decide_again(record_ids: Iterable[UUID]) -> None:
    """Let attribution look again at what these people bought."""
    ids = _records_beside(record_ids)
    contacts = list(ExternalContact.objects.filter(pk__in=ids))
    orders = orders_of_records(ids - {one.pk for one in contacts}, contacts)
    orders_reconsider(orders.order_by().values_list("pk", flat=True))
