"""The stored identity graph: keeps keys up to date, and loads all a change can reach."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from django.db import connection
from django.db.models import Count, Q

from customers.oneid.facts import active_members, keys_by_record
from customers.oneid.models import Decision, PersonLink, RecordKey
from customers.oneid.partition import PHONE, PHONE_LIMIT, STRONG_KINDS, Pair, Record
from customers.relations.models import RecordChange
from scrm.core.copy import copy_rows

Key = tuple[str, str]


@dataclass(frozen=True)
class Touched:
    """Strong keys a change added or took away, and phones that too many records share since then."""

    keys: frozenset[Key]
    newly_crowded: frozenset[str]


@dataclass(frozen=True)
class Component:
    """Everything a change can reach: records, their persons now, human decisions, crowded phones."""

    records: tuple[Record, ...]
    persons: Mapping[UUID, UUID]
    together: tuple[Pair, ...]
    apart: tuple[Pair, ...]
    crowded: frozenset[str]


def keys_refresh(changed: Iterable[tuple[str, UUID]]) -> Touched:
    """Store what these records (kind, id) assert now; return the strong keys they assert or asserted."""
    ids_by_kind: dict[str, set[UUID]] = {}
    for kind, record_id in changed:
        ids_by_kind.setdefault(kind, set()).add(record_id)
    ids = set().union(*ids_by_kind.values())
    now = keys_by_record(
        ids_by_kind.get(RecordChange.Kind.CONTACT.value, ()),
        ids_by_kind.get(RecordChange.Kind.MEMBER.value, ()),
    )
    rows = RecordKey.objects.filter(record_id__in=ids).values_list(
        "pk", "record_id", "kind", "value"
    )
    before = {(record_id, kind, value): pk for pk, record_id, kind, value in rows}
    after = {
        (record_id, kind, value) for record_id, (_kind, keys) in now.items() for kind, value in keys
    }
    added, removed = after - before.keys(), before.keys() - after
    RecordKey.objects.filter(pk__in=[before[key] for key in removed]).delete()
    with connection.cursor() as cursor:
        copy_rows(
            cursor,
            RecordKey._meta.db_table,
            ["record_kind", "record_id", "kind", "value"],
            [
                (now[record_id][0], record_id, kind, value)
                for record_id, kind, value in sorted(added)
            ],
        )
    touched = frozenset(
        (kind, value) for _id, kind, value in after | before.keys() if kind in STRONG_KINDS
    )
    return Touched(touched, _newly_crowded(added, removed))


def _newly_crowded(
    added: set[tuple[UUID, str, str]], removed: set[tuple[UUID, str, str]]
) -> frozenset[str]:
    moved: dict[str, int] = {}
    for sign, rows in ((1, added), (-1, removed)):
        for _id, kind, value in rows:
            if kind == PHONE:
                moved[value] = moved.get(value, 0) + sign
    counts = _phone_counts(moved)
    return frozenset(
        value
        for value, move in moved.items()
        if counts.get(value, 0) > PHONE_LIMIT >= counts.get(value, 0) - move
    )


def _phone_counts(values: Iterable[str]) -> dict[str, int]:
    rows = (
        RecordKey.objects.filter(kind=PHONE, value__in=list(values))
        .values("value")
        .annotate(count=Count("pk"))
    )
    return {row["value"]: row["count"] for row in rows.order_by()}


def component_load(changed: Iterable[UUID], touched: Touched) -> Component:
    """Load all records that the changed ones tie, did tie or could untie, over any number of steps.

    Three queries a step, whatever the number of records; a step follows shared keys, shared persons and
    human decisions. Phones too many records share are not followed, except by the change that made them so:
    whom they held together must be looked at once more.
    """
    known: set[UUID] = set()
    persons: dict[UUID, UUID] = {}
    decisions: dict[int, Decision] = {}
    keys: dict[UUID, set[Key]] = {}
    kinds: dict[UUID, str] = {}
    crowded: set[str] = set()
    seen_keys: set[Key] = set()
    fresh = set(changed) | _records_with({(PHONE, value) for value in touched.newly_crowded})
    fresh_keys = set(touched.keys)
    while fresh or fresh_keys:
        known |= fresh
        rows = RecordKey.objects.filter(record_id__in=fresh, kind__in=STRONG_KINDS)
        for record_id, kind, value, record_kind in rows.values_list(
            "record_id", "kind", "value", "record_kind"
        ):
            keys.setdefault(record_id, set()).add((kind, value))
            kinds[record_id] = record_kind
        fresh_keys |= {key for record_id in fresh for key in keys.get(record_id, ())}
        fresh_keys -= seen_keys
        seen_keys |= fresh_keys
        phones = [value for kind, value in fresh_keys if kind == PHONE]
        crowded |= {value for value, count in _phone_counts(phones).items() if count > PHONE_LIMIT}
        reached = _records_with(
            {key for key in fresh_keys if not (key[0] == PHONE and key[1] in crowded)}
        )
        reached |= _persons_follow(fresh, persons)
        reached |= _decisions_follow(fresh, decisions)
        fresh, fresh_keys = reached - known, set()
    return Component(
        records=_records(kinds, keys),
        persons=persons,
        together=_pairs(decisions.values(), Decision.Verdict.TOGETHER),
        apart=_pairs(decisions.values(), Decision.Verdict.APART),
        crowded=frozenset(crowded),
    )


def _records_with(keys: set[Key]) -> set[UUID]:
    by_kind: dict[str, list[str]] = {}
    for kind, value in keys:
        by_kind.setdefault(kind, []).append(value)
    condition = Q()
    for kind, values in by_kind.items():
        condition |= Q(kind=kind, value__in=values)
    if not keys:
        return set()
    return set(RecordKey.objects.filter(condition).values_list("record_id", flat=True))


def _persons_follow(fresh: set[UUID], persons: dict[UUID, UUID]) -> set[UUID]:
    """Note the persons of these records; return all records of those persons."""
    if not fresh:
        return set()
    mine = PersonLink.objects.filter(record_id__in=fresh).values("person_id")
    links = PersonLink.objects.filter(person_id__in=mine)
    persons.update(links.values_list("record_id", "person_id"))
    return set(persons)


def _decisions_follow(fresh: set[UUID], decisions: dict[int, Decision]) -> set[UUID]:
    if not fresh:
        return set()
    rows = Decision.objects.filter(Q(left_id__in=fresh) | Q(right_id__in=fresh), retracted_at=None)
    decisions.update({row.pk: row for row in rows})
    return {each for row in decisions.values() for each in (row.left_id, row.right_id)}


def _pairs(decisions: Iterable[Decision], verdict: str) -> tuple[Pair, ...]:
    return tuple(sorted((row.left_id, row.right_id) for row in decisions if row.verdict == verdict))


def _records(kinds: Mapping[UUID, str], keys: Mapping[UUID, set[Key]]) -> tuple[Record, ...]:
    active = active_members(
        record_id for record_id, kind in kinds.items() if kind == RecordChange.Kind.MEMBER
    )
    return tuple(
        Record(record_id, kinds[record_id], frozenset(keys[record_id]), record_id in active)
        for record_id in sorted(kinds)
    )
