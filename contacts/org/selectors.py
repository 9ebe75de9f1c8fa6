"""Reads of the organisation; every list starts from what the scope may see."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q, QuerySet

from contacts.directory.models import Member
from contacts.directory.selectors import members_visible_to, path_filter
from contacts.org.models import BindingImport, OrgUnit, StoreBinding
from scrm.core.scope import Scope

ATTENDED = (StoreBinding.State.ACTIVE, StoreBinding.State.SERVE_ONLY)


def org_units_visible_to(scope: Scope) -> QuerySet[OrgUnit]:
    """Return the units a scope may see: all, its own subtrees, or the store one serves."""
    if scope.everything:
        return OrgUnit.objects.all()
    if scope.own_only:
        own = OrgUnit.objects.filter(
            bindings__member__userid=scope.userid or "", bindings__state__in=ATTENDED
        )
        return own.distinct()
    return OrgUnit.objects.filter(path_filter("path", scope.org_paths))


def stores_visible_to(scope: Scope) -> QuerySet[OrgUnit]:
    """Return the stores a scope may see."""
    return org_units_visible_to(scope).filter(kind=OrgUnit.Kind.STORE)


def rows_visible_to(scope: Scope) -> Q:
    """Return which rows of a table with `member` and `store` a scope may see.

    For a branch or store the row's store decides alone: a guide who moves leaves her past with the store where
    it happened, so each row belongs to one branch. Rows without a store go with their member; guides see theirs.
    """
    if scope.everything:
        return Q()
    members = Q(member_id__in=members_visible_to(scope).values("pk"))
    if scope.own_only:
        return members
    units = org_units_visible_to(scope).values("pk")
    return Q(store_id__in=units) | (Q(store_id__isnull=True) & members)


def members_in(org_paths: Sequence[str]) -> QuerySet[Member]:
    """Return the members placed under these organisation paths."""
    return Member.objects.filter(path_filter("org_path", org_paths))


def store_of(member: Member) -> OrgUnit | None:
    """Return the store a member actively serves, or None."""
    return OrgUnit.objects.filter(
        bindings__member=member, bindings__state=StoreBinding.State.ACTIVE
    ).first()


def stores_of(member_ids: Iterable[int]) -> dict[int, OrgUnit]:
    """Return the active store by member id, in one query."""
    bindings = StoreBinding.objects.filter(
        member_id__in=list(member_ids), state=StoreBinding.State.ACTIVE
    ).select_related("store")
    return {binding.member_id: binding.store for binding in bindings}


def bindings_of(store: OrgUnit) -> QuerySet[StoreBinding]:
    """Return a store's accounts that still serve, in order."""
    bindings = StoreBinding.objects.filter(store=store, state__in=ATTENDED)
    return bindings.select_related("member", "checked_by").order_by("position", "id")


def binding_imports_visible_to(scope: Scope) -> QuerySet[BindingImport]:
    """Return the binding files a scope may see: all, or those its own user sent in."""
    if scope.everything:
        return BindingImport.objects.all()
    return BindingImport.objects.filter(created_by_id=scope.user_id)


@dataclass(frozen=True)
class BranchRate:
    """Binding rate of one branch: stores with a serving account, out of its open stores."""

    branch: OrgUnit | None
    stores: int
    bound: int

    @property
    def percent(self) -> float:
        """Return the rate in percent, one decimal; 0 without stores."""
        return round(100 * self.bound / self.stores, 1) if self.stores else 0.0


def serving_now() -> Exists:
    """Return the condition "an account serves this store"."""
    return Exists(
        StoreBinding.objects.filter(store=OuterRef("pk"), state=StoreBinding.State.ACTIVE)
    )


def binding_rates(scope: Scope) -> list[BranchRate]:
    """Return the binding rate by branch, in two queries; stores outside a branch come last."""
    open_stores = stores_visible_to(scope).filter(status=OrgUnit.Status.OPEN)
    stores = open_stores.annotate(is_bound=serving_now()).values_list("path", "is_bound")
    branches = OrgUnit.objects.filter(kind__in=[OrgUnit.Kind.BRANCH, OrgUnit.Kind.DEALER])
    by_id = {branch.pk: branch for branch in branches}
    totals: dict[int | None, list[int]] = {}
    for path, is_bound in stores:
        total = totals.setdefault(nearest(path, by_id), [0, 0])
        total[0] += 1
        total[1] += is_bound
    rates = [
        BranchRate(by_id[key] if key is not None else None, stores, bound)
        for key, (stores, bound) in totals.items()
    ]
    return sorted(
        rates, key=lambda rate: (rate.branch is None, rate.branch.code if rate.branch else "")
    )


def nearest(path: str, wanted: dict[int, OrgUnit]) -> int | None:
    """Return the id of the lowest wanted unit above a path, or None."""
    ids = [int(part) for part in path.strip("/").split("/")]
    return next((unit_id for unit_id in reversed(ids[:-1]) if unit_id in wanted), None)
