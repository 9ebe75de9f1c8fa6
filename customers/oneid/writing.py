"""Writes a new partition: only what differs, with the reasons beside it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import timezone

from customers.oneid.graph import Component
from customers.oneid.models import Conflict, MergeLog, Person
from customers.oneid.partition import Clash, Evidence, Partition
from scrm.core.copy import copy_rows
from scrm.core.ids import uuid7

HUMAN = "human"


@dataclass(frozen=True)
class Assignment:
    """Which person each group of records is, which persons are new, which are no longer needed."""

    person_of: Mapping[frozenset[UUID], UUID]
    created: tuple[UUID, ...]
    retired: Mapping[UUID, UUID]


def assign(groups: Iterable[frozenset[UUID]], persons: Mapping[UUID, UUID]) -> Assignment:
    """Give every group a person: the one that holds most of its records, then the oldest; else a new one.

    A person goes to one group only. A retired person names the one that took most of its records.
    """
    overlaps: dict[tuple[UUID, frozenset[UUID]], int] = {}
    for group in groups:
        for record_id in group:
            if record_id in persons:
                overlaps[(persons[record_id], group)] = (
                    overlaps.get((persons[record_id], group), 0) + 1
                )
    ranked = sorted(overlaps, key=lambda pair: (-overlaps[pair], pair[0], min(pair[1])))
    person_of: dict[frozenset[UUID], UUID] = {}
    taken: set[UUID] = set()
    for person_id, group in ranked:
        if group not in person_of and person_id not in taken:
            person_of[group] = person_id
            taken.add(person_id)
    created: list[UUID] = []
    for group in sorted((group for group in groups if group not in person_of), key=min):
        created.append(uuid7())
        person_of[group] = created[-1]
    retired: dict[UUID, UUID] = {}
    for person_id, group in ranked:
        if person_id not in taken and person_id not in retired:
            retired[person_id] = person_of[group]
    return Assignment(person_of, tuple(created), retired)


def partition_write(component: Component, result: Partition, *, job_id: UUID | None = None) -> int:
    """Write persons, links and the log where they differ; return how many links moved or are new."""
    assignment = assign(result.groups, component.persons)
    kinds = {record.id: record.kind for record in component.records}
    now = timezone.now()
    if assignment.created:
        _persons_write(assignment.created, now)
    moved = [
        (kinds[record_id], record_id, person_id)
        for group, person_id in assignment.person_of.items()
        for record_id in group
        if component.persons.get(record_id) != person_id
    ]
    _links_write(moved)
    _log(component, result, assignment, job_id)
    for retired, heir in sorted(assignment.retired.items()):
        Person.objects.filter(pk=retired).update(state=Person.State.MERGED, merged_into=heir)
    return len(moved)


def _persons_write(ids: Sequence[UUID], now: datetime) -> None:
    with connection.cursor() as cursor:
        copy_rows(
            cursor,
            Person._meta.db_table,
            ["id", "state", "created_at"],
            [(person_id, Person.State.ACTIVE.value, now) for person_id in ids],
        )


LINKS = """
INSERT INTO customers_personlink (record_kind, record_id, person_id, linked_at)
SELECT *, now() FROM unnest(%s::text[], %s::uuid[], %s::uuid[])
    ON CONFLICT (record_id) DO UPDATE SET person_id = EXCLUDED.person_id, linked_at = EXCLUDED.linked_at
"""


def _links_write(moved: Sequence[tuple[str, UUID, UUID]]) -> None:
    if moved:
        kinds, records, persons = zip(*moved, strict=True)
        with connection.cursor() as cursor:
            cursor.execute(LINKS, [list(kinds), list(map(str, records)), list(map(str, persons))])


def _log(
    component: Component, result: Partition, assignment: Assignment, job_id: UUID | None
) -> None:
    ties: dict[UUID, list[Evidence]] = {}
    for tie in result.ties:
        ties.setdefault(tie.record_ids[0], []).append(tie)
    held: dict[UUID, set[UUID]] = {}
    for record_id, person_id in component.persons.items():
        held.setdefault(person_id, set()).add(record_id)
    rows: list[MergeLog] = []
    for group, person_id in sorted(assignment.person_of.items(), key=lambda item: min(item[0])):
        before = held.get(person_id, set())
        joined, left = group - before, before - group
        if not left and not (joined and len(group) > 1):
            continue
        evidence = [tie for record_id in sorted(group) for tie in ties.get(record_id, ())]
        if left:
            rows.append(_entry(MergeLog.Kind.SPLIT, person_id, left, component, evidence))
        if joined and len(group) > 1:
            rows.append(_entry(MergeLog.Kind.MERGE, person_id, joined, component, evidence))
    for row in rows:
        row.job_id = job_id
    MergeLog.objects.bulk_create(rows, batch_size=1000)


def _entry(
    kind: str,
    person_id: UUID,
    moved: Iterable[UUID],
    component: Component,
    evidence: Iterable[Evidence],
) -> MergeLog:
    reasons: list[dict[str, Any]] = [
        {"key": tie.key_kind, "records": [str(each) for each in tie.record_ids]} for tie in evidence
    ]
    record_ids = sorted(moved)
    former = {
        str(each): str(component.persons[each]) for each in record_ids if each in component.persons
    }
    return MergeLog(
        kind=kind,
        person_id=person_id,
        record_ids=record_ids,
        evidence=reasons,
        former=former,
        by_human=any(reason["key"] == HUMAN for reason in reasons),
    )


def conflicts_write(component: Component, clashes: Iterable[Clash]) -> list[Conflict]:
    """Make the queue of conflicts among these records equal to the clashes found; return the new ones."""
    wanted = {clash.fingerprint: clash for clash in clashes}
    ids = [record.id for record in component.records]
    stale = Conflict.objects.filter(record_ids__overlap=ids, state=Conflict.State.OPEN).exclude(
        fingerprint__in=wanted
    )
    stale.update(state=Conflict.State.GONE, closed_at=timezone.now())
    if not wanted:
        return []
    back = Conflict.objects.filter(fingerprint__in=wanted).exclude(state=Conflict.State.OPEN)
    back.update(state=Conflict.State.OPEN, closed_at=None)
    known = set(
        Conflict.objects.filter(fingerprint__in=wanted).values_list("fingerprint", flat=True)
    )
    rows = [
        Conflict(
            fingerprint=fingerprint,
            rule=clash.rule,
            key_kind=clash.key_kind,
            record_ids=list(clash.record_ids),
            blocks=[[str(each) for each in block] for block in clash.blocks],
        )
        for fingerprint, clash in sorted(wanted.items())
        if fingerprint not in known
    ]
    Conflict.objects.bulk_create(rows, batch_size=1000)
    return rows
