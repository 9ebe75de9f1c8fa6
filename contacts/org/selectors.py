"""Reads of the organisation; every list starts from what the scope may see."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import BooleanField, Exists, ExpressionWrapper, OuterRef, Q, QuerySet

from contacts.directory.models import Member
from contacts.directory.selectors import CLOSED_STATES, members_visible_to, path_filter
from contacts.org.change_models import StoreChange
from contacts.org.models import BindingImport, OrgUnit, StoreBinding, UnitFile
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


def home_bindings() -> QuerySet[StoreBinding]:
    """Return, for each member, the binding that says where she belongs.

    That is the store she serves; an account that serves no store any more but still has old customers at one belongs
    there, so that a full account does not lose its store.
    """
    attended = StoreBinding.objects.filter(state__in=ATTENDED)
    # "active" sorts before "serve_only".
    return attended.order_by("member_id", "state", "-pk").distinct("member_id")


def store_of(member: Member) -> OrgUnit | None:
    """Return the store a member belongs to, or None."""
    home = home_bindings().filter(member=member).select_related("store").first()
    return None if home is None else home.store


def stores_of(member_ids: Iterable[int]) -> dict[int, OrgUnit]:
    """Return the store members belong to by member id, in one query."""
    homes = home_bindings().filter(member_id__in=list(member_ids)).select_related("store")
    return {binding.member_id: binding.store for binding in homes}


def bindings_of(store: OrgUnit) -> QuerySet[StoreBinding]:
    """Return a store's accounts that still serve, in order."""
    bindings = StoreBinding.objects.filter(store=store, state__in=ATTENDED)
    return bindings.select_related("member", "checked_by").order_by("position", "id")


def binding_imports_visible_to(scope: Scope) -> QuerySet[BindingImport]:
    """Return the binding files a scope may see: all, or those its own user sent in."""
    if scope.everything:
        return BindingImport.objects.all()
    return BindingImport.objects.filter(created_by_id=scope.user_id)


def unit_files_visible_to(scope: Scope) -> QuerySet[UnitFile]:
    """Return the files of units: they change the whole tree, so only who sees all of it works with them."""
    return UnitFile.objects.all() if scope.everything else UnitFile.objects.none()


@dataclass(frozen=True)
class BranchRate:
    """Binding rate of one branch: open stores with a binding in force, out of all open ones.

    `idle` of the bound ones have only accounts that are disabled or gone.
    """

    branch: OrgUnit | None
    stores: int
    bound: int
    idle: int = 0

    @property
    def percent(self) -> float:
        """Return the rate in percent, one decimal; 0 without stores."""
        return round(100 * self.bound / self.stores, 1) if self.stores else 0.0


def serving_now() -> Exists:
    """Return the condition "an account serves this store"."""
    return Exists(
        StoreBinding.objects.filter(store=OuterRef("pk"), state=StoreBinding.State.ACTIVE)
    )


def idle_now() -> Q:
    """Return the condition "a store is bound, but only to accounts that are disabled or gone"."""
    working = StoreBinding.objects.filter(store=OuterRef("pk"), state=StoreBinding.State.ACTIVE)
    return Q(serving_now(), ~Exists(working.exclude(member__status__in=CLOSED_STATES)))


def ready_now() -> Exists:
    """Return the condition "an account that can take customers serves this store"."""
    return Exists(
        StoreBinding.objects.filter(
            store=OuterRef("pk"),
            state=StoreBinding.State.ACTIVE,
            member__status=Member.Status.ACTIVE,
            member__can_follow=True,
        )
    )


def binding_rates(scope: Scope) -> list[BranchRate]:
    """Return the binding rate by branch, in two queries; stores outside a branch come last."""
    open_stores = stores_visible_to(scope).filter(status=OrgUnit.Status.OPEN)
    marked = open_stores.annotate(
        is_bound=serving_now(), is_idle=ExpressionWrapper(idle_now(), output_field=BooleanField())
    )
    stores = marked.values_list("path", "is_bound", "is_idle")
    branches = OrgUnit.objects.filter(kind__in=[OrgUnit.Kind.BRANCH, OrgUnit.Kind.DEALER])
    by_id = {branch.pk: branch for branch in branches}
    totals: dict[int | None, list[int]] = {}
    for path, is_bound, is_idle in stores:
        total = totals.setdefault(nearest(path, by_id), [0, 0, 0])
        total[0] += 1
        total[1] += is_bound
        total[2] += is_idle
    rates = [
        BranchRate(by_id[key] if key is not None else None, *total) for key, total in totals.items()
    ]
    return sorted(
        rates, key=lambda rate: (rate.branch is None, rate.branch.code if rate.branch else "")
    )


def total_rate(rates: Iterable[BranchRate]) -> BranchRate:
    """Return the rate over all branches."""
    every = list(rates)
    return BranchRate(
        None,
        sum(rate.stores for rate in every),
        sum(rate.bound for rate in every),
        sum(rate.idle for rate in every),
    )


def units_with_children(scope: Scope) -> QuerySet[OrgUnit]:
    """Return the regions, branches and dealers a scope may see."""
    return org_units_visible_to(scope).exclude(kind=OrgUnit.Kind.STORE)


@dataclass(frozen=True)
class UnitRate:
    """Binding rate of everything below a unit."""

    stores: int
    bound: int

    @property
    def percent(self) -> float:
        """Return the rate in percent, one decimal; 0 without stores."""
        return round(100 * self.bound / self.stores, 1) if self.stores else 0.0


def unit_rates(scope: Scope, paths: Iterable[str]) -> dict[str, UnitRate]:
    """Return the binding rate of the open stores at or below each path, in one query."""
    wanted = list(paths)
    stores = stores_visible_to(scope).filter(
        path_filter("path", wanted), status=OrgUnit.Status.OPEN
    )
    totals = {path: [0, 0] for path in wanted}
    for path, is_bound in stores.annotate(is_bound=serving_now()).values_list("path", "is_bound"):
        for above in _paths_above(path):
            if above in totals:
                totals[above][0] += 1
                totals[above][1] += is_bound
    return {path: UnitRate(*total) for path, total in totals.items()}


def _paths_above(path: str) -> list[str]:
    """Return "/1/", "/1/5/" and "/1/5/42/" of "/1/5/42/"."""
    ids = path.strip("/").split("/")
    return [f"/{'/'.join(ids[: length + 1])}/" for length in range(len(ids))]


def changes_visible_to(scope: Scope) -> QuerySet[StoreChange]:
    """Return the changes of the stores a scope may see."""
    if scope.everything:
        return StoreChange.objects.all()
    return StoreChange.objects.filter(store__in=stores_visible_to(scope))


def nearest(path: str, wanted: dict[int, OrgUnit]) -> int | None:
    """Return the id of the lowest wanted unit above a path, or None."""
    ids = [int(part) for part in path.strip("/").split("/")]
    return next((unit_id for unit_id in reversed(ids[:-1]) if unit_id in wanted), None)
