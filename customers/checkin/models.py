"""Check-in campaigns of groups: days, points, streaks."""

import secrets
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from customers.groups.models import CustomerGroup
from customers.points.models import PointsAccount, PointsTransaction
from scrm.core.data_map import DataUse


def new_token() -> str:
    """Return an address part nobody guesses."""
    return secrets.token_urlsafe(12)


class CheckinCampaign(models.Model):
    """Customers of some groups check in once a day, from the first to the last day, both included."""

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        OPEN = "open", _("under way")
        STOPPED = "stopped", _("stopped")

    data_map: ClassVar[dict[str, DataUse]] = {}

    name = models.CharField(_("name"), max_length=60)
    words = models.CharField(_("words on the page"), max_length=200, blank=True)
    starts_on = models.DateField(_("first day"))
    ends_on = models.DateField(_("last day"))
    points = models.PositiveIntegerField(_("points a day"))
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.DRAFT)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated at"), auto_now=True)

    class Meta:
        verbose_name = _("check-in campaign")
        verbose_name_plural = _("check-in campaigns")
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on__gte=F("starts_on")), name="customers_checkincampaign_days"
            ),
            models.CheckConstraint(
                condition=Q(points__gt=0), name="customers_checkincampaign_points"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class StreakBonus(models.Model):
    """More points on the day a streak reaches so many days; again after it was broken."""

    campaign = models.ForeignKey(CheckinCampaign, models.CASCADE, related_name="bonuses")
    days = models.PositiveSmallIntegerField(_("days in a row"))
    points = models.PositiveIntegerField(_("points"))

    class Meta:
        verbose_name = _("streak bonus")
        verbose_name_plural = _("streak bonuses")
        ordering = ("days",)
        constraints = [
            models.UniqueConstraint(fields=["campaign", "days"], name="customers_streakbonus_once"),
            models.CheckConstraint(
                condition=Q(days__gt=1, points__gt=0), name="customers_streakbonus_more"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.days}: {self.points}"


class CampaignGroup(models.Model):
    """A group that takes part, and the address its customers open."""

    campaign = models.ForeignKey(CheckinCampaign, models.CASCADE, related_name="places")
    group = models.ForeignKey(CustomerGroup, models.PROTECT, related_name="places")
    token = models.CharField(_("address"), max_length=32, unique=True, default=new_token)

    class Meta:
        verbose_name = _("group of a campaign")
        verbose_name_plural = _("groups of a campaign")
        constraints = [
            models.UniqueConstraint(
                fields=["campaign", "group"], name="customers_campaigngroup_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.campaign_id} {self.group_id}"


class Checkin(models.Model):
    """One customer's check-in on one business day; `streak` counts the days in a row up to it."""

    campaign = models.ForeignKey(CheckinCampaign, models.PROTECT, related_name="checkins")
    group = models.ForeignKey(CustomerGroup, models.PROTECT, related_name="+")
    account = models.ForeignKey(PointsAccount, models.PROTECT, related_name="checkins")
    day = models.DateField(_("day"))
    streak = models.PositiveSmallIntegerField(_("days in a row"))
    points = models.PositiveIntegerField(_("points"))
    bonus = models.PositiveIntegerField(_("bonus"), default=0)
    movement = models.OneToOneField(PointsTransaction, models.PROTECT, related_name="checkin")
    made_at = models.DateTimeField(_("made at"))

    class Meta:
        verbose_name = _("check-in")
        verbose_name_plural = _("check-ins")
        constraints = [
            models.UniqueConstraint(
                fields=["campaign", "account", "day"], name="customers_checkin_once"
            ),
            models.CheckConstraint(condition=Q(streak__gte=1), name="customers_checkin_streak"),
        ]
        indexes = [
            models.Index(fields=["campaign", "day"], name="customers_checkin_day"),
            models.Index(fields=["campaign", "group"], name="customers_checkin_group"),
        ]

    def __str__(self) -> str:
        return f"{self.campaign_id} {self.account_id} {self.day}"
