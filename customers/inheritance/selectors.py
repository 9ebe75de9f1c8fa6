"""Reads of hand-overs: who leaves with customers, who could take over, and how plans stand."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import (
    Case,
    Count,
    Exists,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from contacts.directory.models import Employee, Member
from contacts.directory.selectors import members_search, members_visible_to
from contacts.org.models import OrgUnit, StoreBinding
from contacts.org.selectors import stores_of
from contacts.roster.selectors import ended_members
from customers.groups.models import CustomerGroup
from customers.inheritance.models import HandoverItem, HandoverPlan, HandoverPolicy
from customers.inheritance.room import room_of
from customers.inheritance.spreading import Load
from customers.relations.models import FollowRelation
from scrm.core.jobs.models import ACTIVE_STATES, JobRun, JobState
from scrm.core.scope import Scope

State = HandoverItem.State
OPEN = (State.PLANNED, State.WAITING)
SUCCESSORS_SHOWN = 30
LEAVERS_SHOWN = 20
GONE = (Member.Status.DISABLED, Member.Status.LEFT)
Plan = HandoverPlan
PLAN_OPEN = (Plan.State.DRAFT, Plan.State.RUNNING)
RELEASE_KIND = "inheritance.release"
# A policy that was changed leaves a day to think better of it.
POLICY_REST = timedelta(days=1)


def policy() -> HandoverPolicy:
    """Return the stored policy, or the preset one: ask at once, delete the account after 7 days."""
    return HandoverPolicy.objects.filter(pk=1).first() or HandoverPolicy(pk=1)


def plans_visible_to(scope: Scope) -> QuerySet[HandoverPlan]:
    """Return the hand-overs of members a scope may see."""
    plans = HandoverPlan.objects.select_related("leaver__employee", "created_by")
    return plans.filter(leaver__in=members_visible_to(scope).values("pk"))


def with_customers(members: QuerySet[Member]) -> QuerySet[Any]:
    """Add how many customers each member follows now, and groups she owns, as `customers` and `groups`."""
    live = FollowRelation.objects.filter(member=OuterRef("pk"), status=FollowRelation.Status.ACTIVE)
    counted = live.order_by().values("member").annotate(count=Count("pk")).values("count")
    mine = CustomerGroup.objects.filter(owner=OuterRef("pk"), dismissed_at=None)
    owned = mine.order_by().values("owner").annotate(count=Count("pk")).values("count")
    return members.annotate(
        customers=Coalesce(Subquery(counted, output_field=IntegerField()), 0),
        groups=Coalesce(Subquery(owned, output_field=IntegerField()), 0),
    )


def customers_of(leaver: Member, *, until: datetime | None = None) -> list[UUID]:
    """Return the customers a member still follows (with `until`: made by then), without those WeCom handed over."""
    gone = HandoverItem.objects.filter(
        plan__leaver=leaver,
        contact=OuterRef("contact"),
        state=State.DONE,
        settled_at__gte=OuterRef("created_time"),
    )
    live = FollowRelation.objects.filter(member=leaver, status=FollowRelation.Status.ACTIVE)
    if until is not None:
        live = live.filter(created_time__lte=until)
    return list(live.exclude(Exists(gone)).values_list("contact_id", flat=True))


def loads_of(members: Iterable[Any]) -> list[Load]:
    """Return how loaded members are (with `customers` on each): those on their way to them count too."""
    rows = list(members)
    counted = (
        HandoverItem.objects.filter(successor__in=[row.pk for row in rows], state__in=OPEN)
        .order_by()
        .values_list("successor")
        .annotate(count=Count("pk"))
    )
    coming = dict(counted)
    room = room_of(row.pk for row in rows)
    return [
        Load(
            row.pk,
            row.customers + coming.get(row.pk, 0),
            max(0, room[row.pk] - coming.get(row.pk, 0)) if row.pk in room else None,
        )
        for row in rows
    ]


def is_leaver(member: Member) -> bool:
    """Say whether the OA reported this member as gone and the account is disabled or deleted."""
    employee = member.employee
    gone = employee is not None and employee.state == Employee.State.LEFT
    return gone and not member.is_serving


def may_be_deleted(plan: HandoverPlan) -> bool:
    """Say whether the leaver's account can be deleted now for those who stayed behind."""
    there = plan.leaver.status == Member.Status.DISABLED
    done = plan.state == Plan.State.DONE and is_of_this_leave(plan)
    return done and there and is_leaver(plan.leaver) and not has_open_plan(plan.leaver, but=plan)


