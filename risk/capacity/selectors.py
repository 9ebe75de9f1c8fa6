"""Reads of capacity; every list starts from what the scope may see."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Count, Q, QuerySet

from contacts.directory.selectors import members_visible_to
from risk.capacity.levels import Limits, places_left
from risk.capacity.models import Capacity
from scrm.core.scope import Scope


def limits_of(limit: int | None, swap_percent: int | None) -> Limits:
    """Return what holds for a member with these overrides (None: the settings)."""
    return Limits(
        limit=limit or settings.RISK_CAPACITY_LIMIT,
        levels=settings.RISK_CAPACITY_LEVELS,
        swap=swap_percent or settings.RISK_CAPACITY_SWAP_PERCENT,
        release=settings.RISK_CAPACITY_RELEASE,
    )


def full_members(member_ids: Iterable[int] | None = None) -> frozenset[int]:
    """Return the members that can take no more customers, all of them or among these."""
    full = Capacity.objects.filter(is_full=True)
    if member_ids is not None:
        full = full.filter(member_id__in=list(member_ids))
    return frozenset(full.values_list("member_id", flat=True))


def free_places(member_ids: Iterable[int]) -> dict[int, int]:
    """Return how many more customers members can take before the codes leave them out; who was never counted is left out."""
    rows = Capacity.objects.filter(member_id__in=list(member_ids)).values_list(
        "member_id", "used", "is_full", "member__capacity_limit__limit",
        "member__capacity_limit__swap_percent",
    )  # fmt: skip
    return {
        member_id: 0 if full else places_left(used, limits_of(limit, swap))
        for member_id, used, full, limit, swap in rows
    }


def capacities_visible_to(scope: Scope) -> QuerySet[Capacity]:
    """Return the counts of the members a scope may see."""
    if scope.everything:
        return Capacity.objects.all()
    return Capacity.objects.filter(member__in=members_visible_to(scope))


@dataclass(frozen=True)
class CapacityCounts:
    """How many accounts stand where."""

    accounts: int
    warned: int
    full: int
    soon: int


def capacity_counts(scope: Scope) -> CapacityCounts:
    """Return how many accounts were counted, stand at a level, are full, or will be within 30 days."""
    counts = capacities_visible_to(scope).aggregate(
        accounts=Count("pk"),
        warned=Count("pk", filter=Q(level__gt=0)),
        full=Count("pk", filter=Q(is_full=True)),
        soon=Count("pk", filter=Q(days_left__lte=30, is_full=False)),
    )
    return CapacityCounts(**counts)
