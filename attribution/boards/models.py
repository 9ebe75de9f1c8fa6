"""Figures of a business day by guide and store: a copy that can be made again from what happened."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from contacts.directory.models import Member
from contacts.org.models import OrgUnit
from scrm.core.data_map import DataUse

COUNTS = ("adds", "losses", "sends", "views", "orders")
AMOUNTS = ("sales", "refunds")


class DayFigure(models.Model):
    """What one guide did on one business day for one store; nobody's sales have no guide.

    `refunds` is zero or positive and counts on the day of the refund, as in the ledger.
    """

    data_map: ClassVar[dict[str, DataUse]] = {}

    day = models.DateField(_("business day"))
    member = models.ForeignKey(
        Member, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("guide")
    )
    store = models.ForeignKey(
        OrgUnit, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("store")
    )
    adds = models.PositiveIntegerField(_("adds"), default=0)
    losses = models.PositiveIntegerField(_("losses"), default=0)
    sends = models.PositiveIntegerField(_("sends"), default=0)
    views = models.PositiveIntegerField(_("views"), default=0)
    orders = models.PositiveIntegerField(_("orders"), default=0)
    sales = models.DecimalField(_("sales"), max_digits=14, decimal_places=2, default=0)
    refunds = models.DecimalField(_("refunds"), max_digits=14, decimal_places=2, default=0)

    class Meta:
        verbose_name = _("figures of a day")
        verbose_name_plural = _("figures by day")
        constraints = [
            models.UniqueConstraint(
                fields=["day", "member", "store"],
                name="attribution_dayfigure_once",
                nulls_distinct=False,
            )
        ]
        indexes = [
            models.Index(fields=["member", "day"], name="attribution_dayfigure_member"),
            models.Index(fields=["store", "day"], name="attribution_dayfigure_store"),
        ]

    def __str__(self) -> str:
        """Name the day and the ids."""
        return f"{self.day} {self.member_id} {self.store_id}"


class BoardDay(models.Model):
    """A business day that was added up: when, and for the last time."""

    data_map: ClassVar[dict[str, DataUse]] = {}

    day = models.DateField(_("business day"), primary_key=True)
    computed_at = models.DateTimeField(_("added up at"))

    class Meta:
        verbose_name = _("day of the boards")
        verbose_name_plural = _("days of the boards")

    def __str__(self) -> str:
        """Name the day."""
        return str(self.day)


class LedgerMark(models.Model):
    """Up to when the roll-up has read the ledger; one row. Adding days up for another reason does not move it."""

    data_map: ClassVar[dict[str, DataUse]] = {}

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    until = models.DateTimeField(_("read until"))

    class Meta:
        verbose_name = _("reading mark of the boards")
        verbose_name_plural = _("reading marks of the boards")
        constraints = [
            models.CheckConstraint(condition=models.Q(id=1), name="attribution_ledgermark_one")
        ]

    def __str__(self) -> str:
        """Name the moment."""
        return f"{self.until:%F %T}"
