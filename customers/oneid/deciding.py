"""Humans' words come in force and are taken back: what an act put aside comes back with it."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from django.utils import timezone

from customers.oneid.graph import records_load
from customers.oneid.models import Decision
from customers.oneid.pairs import halves_bridged
from customers.oneid.partition import Blocks, Pair, partition
from customers.oneid.quarantine import crowded_among, limits
from scrm.core.ids import uuid7


def decisions_put(
    pairs: Sequence[Pair], *, verdict: str, actor: Any, reason: str
) -> tuple[UUID, list[int]]:
    """Put one act in force on these pairs, in place of older words on them.

    Returns the act and the primary keys of the rows it replaced, which wait until it is taken back.
    """
    act = uuid7()
    ids = {each for pair in pairs for each in pair}
    older = Decision.objects.filter(left_id__in=ids, right_id__in=ids, retracted_at=None)
    replaced = [row.pk for row in older if (row.left_id, row.right_id) in set(pairs)]
    Decision.objects.filter(pk__in=replaced).update(
        retracted_at=timezone.now(), retracted_by=actor, replaced_by=act
    )
    Decision.objects.bulk_create(
        Decision(
            act=act, verdict=verdict, left_id=left, right_id=right, reason=reason, decided_by=actor
        )
        for left, right in pairs
    )
    return act, replaced


def decisions_take_back(act: UUID, *, actor: Any) -> list[Decision]:
    """Take an act back; what it had replaced is in force again. Returns its rows that were in force.

    Where a later act stands in its place, what this one had replaced waits for that one instead.
    """
    rows = list(Decision.objects.select_for_update().filter(act=act).order_by("pk"))
    in_force = [row for row in rows if row.retracted_at is None]
    Decision.objects.filter(pk__in=[row.pk for row in in_force]).update(
        retracted_at=timezone.now(), retracted_by=actor
    )
    heir = {(row.left_id, row.right_id): row.replaced_by for row in rows}
    Decision.objects.filter(act=act).update(replaced_by=None)
    for row in Decision.objects.select_for_update().filter(replaced_by=act).order_by("pk"):
        row.replaced_by = heir[row.left_id, row.right_id]
        if row.replaced_by is None:
            row.retracted_at = row.retracted_by = None
        row.save(update_fields=["replaced_by", "retracted_at", "retracted_by"])
    return in_force


def split_bridges(own: Collection[UUID], taken: Collection[UUID]) -> list[Decision]:
    """Return what holds each half of a person together once the records `taken` are told apart from the others.

    Only what humans joined: to say that somebody is one with a record is to say it of the whole person it was.
    """
    rows = Decision.objects.filter(left_id__in=own, right_id__in=own, retracted_at=None)
    ties = list(rows.filter(verdict=Decision.Verdict.TOGETHER).order_by("pk"))
    if not ties:
        return []
    rest = set(own) - set(taken)
    return halves_bridged(ties, _by_keys(own), [_by_keys(taken), _by_keys(rest)])


def _by_keys(record_ids: Collection[UUID]) -> Blocks:
    """Return how keys alone group these records."""
    loaded = records_load(record_ids)
    records = list(loaded.records.values())
    _together, apart = loaded.decided(record_ids)
    crowded = crowded_among({key for record in records for key in record.keys})
    found = partition(records, apart=apart, crowded=crowded, limits=limits())
    blocks = Blocks(record_ids)
    for first, *others in map(sorted, found.groups):
        for other in others:
            blocks.join(first, other)
    return blocks
