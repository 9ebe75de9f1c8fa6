"""What a human's word on groups of records means for pairs of them."""

from collections.abc import Sequence
from itertools import combinations
from uuid import UUID

from customers.oneid.models import Decision
from customers.oneid.partition import Pair


def pair(left: UUID, right: UUID) -> Pair:
    """Return two records in the order decisions keep them."""
    return (left, right) if left < right else (right, left)


def star(blocks: Sequence[Sequence[UUID]]) -> list[Pair]:
    """Return pairs that join all records of these blocks."""
    first, *others = [each for block in blocks for each in block]
    return [pair(first, other) for other in others]


def ties_bridged(ties: Sequence[Decision], taken: set[UUID]) -> list[Decision]:
    """Return what holds each half of a split as these ties (oldest first) do now, once those across it go.

    A bridge belongs to the act of the newest tie across that it stands for, and is taken back with it.
    """
    cut = [tie for tie in ties if (tie.left_id in taken) != (tie.right_id in taken)]
    ends = {each for tie in cut for each in (tie.left_id, tie.right_id)}
    bridges: list[Decision] = []
    blocks: dict[UUID, set[UUID]] = {}
    for tie in [*(tie for tie in ties if tie not in cut), *cut]:
        left = blocks.setdefault(tie.left_id, {tie.left_id})
        right = blocks.setdefault(tie.right_id, {tie.right_id})
        if left is right:
            continue
        if tie in cut:
            bridges += [
                _bridge(tie, min(left & half), min(right & half))
                for half in (ends & taken, ends - taken)
                if left & half and right & half
            ]
        left |= right
        blocks.update(dict.fromkeys(right, left))
    return bridges


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