def has_open_plan(leaver: Member, but: HandoverPlan | None = None) -> bool:
    """Say whether a hand-over of this member waits for a human or for customers, other than `but`."""
    plans = Plan.objects.filter(leaver=leaver, state__in=PLAN_OPEN)
    return plans.exclude(pk__in=[but.pk] if but is not None else []).exists()


def is_of_this_leave(plan: HandoverPlan) -> bool:
    """Say whether a plan was made since its leaver's account was switched off, and not for an earlier leave."""
    written = getattr(plan.leaver, "written", None)
    since = written.switched_at if written is not None else None
    return since is None or plan.created_at >= since


def release_is_live(leaver_id: int) -> bool:
    """Say whether a job is about to delete this member's account."""
    jobs = JobRun.objects.filter(kind=RELEASE_KIND, key=str(leaver_id))
    return jobs.filter(state__in=ACTIVE_STATES).exists()


def release_of(plan: HandoverPlan) -> JobRun | None:
    """Return the job that deletes the account for this plan, or tried to."""
    if plan.release_job_id is None:
        return None
    return JobRun.objects.filter(pk=plan.release_job_id).defer("error_file").first()


def deletion_date(plan: HandoverPlan, rule: HandoverPolicy | None = None) -> datetime | None:
    """Return when the account of an OA's leaver is deleted for the sake of those who stayed behind; None: not by itself.

    By the policy as it is now. Where nobody has room a deletion would leave customers without anyone: that
    is for a human.
    """
    rule = rule or policy()
    if rule.on_leave == HandoverPolicy.OnLeave.NOTHING or rule.grace_days is None:
        return None
    there = plan.mode == Plan.Mode.IN_SERVICE and plan.leaver.status == Member.Status.DISABLED
    if not there or not is_leaver(plan.leaver) or not is_of_this_leave(plan):
        return None
    states = set(plan.items.filter(state__in=HandoverItem.KEPT).values_list("state", flat=True))
    if not states or State.UNPLACED in states:
        return None
    begun = plan.confirmed_at or plan.created_at
    rested = rule.updated_at + POLICY_REST if rule.updated_at else begun
    return max(begun + timedelta(days=rule.grace_days), rested)


def leavers_due() -> QuerySet[Member]:
    """Return the OA's and the roster's leavers with customers for whom the policy has not acted since they were disabled or deleted."""
    left = Q(status=Member.Status.LEFT)
    mode = Case(When(left, then=Value(Plan.Mode.RESIGNED)), default=Value(Plan.Mode.IN_SERVICE))
    since = Case(
        When(left, then=Coalesce("left_at", "created_at")),
        default=Coalesce("written__switched_at", "created_at"),
    )
    open_plan = Q(state__in=PLAN_OPEN)
    acted = Q(mode=OuterRef("mode"), created_at__gte=OuterRef("since"))
    live = FollowRelation.objects.filter(member=OuterRef("pk"), status=FollowRelation.Status.ACTIVE)
    left_oa = Q(employee__state=Employee.State.LEFT)
    left_roster = Q(pk__in=ended_members().values("pk"))
    members = Member.objects.annotate(mode=mode, since=since).filter(
        left_oa | left_roster, status__in=GONE
    )
    plans = Plan.objects.filter(open_plan | acted, leaver=OuterRef("pk"))
    groups = CustomerGroup.objects.filter(owner=OuterRef("pk"), dismissed_at=None)
    has_any = Exists(live) | Exists(groups)
    return members.filter(has_any, ~Exists(plans)).select_related("employee")


