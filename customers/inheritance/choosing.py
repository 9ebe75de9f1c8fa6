"""Who takes on whom a hand-over left behind: its own successors, then the store; others only where somebody chose them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from contacts.directory.models import Member
from contacts.directory.selectors import members_visible_to
from contacts.org.models import OrgUnit
from contacts.org.selectors import stores_of
from customers.inheritance.models import HandoverItem, HandoverPlan
from customers.inheritance.selectors import (
    Successor,
    friends_of,
    loads_of,
    successors_for,
    with_customers,
)
from customers.inheritance.spreading import Load, spread
from scrm.core.scope import Scope

MOST_TRIES = 2
# Trying again cannot help: unknown customer, no relation, protected for 90 days.
FINAL_CODES = (40096, 84061, 40128)


@dataclass(frozen=True)
class Candidates:
    """Who may take over once more: ranks that are filled one after the other, and members of other stores."""

    ranks: tuple[tuple[Load, ...], ...]
    others: tuple[Successor, ...]

    def with_others(self, member_ids: Collection[int]) -> tuple[tuple[Load, ...], ...]:
        """Return the ranks, and last those members of other stores."""
        return (*self.ranks, _loads(one for one in self.others if one.member.pk in member_ids))

    def with_all(self) -> tuple[tuple[Load, ...], ...]:
        """Return the ranks, and last everybody of the other stores."""
        return (*self.ranks, _loads(self.others))


@dataclass(frozen=True)
class RetryRow:
    """A successor whom a retry would ask, and for how many customers."""

    member: Member
    store: OrgUnit | None
    customers: int


@dataclass(frozen=True)
class Retry:
    """What trying again would do: who is asked, for whom nobody near has room, who elsewhere could take them."""

    rows: tuple[RetryRow, ...]
    unplaced: int
    others: tuple[Successor, ...]


def candidates_of(scope: Scope, plan: HandoverPlan) -> Candidates:
    """Return who may take over whom this plan left behind, within scope, ready and with room.

    A plan of the policy fills the store before its successors elsewhere, as it did at first.
    """
    near = successors_for(scope, plan.leaver, plan.store)
    named = _named(plan)
    unseen = named - {one.member.pk for one in near} - {plan.leaver_id}
    far = with_customers(members_visible_to(scope).filter(pk__in=unseen)).order_by("pk")
    own = [one for one in near if one.member.pk in named]
    chosen = (*_loads(own), *loads_of(one for one in far if one.is_ready))
    store = _loads(one for one in near if one.same_store)
    first, second = (store, chosen) if plan.by_policy else (chosen, store)
    taken = {load.member_id for load in first}
    ranks = (first, tuple(load for load in second if load.member_id not in taken))
    others = tuple(one for one in near if not one.same_store and one.member.pk not in named)
    return Candidates(ranks, others)


def spread_ranks(
    contact_ids: Iterable[UUID],
    ranks: Iterable[Sequence[Load]],
    barred: Mapping[UUID, Iterable[int]] | None = None,
) -> dict[UUID, int]:
    """Return the successor of each customer: a rank is asked only for whom the ranks before have no room."""
    chosen: dict[UUID, int] = {}
    wanted = list(contact_ids)
    for loads in ranks:
        rest = [contact_id for contact_id in wanted if contact_id not in chosen]
        friends = friends_of(rest, [load.member_id for load in loads])
        chosen |= spread(rest, loads, friends, barred)
    return chosen


def left_behind(plan: HandoverPlan) -> dict[HandoverItem, list[int]]:
    """Return the customers of a plan who may be tried once more, each with the successors they were tried with."""
    items = plan.items.filter(state__in=HandoverItem.KEPT, tries__lt=MOST_TRIES)
    items = items.exclude(errcode__in=FINAL_CODES)
    return {
        item: [*item.tried_ids, *([item.successor_id] if item.successor_id else [])]
        for item in items.order_by("pk")
    }


def retry_of(scope: Scope, plan: HandoverPlan) -> Retry | None:
    """Return what trying again would do now; None where nobody may be tried again."""
    if plan.state not in (HandoverPlan.State.RUNNING, HandoverPlan.State.DONE):
        return None
    barred = {item.contact_id: tried for item, tried in left_behind(plan).items()}
    if not barred:
        return None
    found = candidates_of(scope, plan)
    chosen = spread_ranks(barred, found.ranks, barred)
    counts: dict[int, int] = {}
    for member_id in chosen.values():
        counts[member_id] = counts.get(member_id, 0) + 1
    stores = stores_of(counts)
    members = Member.objects.in_bulk(counts)
    rows = [RetryRow(members[pk], stores.get(pk), count) for pk, count in counts.items()]
    rows.sort(key=lambda row: (-row.customers, row.member.pk))
    return Retry(tuple(rows), len(barred) - len(chosen), found.others)


def _named(plan: HandoverPlan) -> set[int]:
    """Return the successors somebody, or the policy, chose for this plan."""
    found: set[int] = set()
    for rows in (plan.items, plan.groups):
        given = rows.filter(successor__isnull=False).order_by()
        found.update(given.values_list("successor_id", flat=True).distinct())
    for tried in plan.items.exclude(tried_ids=[]).values_list("tried_ids", flat=True):
        found.update(tried)
    return found


def _loads(found: Iterable[Successor]) -> tuple[Load, ...]:
    return tuple(loads_of(one.member for one in found))
