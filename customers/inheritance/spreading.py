"""Who takes over whom: friends stay with friends, the rest goes to whoever has fewest customers. Pure."""

import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class Load:
    """A successor, in the order of preference, and how many customers they have now."""

    member_id: int
    customers: int


def spread(
    contact_ids: Iterable[UUID],
    successors: Sequence[Load],
    friends: Mapping[UUID, Iterable[int]],
    barred: Mapping[UUID, Iterable[int]] | None = None,
) -> dict[UUID, int]:
    """Return the successor of each customer; one for whom all are barred is left out.

    friends names the members a customer follows already: such a hand-over adds nobody's load. The same
    input gives the same result; equal loads go by the order of the successors.
    """
    order = {load.member_id: place for place, load in enumerate(successors)}
    heap = [(load.customers, place, load.member_id) for place, load in enumerate(successors)]
    heapq.heapify(heap)
    barred = barred or {}
    found: dict[UUID, int] = {}
    for contact_id in sorted(contact_ids):
        out = set(barred.get(contact_id, ()))
        known = [one for one in friends.get(contact_id, ()) if one in order and one not in out]
        if known:
            found[contact_id] = min(known, key=order.__getitem__)
            continue
        skipped = []
        while heap:
            count, place, member_id = heapq.heappop(heap)
            if member_id in out:
                skipped.append((count, place, member_id))
                continue
            heapq.heappush(heap, (count + 1, place, member_id))
            found[contact_id] = member_id
            break
        for entry in skipped:
            heapq.heappush(heap, entry)
    return found
