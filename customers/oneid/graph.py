"""The stored identity graph: keeps keys up to date, and loads all a change can reach."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Q

from customers.oneid.facts import active_members, keys_by_record
from customers.oneid.models import Decision, PersonLink, RecordKey
from customers.oneid.partition import LENT_KINDS, STRONG_KINDS, Key, Pair, Record
from customers.oneid.quarantine import crowded_among, key_counts, limits
from customers.relations.models import RecordChange
from scrm.core.copy import copy_rows


@dataclass(frozen=True)
class Touched:
    """Strong keys a change left or took away; those that tie nobody any more; those more or fewer hold now."""

    keys: frozenset[Key]
    newly_crowded: frozenset[Key]
    moved: frozenset[Key]


@dataclass(frozen=True)
class Component:
    """Everything a change can reach: records, their persons now, human decisions, crowded keys."""

    records: tuple[Record, ...]
    persons: Mapping[UUID, UUID]
    together: tuple[Pair, ...]
    apart: tuple[Pair, ...]
    crowded: frozenset[Key]


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
    if removed:
        RecordKey.objects.filter(pk__in=[before[key] for key in removed]).delete()
    if added:
        _keys_add(now, added)
    touched = frozenset(
        (kind, value) for _id, kind, value in after | before.keys() if kind in STRONG_KINDS
    )
    moves = _moves(added, removed)
    return Touched(touched, _newly_crowded(moves), frozenset(moves))


def _keys_add(now: Mapping[UUID, tuple[str, Any]], added: set[tuple[UUID, str, str]]) -> None:
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


def _moves(
    added: set[tuple[UUID, str, str]], removed: set[tuple[UUID, str, str]]
) -> dict[Key, int]:
    """Return by phone or ID card how many records more (or fewer) hold it than before."""
    moves: dict[Key, int] = {}
    for sign, rows in ((1, added), (-1, removed)):
        for _id, kind, value in rows:
            if kind in LENT_KINDS:
                moves[(kind, value)] = moves.get((kind, value), 0) + sign
    return moves


def _newly_crowded(moves: Mapping[Key, int]) -> frozenset[Key]:
    """Return the keys that tied their records until now: whom they held together is looked at once more."""
    counts, most = key_counts(moves), limits().degree
    return frozenset(
        key for key, move in moves.items() if counts.get(key, 0) > most >= counts.get(key, 0) - move
    )


def component_load(changed: Iterable[UUID], touched: Touched) -> Component:
    """Load all records that the changed ones tie, did tie or could untie, over any number of steps.

    Three queries a step, whatever the number of records; a step follows shared keys, shared persons and
    human decisions. Keys too many records share are not followed, except by the change that made them so:
    whom they held together must be looked at once more.
    """
    known: set[UUID] = set()
    persons: dict[UUID, UUID] = {}
    decisions: dict[int, Decision] = {}
    keys: dict[UUID, set[Key]] = {}
    kinds: dict[UUID, str] = {}
    crowded: set[Key] = set()
    seen_keys: set[Key] = set()
    fresh = set(changed) | _records_with(touched.newly_crowded)
    fresh_keys = set(touched.keys)
    while fresh or fresh_keys:
        known |= fresh
        _keys_follow(fresh, keys, kinds)
        fresh_keys |= {key for record_id in fresh for key in keys.get(record_id, ())}
        fresh_keys -= seen_keys
        seen_keys |= fresh_keys
        crowded |= crowded_among(fresh_keys)
        reached = _records_with(fresh_keys - crowded)
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


def _keys_follow(
    record_ids: Collection[UUID],
    keys: dict[UUID, set[Key]],
    kinds: dict[UUID, str],
) -> None:
    """Note the strong keys of these records, and what kind of records they are.

    The kinds of key are chosen here: asked for them, PostgreSQL may walk all keys of these kinds.
    """
    rows = RecordKey.objects.filter(record_id__in=list(record_ids))
    for record_id, kind, value, record_kind in rows.values_list(
        "record_id", "kind", "value", "record_kind"
    ):
        if kind in STRONG_KINDS:
            keys.setdefault(record_id, set()).add((kind, value))
            kinds[record_id] = record_kind


def _records_with(keys: Collection[Key]) -> set[UUID]:
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


@dataclass(frozen=True)
class Loaded:
    """Records by id, and the decisions in force on any of them."""

    records: Mapping[UUID, Record]
    decisions: Mapping[UUID, tuple[Decision, ...]]

    def decided(self, record_ids: Iterable[UUID]) -> tuple[tuple[Pair, ...], tuple[Pair, ...]]:
        """Return the pairs humans put together and kept apart among these records."""
        rows = {
            row.pk: row
            for each in record_ids
            if self.decisions
            for row in self.decisions.get(each, ())
        }.values()
        return _pairs(rows, Decision.Verdict.TOGETHER), _pairs(rows, Decision.Verdict.APART)


def records_load(record_ids: Collection[UUID]) -> Loaded:
    """Load records as stored, with their strong keys and decisions, in three queries."""
    keys: dict[UUID, set[Key]] = {}
    kinds: dict[UUID, str] = {}
    _keys_follow(record_ids, keys, kinds)
    decisions: dict[UUID, tuple[Decision, ...]] = {}
    for row in Decision.objects.filter(left_id__in=record_ids, retracted_at=None):
        decisions[row.left_id] = (*decisions.get(row.left_id, ()), row)
    return Loaded({record.id: record for record in _records(kinds, keys)}, decisions)
