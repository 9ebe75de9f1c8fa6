"""Campaigns and check-ins: one a business day, streaks exact over midnight, points in the same transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from customers.checkin.models import CampaignGroup, Checkin, CheckinCampaign, StreakBonus
from customers.groups.models import CustomerGroup
from customers.points import ledger
from customers.points.models import PointsAccount, PointsTransaction
from scrm.core.audit import services as audit
from scrm.core.exceptions import Conflict, ValidationFailed

State = CheckinCampaign.State
MOST_DAYS = 366


@dataclass(frozen=True)
class Done:
    """A check-in, and whether this tap made it (a second one of the day finds the first)."""

    checkin: Checkin
    is_new: bool


def business_day(moment: datetime) -> date:
    """Return the day of a moment in Shanghai."""
    return timezone.localdate(moment)


def check_in(place: CampaignGroup, account: PointsAccount, *, now: datetime | None = None) -> Done:
    """Check a customer in today; a second tap of the day gives the first one.

    One tap of a customer after the other, so that two at midnight make one row of days; a server whose clock is
    still in yesterday changes nothing. Raises Conflict when the campaign is not open today.
    """
    moment = now or timezone.now()
    campaign, day = place.campaign, business_day(moment)
    _check_open(campaign, day)
    with transaction.atomic():
        PointsAccount.objects.select_for_update().get(pk=account.pk)
        mine = Checkin.objects.filter(campaign=campaign, account=account)
        newest = mine.order_by("-day").first()
        if newest is not None and newest.day >= day:
            return Done(newest, is_new=False)
        return Done(_check_in(place, account, newest, day, moment), is_new=True)


def _check_open(campaign: CheckinCampaign, day: date) -> None:
    if campaign.state != State.OPEN:
        raise Conflict(_("This activity is closed."), code="closed")
    if day < campaign.starts_on:
        raise Conflict(
            _("It begins on %(day)s.") % {"day": campaign.starts_on.isoformat()}, code="early"
        )
    if day > campaign.ends_on:
        raise Conflict(
            _("It ended on %(day)s.") % {"day": campaign.ends_on.isoformat()}, code="over"
        )


def _check_in(
    place: CampaignGroup,
    account: PointsAccount,
    newest: Checkin | None,
    day: date,
    moment: datetime,
) -> Checkin:
    campaign = place.campaign
    is_next = newest is not None and newest.day == day - timedelta(days=1)
    streak = newest.streak + 1 if newest is not None and is_next else 1
    bonus = campaign.bonuses.filter(days=streak).values_list("points", flat=True).first() or 0
    movement = ledger.move(
        key=f"checkin:{campaign.pk}:{account.pk}:{day.isoformat()}",
        kind=PointsTransaction.Kind.CHECKIN, account=account, against=PointsAccount.Kind.ISSUED,
        points=campaign.points + bonus, note=campaign.name, at=moment,
    )  # fmt: skip
    return Checkin.objects.create(
        campaign=campaign, group=place.group, account=account, day=day, streak=streak,
        points=campaign.points, bonus=bonus, movement=movement, made_at=moment,
    )  # fmt: skip


# --- campaigns -----------------------------------------------------------------------------------------------


@transaction.atomic
def campaign_save(
    campaign: CheckinCampaign | None,
    values: dict[str, Any],
    *,
    groups: Sequence[CustomerGroup],
    bonuses: Sequence[tuple[int, int]],
    actor: Any,
) -> CheckinCampaign:
    """Make or change a campaign; bonuses are (days in a row, points). Raises ValidationFailed.

    A group that was taken out keeps its check-ins and is led to the campaign's end; its address dies.
    """
    if not groups:
        raise ValidationFailed(_("Choose at least one group."), field="groups")
    if (values["ends_on"] - values["starts_on"]).days >= MOST_DAYS:
        raise ValidationFailed(_("At most a year."), field="ends_on")
    made = campaign or CheckinCampaign()
    before = _told(made) if campaign else None
    for name in ("name", "words", "starts_on", "ends_on", "points"):
        setattr(made, name, values[name])
    made.save()
    made.bonuses.all().delete()
    StreakBonus.objects.bulk_create(
        StreakBonus(campaign=made, days=days, points=points) for days, points in bonuses
    )
    made.places.exclude(group__in=groups).delete()
    there = set(made.places.values_list("group_id", flat=True))
    CampaignGroup.objects.bulk_create(
        CampaignGroup(campaign=made, group=group) for group in groups if group.pk not in there
    )
    audit.record(
        actor=actor, action="checkin.save", target=f"checkin_campaign:{made.pk}",
        before=before, after=_told(made),
    )  # fmt: skip
    return made


@transaction.atomic
def campaign_state(campaign: CheckinCampaign, state: str, *, actor: Any) -> None:
    """Open or stop a campaign; ValidationFailed for another state."""
    if state not in {State.OPEN, State.STOPPED}:
        raise ValidationFailed(_("There is no such state."))
    before = campaign.state
    CheckinCampaign.objects.filter(pk=campaign.pk).update(state=state)
    audit.record(
        actor=actor, action="checkin.state", target=f"checkin_campaign:{campaign.pk}",
        before={"state": before}, after={"state": state},
    )  # fmt: skip


def _told(campaign: CheckinCampaign) -> dict[str, Any]:
    return {
        "name": campaign.name,
        "starts_on": str(campaign.starts_on),
        "ends_on": str(campaign.ends_on),
        "points": campaign.points,
        "groups": campaign.places.count(),
    }
