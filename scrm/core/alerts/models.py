"""What needs a person's attention, and where it is told."""

from typing import ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from scrm.core.data_map import DataUse
from scrm.core.fields import EncryptedTextField
from scrm.core.ids import uuid7


class AlertLevel(models.TextChoices):
    """How urgent it is."""

    INFO = "info", _("Notice")
    WARNING = "warning", _("Warning")
    CRITICAL = "critical", _("Critical")


LEVEL_ORDER = {AlertLevel.INFO: 0, AlertLevel.WARNING: 1, AlertLevel.CRITICAL: 2}


class Alert(models.Model):
    """One thing that needs attention; repeats within the window raise `count` instead of a new row."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(_("kind"), max_length=64)
    key = models.CharField(_("key"), max_length=200)
    level = models.CharField(_("level"), max_length=16, choices=AlertLevel.choices)
    title = models.CharField(_("title"), max_length=200)
    text = models.TextField(_("text"))
    # Title and text by language, where whoever raised it could say it in each.
    words = models.JSONField(_("text by language"), default=dict, blank=True)
    count = models.PositiveIntegerField(_("times"), default=1)
    raised_at = models.DateTimeField(_("first time"), default=timezone.now)
    last_at = models.DateTimeField(_("last time"), default=timezone.now)

    data_map: ClassVar[dict[str, DataUse]] = {
        "text": DataUse(
            "tell operators which account or system needs attention", "staff", "180 days"
        ),
        "words": DataUse(
            "tell operators which account or system needs attention", "staff", "180 days"
        ),
    }

    class Meta:
        verbose_name = _("alert")
        verbose_name_plural = _("alerts")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(level__in=AlertLevel.values), name="core_alert_level_known"
            )
        ]
        indexes = [
            models.Index(fields=["-raised_at", "-id"], name="core_alert_newest"),
            models.Index(fields=["kind", "key", "-raised_at"], name="core_alert_by_key"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def said_title(self) -> str:
        """Return the title in the reader's language, else as it was raised."""
        return self._said().get("title") or self.title

    @property
    def said_text(self) -> str:
        """Return the text in the reader's language, else as it was raised."""
        return self._said().get("text") or self.text

    def _said(self) -> dict[str, str]:
        return dict(self.words.get(get_language() or "", {}))


class AlertChannel(models.Model):
    """Where alerts are told; the address is a secret: who has it can write to the group."""

    class Kind(models.TextChoices):
        """What kind of receiver it is."""

        WECOM_ROBOT = "wecom_robot", _("WeCom group robot")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(_("name"), max_length=64, unique=True)
    kind = models.CharField(
        _("kind"), max_length=16, choices=Kind.choices, default=Kind.WECOM_ROBOT
    )
    url = EncryptedTextField(_("webhook address"))
    level = models.CharField(
        _("from level"), max_length=16, choices=AlertLevel.choices, default=AlertLevel.WARNING
    )
    is_active = models.BooleanField(_("in use"), default=True)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    data_map: ClassVar[dict[str, DataUse]] = {
        "url": DataUse("send alerts to a group robot", "secret", "until deleted"),
    }

    class Meta:
        verbose_name = _("alert channel")
        verbose_name_plural = _("alert channels")

    def __str__(self) -> str:
        return self.name
