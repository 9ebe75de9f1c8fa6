"""How full an account is; WeCom tells no limit, so ours are settings (product.md R1)."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from contacts.directory.models import Member


class MemberLimit(models.Model):
    """What holds for one member instead of the settings; NULL means: as in the settings."""

    member = models.OneToOneField(Member, models.CASCADE, related_name="capacity_limit")
    limit = models.PositiveIntegerField(_("limit"), null=True, blank=True)
    swap_percent = models.PositiveSmallIntegerField(_("off the codes at"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=200)
    updated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    updated_at = models.DateTimeField(_("updated at"), auto_now=True)

    class Meta:
        verbose_name = _("limit of a member")
        verbose_name_plural = _("limits of members")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(limit=None) | models.Q(limit__gte=1),
                name="risk_memberlimit_at_least_one",
            ),
            models.CheckConstraint(
                condition=models.Q(swap_percent=None) | models.Q(swap_percent__range=(1, 100)),
                name="risk_memberlimit_swap_is_percent",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.member_id} {self.limit}"


class Capacity(models.Model):
    """The last count of one member: `level` is the last one alerted, `is_full` takes her off the codes."""

    member = models.OneToOneField(Member, models.CASCADE, related_name="capacity")
    used = models.PositiveIntegerField(_("customers"), default=0)
    limit = models.PositiveIntegerField(_("limit"), default=1)
    permille = models.PositiveIntegerField(_("usage"), default=0)
    level = models.PositiveSmallIntegerField(_("level"), default=0)
    is_full = models.BooleanField(_("full"), default=False)
    recent_adds = models.PositiveIntegerField(_("adds in 14 days"), default=0)
    days_left = models.PositiveIntegerField(_("days to full"), null=True, blank=True)
    counted_at = models.DateTimeField(_("counted at"), auto_now=True)

    class Meta:
        verbose_name = _("capacity")
        verbose_name_plural = _("capacities")
        indexes = [
            models.Index(fields=["-permille", "-id"], name="risk_capacity_fullest"),
            models.Index(
                fields=["member"], condition=models.Q(is_full=True), name="risk_capacity_full"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.member_id} {self.used}/{self.limit}"

    @property
    def percent(self) -> float:
        """Return the usage in percent, one decimal."""
        return self.permille / 10

    @property
    def tone(self) -> str:
        """Return the colour class of the usage."""
        if self.is_full or self.permille >= 950:
            return "bad"
        return "warn" if self.level else "ok"
