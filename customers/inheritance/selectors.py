"""Reads of hand-overs: who leaves with customers, who could take over, and how plans stand."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Count, F, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from contacts.directory.models import Employee, Member
from contacts.directory.selectors import members_search, members_visible_to
from contacts.org.models import OrgUnit, StoreBinding
from contacts.org.selectors import stores_of
from customers.inheritance.models import HandoverItem, HandoverPlan
from customers.relations.models import FollowRelation
from scrm.core.scope import Scope

State = HandoverItem.State
OPEN = (State.PLANNED, State.WAITING)
SUCCESSORS_SHOWN = 30
LEAVERS_SHOWN = 20


def plans_visible_to(scope: Scope) -> QuerySet[HandoverPlan]:
    """Return the hand-overs of members a scope may see."""
    plans = HandoverPlan.objects.select_related("leaver", "created_by")
    return plans.filter(leaver__in=members_visible_to(scope).values("pk"))


def with_customers(members: QuerySet[Member]) -> QuerySet[Any]:
    """Add how many customers each member follows now, as `customers`."""
    live = FollowRelation.objects.filter(member=OuterRef("pk"), status=FollowRelation.Status.ACTIVE)
    counted = live.order_by().values("member").annotate(count=Count("pk")).values("count")
    return members.annotate(customers=Coalesce(Subquery(counted, output_field=IntegerField()), 0))


def leavers_visible_to(scope: Scope, text: str = "") -> list[Any]:
    """Return members whose customers need a successor, most customers first; with a text, whoever matches it."""
    members = members_visible_to(scope)
    if text.strip():
        members = members_search(members, text)
    else:
        gone = Q(status__in=[Member.Status.DISABLED, Member.Status.LEFT])
        members = members.filter(gone | Q(employee__state=Employee.State.LEFT))
    open_plans = HandoverPlan.objects.filter(
        leaver=OuterRef("pk"),
        state__in=[HandoverPlan.State.DRAFT, HandoverPlan.State.RUNNING],
    )
    found = with_customers(members).annotate(plan_id=Subquery(open_plans.values("pk")[:1]))
    rows = list(found.filter(customers__gt=0).order_by("-customers", "pk")[:LEAVERS_SHOWN])
    stores = stores_of(row.pk for row in rows)
    for row in rows:
        row.store = stores.get(row.pk)
    return rows


@dataclass(frozen=True)
class Successor:
    """A member who could take over."""

    member: Member
    store: OrgUnit | None
    customers: int
    same_store: bool


def successors_for(scope: Scope, leaver: Member) -> list[Successor]:
    """Return who could take over: the leaver's store in its order, then the stores beside it, fewest customers first.

    Only members in scope who can receive customers.
    """
    store = _last_store(leaver)
    if store is None:
        return []
    near = Q(bindings__store=store)
    if store.parent_id is not None:
        near |= Q(bindings__store__parent_id=store.parent_id)
    ready = members_visible_to(scope).filter(status=Member.Status.ACTIVE, can_follow=True)
    serving = Q(bindings__state=StoreBinding.State.ACTIVE)
    found = with_customers(
        ready.filter(near & serving)
        .exclude(pk=leaver.pk)
        .annotate(store_id=F("bindings__store_id"), place=F("bindings__position"))
    )
    rows = list(found.distinct())
    stores = OrgUnit.objects.in_bulk({row.store_id for row in rows})
    rows.sort(
        key=lambda row: (
            row.store_id != store.pk,
            row.place if row.store_id == store.pk else row.customers,
            row.pk,
        )
    )
    return [
        Successor(row, stores.get(row.store_id), row.customers, row.store_id == store.pk)
        for row in rows[:SUCCESSORS_SHOWN]
    ]


def _last_store(leaver: Member) -> OrgUnit | None:
    """Return the store a member serves or served last."""
    bindings = StoreBinding.objects.filter(member=leaver).select_related("store")
    binding = bindings.order_by(F("retired_at").desc(nulls_first=True), "-pk").first()
    return binding.store if binding else None


@dataclass(frozen=True)
class SuccessorRow:
    """How the customers of one successor in a plan stand."""

    member: Member
    counts: dict[str, int]

    @property
    def total(self) -> int:
        """Return how many customers go to this successor."""
        return sum(self.counts.values())

    @property
    def cells(self) -> list[int]:
        """Return the counts in the order of the states."""
        return [self.counts.get(state, 0) for state in State.values]


def successor_rows(plan: HandoverPlan) -> list[SuccessorRow]:
    """Return the counts of a plan by successor and state, in two queries."""
    counted = (
        HandoverItem.objects.filter(plan=plan)
        .order_by()
        .values("successor_id", "state")
        .annotate(count=Count("pk"))
    )
    counts: dict[int, dict[str, int]] = {}
    for row in counted:
        counts.setdefault(row["successor_id"], {})[row["state"]] = row["count"]
    members = Member.objects.in_bulk(counts)
    rows = [SuccessorRow(members[pk], by_state) for pk, by_state in counts.items()]
    return sorted(rows, key=lambda row: (-row.total, row.member.pk))


def plan_counts(plan_ids: Iterable[int]) -> dict[int, dict[str, int]]:
    """Return how many items each plan has by state, in one query."""
    rows = (
        HandoverItem.objects.filter(plan_id__in=list(plan_ids))
        .order_by()
        .values("plan_id", "state")
        .annotate(count=Count("pk"))
    )
    found: dict[int, dict[str, int]] = {}
    for row in rows:
        found.setdefault(row["plan_id"], {})[row["state"]] = row["count"]
    return found


def items_of(plan: HandoverPlan) -> QuerySet[HandoverItem]:
    """Return the customers of a plan that its reader may see anyway."""
    return HandoverItem.objects.filter(plan=plan).select_related("contact", "successor")


def friends_of(contact_ids: Iterable[UUID], member_ids: Iterable[int]) -> dict[UUID, set[int]]:
    """Return which of these members each customer follows already, in one query."""
    rows = FollowRelation.objects.filter(
        contact__in=list(contact_ids),
        member__in=list(member_ids),
        status=FollowRelation.Status.ACTIVE,
    )
    found: dict[UUID, set[int]] = {}
    for contact_id, member_id in rows.values_list("contact_id", "member_id"):
        found.setdefault(contact_id, set()).add(member_id)
    return found
