"""What a human's word on groups of records means for pairs of them."""

from collections.abc import Iterator, Sequence
from itertools import combinations
from uuid import UUID

from customers.oneid.models import Decision
from customers.oneid.partition import Blocks, Pair


def pair(left: UUID, right: UUID) -> Pair:
    """Return two records in the order decisions keep them."""
    return (left, right) if left < right else (right, left)


def star(blocks: Sequence[Sequence[UUID]]) -> list[Pair]:
    """Return pairs that join all records of these blocks."""
    first, *others = [each for block in blocks for each in block]
    return [pair(first, other) for other in others]


def halves_bridged(
    ties: Sequence[Decision], whole: Blocks, halves: Sequence[Blocks]
) -> list[Decision]:
    """Return what holds each half of a split as these ties (oldest first) do now, once those across it go.

    whole and halves are how keys alone group the records before and after; they are joined further here. A
    bridge belongs to the act of the newest tie that it stands for, and is taken back with it.
    """
    for half in halves:
        for tie in ties:
            if _holds(half, tie):
                half.join(tie.left_id, tie.right_id)
    across = [tie for tie in ties if not any(_holds(half, tie) for half in halves)]
    bridges: list[Decision] = []
    for tie in [*(tie for tie in ties if tie not in across), *across]:
        groups = whole.groups()
        left, right = groups[whole.find(tie.left_id)], groups[whole.find(tie.right_id)]
        if left != right:
            for half in halves:
                bridges += [_bridge(tie, *each) for each in _missing(half, left, right)]
            whole.join(tie.left_id, tie.right_id)
    return bridges


def _holds(half: Blocks, tie: Decision) -> bool:
    return tie.left_id in half.parent and tie.right_id in half.parent


def _missing(half: Blocks, left: Sequence[UUID], right: Sequence[UUID]) -> Iterator[Pair]:
    """Yield pairs that join, within a half, what is there of both sides; nothing where one is not there."""
    here = [[each for each in side if each in half.parent] for side in (left, right)]
    if not all(here):
        return
    first, *others = [each for side in here for each in side]
    for other in others:
        if half.find(first) != half.find(other):
            yield first, other
            half.join(first, other)


def _bridge(tie: Decision, one: UUID, two: UUID) -> Decision:
    left, right = pair(one, two)
    return Decision(
        act=tie.act,
        verdict=tie.verdict,
        left_id=left,
        right_id=right,
        reason=tie.reason,
        decided_by_id=tie.decided_by_id,
    )


def across(blocks: Sequence[Sequence[UUID]]) -> list[Pair]:
    """Return every pair of records of two blocks."""
    return [
        pair(one, two) for left, right in combinations(blocks, 2) for one in left for two in right
    ]
