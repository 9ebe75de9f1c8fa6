"""Reads of groups; every list starts from what the scope may see: by the owner's place."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone

from contacts.directory.models import Member
from contacts.directory.selectors import path_filter
from customers.groups.models import (
    CustomerGroup,
    GroupDay,
    GroupMember,
    GroupTag,
    GroupWelcome,
    GroupWelcomeFile,
)
from customers.relations.showing import mask_name
from scrm.core.jobs.models import JobRun
from scrm.core.scope import Scope

DAYS_SHOWN = 14
FIGURES = (
    "new_chat_cnt", "chat_total", "chat_has_msg", "new_member_cnt", "member_total", "member_has_msg", "msg_total",
)  # fmt: skip


def groups_visible_to(scope: Scope) -> QuerySet[CustomerGroup]:
    """Return the groups a scope may see: all, those whose owner's place it reaches, or those one is in."""
    if scope.everything:
        return CustomerGroup.objects.all()
    if scope.own_only:
        if not scope.userid:
            return CustomerGroup.objects.none()
        within = GroupMember.objects.filter(
            group=OuterRef("pk"), member__userid=scope.userid, left_at=None
        )
        return CustomerGroup.objects.filter(Q(owner__userid=scope.userid) | Exists(within))
    return CustomerGroup.objects.filter(path_filter("owner__org_path", scope.org_paths))


def living(groups: QuerySet[CustomerGroup]) -> QuerySet[CustomerGroup]:
    """Return those that were not dismissed."""
    return groups.filter(dismissed_at=None)


def stays_visible_to(scope: Scope) -> QuerySet[GroupMember]:
    """Return who is and was in the groups a scope sees."""
    if scope.everything:
        return GroupMember.objects.all()
    return GroupMember.objects.filter(group__in=groups_visible_to(scope).values("pk"))


@dataclass(frozen=True)
class GroupCounts:
    """What the head of the list says; a customer in two groups is one customer and two places."""

    groups: int
    places: int
    customers: int
    owner_left: int
    joined: int
    left: int


def group_counts(scope: Scope) -> GroupCounts:
    """Return the figures of the list's head; joined and left are yesterday's."""
    rows = living(groups_visible_to(scope))
    sums = rows.aggregate(
        groups=Count("pk"),
        places=Sum("customers_count", default=0),
        owner_left=Count("pk", filter=Q(status=CustomerGroup.Status.OWNER_LEFT)),
    )
    here = stays_visible_to(scope).filter(kind=GroupMember.Kind.CUSTOMER, left_at=None)
    yesterday = timezone.localdate() - timedelta(days=1)
    moves = {row.day: row for row in daily_moves(stays_visible_to(scope), yesterday, yesterday)}
    return GroupCounts(
        groups=sums["groups"],
        places=sums["places"],
        customers=here.aggregate(n=Count("userid", distinct=True))["n"],
        owner_left=sums["owner_left"],
        joined=moves[yesterday].joined,
        left=moves[yesterday].left,
    )


@dataclass(frozen=True)
class DayMoves:
    """How many customers came into groups on a business day, and how many went."""

    day: date
    joined: int
    left: int

    @property
    def net(self) -> int:
        """How many more there were in the evening."""
        return self.joined - self.left


def daily_moves(stays: QuerySet[GroupMember], first: date, last: date) -> list[DayMoves]:
    """Count joins and leaves of customers by business day, the newest first; who came and went counts in both."""
    customers = stays.filter(kind=GroupMember.Kind.CUSTOMER)
    joined = _by_day(customers, "join_time", first, last)
    left = _by_day(customers, "left_at", first, last)
    days = [last - timedelta(days=back) for back in range((last - first).days + 1)]
    return [DayMoves(day, joined.get(day, 0), left.get(day, 0)) for day in days]


def _by_day(stays: QuerySet[GroupMember], moment: str, first: date, last: date) -> dict[date, int]:
    begin = timezone.make_aware(datetime.combine(first, time()))
    end = timezone.make_aware(datetime.combine(last + timedelta(days=1), time()))
    rows = (
        stays.filter(**{f"{moment}__gte": begin, f"{moment}__lt": end})
        .order_by()
        .values(on=TruncDate(moment))
        .annotate(n=Count("pk"))
    )
    return {row["on"]: row["n"] for row in rows}


def ways_of(group: CustomerGroup) -> list[tuple[str, int]]:
    """Return how those customers came in who are in the group, the most frequent way first."""
    rows = (
        group.stays.filter(kind=GroupMember.Kind.CUSTOMER, left_at=None)
        .order_by()
        .values("join_scene")
        .annotate(n=Count("pk"))
    )
    words = dict(GroupMember.Scene.choices)
    found = [(str(words[row["join_scene"]]), int(row["n"])) for row in rows]
    return sorted(found, key=lambda pair: -pair[1])


def stays_of(scope: Scope, group: CustomerGroup) -> QuerySet[Any]:
    """Return who is and was in a group, with who invited and in how many groups in scope they are."""
    inviter = Member.objects.filter(userid=OuterRef("invitor_userid"))
    return (
        GroupMember.objects.filter(group=group)
        .select_related("member", "contact")
        .annotate(
            invitor_name=Subquery(inviter.values("name")[:1]),
            places=_places(scope, OuterRef("userid")),
        )
    )


