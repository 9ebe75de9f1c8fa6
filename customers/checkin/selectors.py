"""Reads of check-ins: headquarters by scope, a customer by the address of a group."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import Count, Exists, Max, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from customers.checkin.models import CampaignGroup, Checkin, CheckinCampaign
from customers.groups.models import CustomerGroup
from customers.groups.selectors import groups_visible_to, living
from customers.points.models import PointsAccount
from customers.points.selectors import shown_name
from customers.relations.showing import mask_name
from scrm.core.scope import Scope

LEADERS = 10
MOST_GROUPS = 500


def campaigns_visible_to(scope: Scope) -> QuerySet[CheckinCampaign]:
    """Return the campaigns with at least one group in scope."""
    if scope.everything:
        return CheckinCampaign.objects.all()
    seen = CampaignGroup.objects.filter(
        campaign=OuterRef("pk"), group__in=groups_visible_to(scope).values("pk")
    )
    return CheckinCampaign.objects.filter(Exists(seen))


def checkins_visible_to(scope: Scope) -> QuerySet[Checkin]:
    """Return the check-ins made in groups in scope."""
    if scope.everything:
        return Checkin.objects.all()
    return Checkin.objects.filter(group__in=groups_visible_to(scope).values("pk"))


def with_figures(scope: Scope, rows: QuerySet[CheckinCampaign]) -> QuerySet[Any]:
    """Add how many customers took part in groups in scope, and how often."""
    made = checkins_visible_to(scope).filter(campaign=OuterRef("pk")).order_by().values("campaign")
    return rows.annotate(
        people=Coalesce(Subquery(made.annotate(n=Count("account", distinct=True)).values("n")), 0),
        times=Coalesce(Subquery(made.annotate(n=Count("pk")).values("n")), 0),
    )


def places_of(scope: Scope, campaign: CheckinCampaign) -> list[Any]:
    """Return the campaign's groups in scope with customers, who took part, how often, and the share."""
    made = Checkin.objects.filter(campaign=campaign, group=OuterRef("group")).order_by()
    rows = (
        CampaignGroup.objects.filter(campaign=campaign)
        .filter(group__in=groups_visible_to(scope).values("pk"))
        .select_related("group__owner")
        .annotate(
            people=Coalesce(
                Subquery(
                    made.values("group").annotate(n=Count("account", distinct=True)).values("n")
                ),
                0,
            ),
            times=Coalesce(Subquery(made.values("group").annotate(n=Count("pk")).values("n")), 0),
        )
        .order_by("-times", "pk")
    )
    return list(rows)


def days_of(scope: Scope, campaign: CheckinCampaign) -> list[dict[str, Any]]:
    """Return check-ins and points by day in groups in scope, the newest first."""
    rows = checkins_visible_to(scope).filter(campaign=campaign).order_by().values("day")
    summed = rows.annotate(people=Count("pk"), given=Sum("points") + Sum("bonus"))
    return [dict(row) for row in summed.order_by("-day")]


@dataclass(frozen=True)
class Totals:
    """What a campaign did in groups in scope."""

    people: int
    times: int
    points: int
    longest: int


def totals_of(scope: Scope, campaign: CheckinCampaign) -> Totals:
    """Return the sums of a campaign."""
    found = (
        checkins_visible_to(scope)
        .filter(campaign=campaign)
        .aggregate(
            people=Count("account", distinct=True),
            times=Count("pk"),
            points=Sum("points", default=0) + Sum("bonus", default=0),
            longest=Max("streak", default=0),
        )
    )
    return Totals(**found)


def rows_for_export(scope: Scope, campaign: CheckinCampaign) -> QuerySet[Checkin]:
    """Return the check-ins of a campaign in scope for a file, oldest first."""
    rows = checkins_visible_to(scope).filter(campaign=campaign)
    return rows.select_related("account", "group").order_by("day", "pk")


def export_name(scope: Scope, account: PointsAccount) -> str:
    """Return a name as a file shows it: masked where the scope sees it so."""
    return shown_name(scope, account)


def choosable(scope: Scope) -> QuerySet[CustomerGroup]:
    """Return the groups somebody may put into a campaign."""
    return living(groups_visible_to(scope)).select_related("owner").order_by("name", "pk")


# --- a customer's view ---------------------------------------------------------------------------------------


def place_by_token(token: str) -> CampaignGroup | None:
    """Return the group of a campaign an address names."""
    rows = CampaignGroup.objects.select_related("campaign", "group")
    return rows.exclude(campaign__state=CheckinCampaign.State.DRAFT).filter(token=token).first()


@dataclass(frozen=True)
class Standing:
    """How a customer stands in a campaign today; a streak that was not kept yesterday is over."""

    today: Checkin | None
    streak: int
    total: int
    next_days: int
    next_points: int


def standing_of(campaign: CheckinCampaign, account: PointsAccount | None, day: date) -> Standing:
    """Return a customer's streak as of a day, and the next bonus it leads to."""
    mine = Checkin.objects.filter(campaign=campaign, account=account) if account else None
    newest = mine.filter(day__lte=day).order_by("-day").first() if mine is not None else None
    alive = newest is not None and newest.day >= day - timedelta(days=1)
    streak = newest.streak if alive and newest else 0
    bonus = campaign.bonuses.filter(days__gt=streak).order_by("days").first()
    return Standing(
        today=newest if newest and newest.day == day else None,
        streak=streak,
        total=mine.count() if mine is not None else 0,
        next_days=bonus.days - streak if bonus else 0,
        next_points=bonus.points if bonus else 0,
    )


@dataclass(frozen=True)
class Leader:
    """A line of the board: a masked name, never an id."""

    place: int
    name: str
    days: int
    is_me: bool


def leaders_of(place: CampaignGroup, account: PointsAccount | None) -> list[Leader]:
    """Return who of this group checked in most often, and the asking customer's own place."""
    rows = (
        Checkin.objects.filter(campaign=place.campaign, group=place.group)
        .order_by()
        .values("account", "account__name")
        .annotate(days=Count("pk"), last=Max("made_at"))
        .order_by("-days", "last", "account")
    )
    ranked = [
        Leader(number, mask_name(row["account__name"]) or "***", row["days"], account is not None and row["account"] == account.pk)
        for number, row in enumerate(rows[: MOST_GROUPS * 4], start=1)
    ]  # fmt: skip
    shown = ranked[:LEADERS]
    mine = next((line for line in ranked[LEADERS:] if line.is_me), None)
    return [*shown, mine] if mine else shown


def campaigns_of_groups(groups: QuerySet[CustomerGroup], day: date) -> QuerySet[CampaignGroup]:
    """Return the addresses of what is open in these groups on a day."""
    rows = CampaignGroup.objects.filter(
        group__in=groups.values("pk"),
        campaign__starts_on__lte=day,
        campaign__ends_on__gte=day,
        campaign__state=CheckinCampaign.State.OPEN,
    )
    return rows.select_related("campaign", "group").order_by("group__name", "pk")
