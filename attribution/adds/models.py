"""Add episodes: one making of a follow relation, counted once whatever events told of it."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from attribution.live_codes.models import LiveCode
from scrm.core.data_map import DataUse


class AddEpisode(models.Model):
    """From an addition to the next deletion; recomputed from all events of the pair, never patched."""

    data_map: ClassVar[dict[str, DataUse]] = {
        "userid": DataUse("whose live code brought the customer", "staff", "2 years"),
        "external_userid": DataUse(
            "count every add once", "identity", "while a customer + 2 years"
        ),
    }

    userid = models.CharField(_("userid"), max_length=64)
    external_userid = models.CharField(_("external userid"), max_length=64)
    started_at = models.DateTimeField(_("added at"))
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)
    confirmed_at = models.DateTimeField(_("confirmed at"), null=True, blank=True)
    # A hand-over inside the company is neither a loss of the one nor a new customer of the other.
    handed_on = models.BooleanField(_("ended by a hand-over"), default=False, db_default=False)
    taken_over = models.BooleanField(_("began by a hand-over"), default=False, db_default=False)
    state = models.CharField(_("source"), max_length=64, blank=True)
    live_code = models.ForeignKey(
        LiveCode, models.SET_NULL, null=True, blank=True, related_name="episodes"
    )

    class Meta:
        verbose_name = _("add")
        verbose_name_plural = _("adds")
        constraints = [
            models.UniqueConstraint(
                fields=["external_userid", "userid", "started_at"], name="attribution_episode_once"
            ),
        ]
        indexes = [
            models.Index(fields=["-started_at", "-id"], name="attribution_episode_newest"),
            models.Index(fields=["live_code", "started_at"], name="attribution_episode_code"),
            models.Index(fields=["userid", "started_at"], name="attribution_episode_member"),
            models.Index(
                fields=["ended_at"],
                condition=models.Q(ended_at__isnull=False),
                name="attribution_episode_ended",
            ),
        ]

    def __str__(self) -> str:
        """Name the row without a person."""
        return f"{self.pk} {self.started_at:%F %T}"