def leavers_visible_to(scope: Scope, text: str = "") -> list[Any]:
    """Return members whose customers need a successor, most customers first; with a text, whoever matches it."""
    members = members_visible_to(scope)
    if text.strip():
        members = members_search(members, text)
    else:
        gone = Q(status__in=GONE)
        members = members.filter(gone | Q(employee__state=Employee.State.LEFT))
    open_plans = HandoverPlan.objects.filter(
        leaver=OuterRef("pk"),
        state__in=[HandoverPlan.State.DRAFT, HandoverPlan.State.RUNNING],
    )
    found = (
        with_customers(members)
        .select_related("employee")
        .annotate(plan_id=Subquery(open_plans.values("pk")[:1]))
    )
    rows = list(
        found.filter(Q(customers__gt=0) | Q(groups__gt=0)).order_by("-customers", "pk")[
            :LEAVERS_SHOWN
        ]
    )
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
    room: int | None = None


def successors_for(scope: Scope, leaver: Member, store: OrgUnit | None = None) -> list[Successor]:
    """Return who could take over: the leaver's store (or `store`) in its order, then the stores beside it, fewest customers first.

    Only members in scope who can receive customers and have room for one more.
    """
    store = store or last_store(leaver)
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
    room = {load.member_id: load.room for load in loads_of(rows)}
    return [
        Successor(
            row, stores.get(row.store_id), row.customers, row.store_id == store.pk, room[row.pk]
        )
        for row in [row for row in rows if room[row.pk] != 0][:SUCCESSORS_SHOWN]
    ]


def last_store(leaver: Member) -> OrgUnit | None:
    """Return the store a member serves or served last."""
    bindings = StoreBinding.objects.filter(member=leaver).select_related("store")
    binding = bindings.order_by(F("retired_at").desc(nulls_first=True), "-pk").first()
    return binding.store if binding else None


@dataclass(frozen=True)
class SuccessorRow:
    """How the customers of one successor in a plan stand; without a member: those for whom nobody has room."""

    member: Member | None
    counts: dict[str, int]
    # The states that occur in the plan, in their order.
    states: tuple[str, ...] = ()

    @property
    def total(self) -> int:
        """Return how many customers go to this successor."""
        return sum(self.counts.values())

    @property
    def cells(self) -> list[tuple[str, int]]:
        """Return the label and the count of each state."""
        return [(str(State(state).label), self.counts.get(state, 0)) for state in self.states]


def successor_rows(plan: HandoverPlan) -> list[SuccessorRow]:
    """Return the counts of a plan by successor and state, in two queries."""
    counted = (
        HandoverItem.objects.filter(plan=plan)
        .order_by()
        .values("successor_id", "state")
        .annotate(count=Count("pk"))
    )
    counts: dict[int | None, dict[str, int]] = {}
    for row in counted:
        counts.setdefault(row["successor_id"], {})[row["state"]] = row["count"]
    members = Member.objects.in_bulk([pk for pk in counts if pk is not None])
    found = {state for by_state in counts.values() for state in by_state}
    used = tuple(state for state in State.values if state in found)
    rows = [
        SuccessorRow(None if pk is None else members[pk], by_state, used)
        for pk, by_state in counts.items()
    ]
    return sorted(
        rows, key=lambda row: (row.member is None, -row.total, row.member.pk if row.member else 0)
    )


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


def kept_of(plan: HandoverPlan) -> QuerySet[HandoverItem]:
    """Return who stayed behind and is still the leaver's customer: they wait for the account's deletion."""
    live = FollowRelation.objects.filter(
        member=plan.leaver_id, contact=OuterRef("contact"), status=FollowRelation.Status.ACTIVE
    )
    items = HandoverItem.objects.filter(plan=plan, state__in=HandoverItem.KEPT)
    return items.filter(Exists(live))


def stopped_job_of(plan: HandoverPlan) -> JobRun | None:
    """Return the job of a hand-over under way that failed or was cancelled: nobody is asked until it is started again."""
    if plan.state != Plan.State.RUNNING or plan.job_id is None:
        return None
    stopped = JobRun.objects.filter(pk=plan.job_id, state__in=[JobState.FAILED, JobState.CANCELLED])
    return stopped.defer("error_file").first()


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