def _places(scope: Scope, userid: Any) -> Subquery:
    here = stays_visible_to(scope).filter(
        userid=userid, kind=GroupMember.Kind.CUSTOMER, left_at=None
    )
    return Subquery(here.order_by().values("userid").annotate(n=Count("pk")).values("n")[:1])


def duplicates(scope: Scope) -> QuerySet[Any]:
    """Return the customers who are in several groups in scope, one row each, with how many (`places`)."""
    here = stays_visible_to(scope).filter(kind=GroupMember.Kind.CUSTOMER, left_at=None)
    others = here.filter(userid=OuterRef("userid"))
    return (
        here.filter(
            Exists(others.filter(pk__gt=OuterRef("pk"))),
            ~Exists(others.filter(pk__lt=OuterRef("pk"))),
        )
        .select_related("contact")
        .annotate(places=_places(scope, OuterRef("userid")))
    )


def groups_of_customers(scope: Scope, userids: list[str]) -> dict[str, list[CustomerGroup]]:
    """Return the living groups in scope each of these customers is in, in one query."""
    rows = (
        stays_visible_to(scope)
        .filter(userid__in=userids, kind=GroupMember.Kind.CUSTOMER, left_at=None)
        .select_related("group")
        .order_by("join_time")
    )
    found: dict[str, list[CustomerGroup]] = {}
    for stay in rows:
        found.setdefault(stay.userid, []).append(stay.group)
    return found


def shown_name(scope: Scope, stay: GroupMember) -> str:
    """Return what somebody in a group is called here: members in full, customers as the scope sees names."""
    if stay.kind == GroupMember.Kind.STAFF:
        return (stay.member.name if stay.member else "") or stay.name or stay.userid
    name = stay.name or (stay.contact.name if stay.contact else "")
    return mask_name(name) if scope.masked("name") else name


# --- WeCom's figures -----------------------------------------------------------------------------------------


def days_visible_to(scope: Scope) -> QuerySet[GroupDay]:
    """Return WeCom's figures of the owners a scope reaches."""
    if scope.everything:
        return GroupDay.objects.all()
    if scope.own_only:
        own = GroupDay.objects.filter(owner__userid=scope.userid)
        return own if scope.userid else own.none()
    return GroupDay.objects.filter(path_filter("owner__org_path", scope.org_paths))


def figures_by_day(scope: Scope, first: date, last: date) -> list[dict[str, Any]]:
    """Return WeCom's figures of all owners in scope together, day by day, the newest first."""
    rows = days_visible_to(scope).filter(day__range=(first, last)).order_by()
    summed = rows.values("day").annotate(**{name: Sum(name) for name in FIGURES})
    return [dict(row) for row in summed.order_by("-day")]


def figures_by_owner(
    scope: Scope, first: date, last: date, most: int = 100
) -> list[dict[str, Any]]:
    """Return what was new and said by owner over the days; totals are those of the newest day."""
    rows = days_visible_to(scope).filter(day__range=(first, last)).order_by()
    summed = (
        rows.values("owner_userid", name=F("owner__name"))
        .annotate(
            new_chats=Sum("new_chat_cnt"),
            new_members=Sum("new_member_cnt"),
            messages=Sum("msg_total"),
        )
        .order_by("-new_members", "owner_userid")[:most]
    )
    found: list[dict[str, Any]] = [dict(row) for row in summed]
    totals = days_visible_to(scope).filter(day__range=(first, last))
    newest = {
        row.owner_userid: row
        for row in totals.filter(owner_userid__in=[one["owner_userid"] for one in found])
        .order_by("owner_userid", "-day")
        .distinct("owner_userid")
    }
    for one in found:
        one["newest"] = newest.get(one["owner_userid"])
    return found


# --- small things of the pages -------------------------------------------------------------------------------


def last_sync() -> JobRun | None:
    """Return the newest full read of the groups."""
    return JobRun.objects.filter(kind="groups_sync").order_by("-created_at").first()


def tags_all() -> QuerySet[GroupTag]:
    """Return our tags of groups; they are no personal data."""
    return GroupTag.objects.order_by("name")


def welcomes_all() -> QuerySet[Any]:
    """Return the templates that exist, with how many groups are noted to use each."""
    rows = GroupWelcome.objects.filter(deleted_at=None)
    return rows.annotate(used=Count("groups", filter=Q(groups__dismissed_at=None), distinct=True))


def welcome_values(welcome: GroupWelcome | None) -> dict[str, Any]:
    """Return what the form of a template begins with."""
    names = ("title", "text", "kind", "link_title", "link_text", "link_url", "appid", "page")
    return {name: getattr(welcome, name) for name in names} if welcome is not None else {}


def welcome_file(welcome: GroupWelcome) -> str:
    """Return the name of the file a template has, "" for none; its bytes stay where they are."""
    rows = GroupWelcomeFile.objects.filter(welcome=welcome)
    return rows.values_list("name", flat=True).first() or ""
