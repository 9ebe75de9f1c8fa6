"""Who takes over whom: friends stay with friends, the rest goes to whoever has fewest customers. Pure."""

import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class Load:
    """A successor, in the order of preference: customers now, and how many more fit (None: any number)."""

    member_id: int
    customers: int
    room: int | None = None


def spread(
    contact_ids: Iterable[UUID],
    successors: Sequence[Load],
    friends: Mapping[UUID, Iterable[int]],
    barred: Mapping[UUID, Iterable[int]] | None = None,
) -> dict[UUID, int]:
    """Return the successor of each customer; one for whom all are barred or full is left out.

    friends names the members a customer follows already: such a hand-over adds nobody's load. The same
    input gives the same result; equal loads go by the order of the successors.
    """
    order = {load.member_id: place for place, load in enumerate(successors)}
    room = {load.member_id: load.room for load in successors}
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
        chosen = _least_loaded(heap, room, out)
        if chosen is not None:
            found[contact_id] = chosen
    return found


def spread_groups(groups: Sequence[tuple[str, int]], owners: Sequence[int]) -> dict[str, int]:
    """Return the new owner of each group (chat id, people in it): the largest first, to whoever got fewest people."""
    if not owners:
        return {}
    heap = [(0, place, owner) for place, owner in enumerate(owners)]
    found: dict[str, int] = {}
    for chat_id, people in sorted(groups, key=lambda group: (-group[1], group[0])):
        count, place, owner = heapq.heappop(heap)
        found[chat_id] = owner
        heapq.heappush(heap, (count + people, place, owner))
    return found


def _least_loaded(
    heap: list[tuple[int, int, int]], room: dict[int, int | None], out: set[int]
) -> int | None:
    """Take a place with whoever has fewest customers; a full one leaves the heap for good."""
    skipped, chosen = [], None
    while heap and chosen is None:
        count, place, member_id = heapq.heappop(heap)
        left = room[member_id]
        if left is not None and left <= 0:
            continue
        if member_id in out:
            skipped.append((count, place, member_id))
            continue
        room[member_id] = None if left is None else left - 1
        heapq.heappush(heap, (count + 1, place, member_id))
        chosen = member_id
    for entry in skipped:
        heapq.heappush(heap, entry)
    return chosen
