"""How facts arrive that nobody sends by API: files, and systems that we ask."""

from datetime import datetime, time, timedelta
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from scrm.core.data_map import DataUse
from scrm.core.feeds.times import next_reading
from scrm.core.fields import EncryptedBytesField, EncryptedTextField
from scrm.core.ids import uuid7


class FactKind(models.TextChoices):
    """What a file or a source holds."""

    MEMBERS = "members", _("CRM members")
    GOODS = "goods", _("goods")
    STOCK = "stock", _("store stock")
    ORDERS = "orders", _("orders")
    REFUNDS = "refunds", _("refunds")
    ASSETS = "assets", _("assets")
    TAGS = "tags", _("tags of members")
    SERVICES = "services", _("services received")


class PullSource(models.Model):
    """A system with a REST interface that is asked for one kind of facts; its host stands in the environment.

    `options` is what the feed needs without its secret (scrm/core/feeds/rest.py), `mapping` our field → the
    path in a record. `read_from` is when the last whole reading began: the next one asks for what changed
    since, where the system can tell (`since_param`) and all of that reading was imported.
    """

    class Rhythm(models.TextChoices):
        OFF = "off", _("only by hand")
        QUARTER = "quarter", _("every 15 minutes")
        HOURLY = "hourly", _("every hour")
        DAILY = "daily", _("once a day")

    STEPS: ClassVar[dict[str, timedelta]] = {
        Rhythm.QUARTER: timedelta(minutes=15),
        Rhythm.HOURLY: timedelta(hours=1),
    }

    data_map: ClassVar[dict[str, DataUse]] = {
        "secret": DataUse("log in to the source", "secret", "until replaced or removed"),
    }

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(_("name"), max_length=64, unique=True)
    kind = models.CharField(_("kind"), max_length=8, choices=FactKind)
    options = models.JSONField(_("settings"), default=dict)
    secret = EncryptedTextField[str, str](_("secret"), default="", blank=True)
    mapping = models.JSONField(_("mapping"), default=dict, blank=True)
    lines_path = models.CharField(_("path of the lines"), max_length=200, blank=True)
    since_param = models.CharField(_("parameter of “changed since”"), max_length=64, blank=True)
    rhythm = models.CharField(_("is read"), max_length=8, choices=Rhythm, default=Rhythm.OFF)
    daily_at = models.TimeField(_("at"), default=time(3))
    next_read_at = models.DateTimeField(_("next reading"), null=True, blank=True)
    read_from = models.DateTimeField(_("last reading"), null=True, blank=True)
    last_records = models.PositiveIntegerField(_("records of the last reading"), default=0)
    last_mark = models.CharField(_("mark of the content"), max_length=64, blank=True)
    last_problem = models.TextField(_("what went wrong"), blank=True)
    updated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated at"), auto_now=True)

    class Meta:
        verbose_name = _("CRM source")
        verbose_name_plural = _("CRM sources")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(rhythm="off", next_read_at=None)
                | models.Q(~models.Q(rhythm="off"), next_read_at__isnull=False),
                name="customers_pullsource_next_when_scheduled",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def next_after(self, now: datetime) -> datetime | None:
        """Return when it is read next, by the clock of this installation; None where only by hand."""
        if self.rhythm == self.Rhythm.OFF:
            return None
        return next_reading(now, step=self.STEPS.get(self.rhythm), daily_at=self.daily_at)


class FactFile(models.Model):
    """A file of facts as it was sent in or read from a source; its bytes go as soon as the job is done."""

    data_map: ClassVar[dict[str, DataUse]] = {
        "filename": DataUse("show what was imported", "staff", "1 year"),
        "content": DataUse("read the rows once", "identity", "until the job ends, at most 1 day"),
    }

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(_("kind"), max_length=8, choices=FactKind)
    filename = models.CharField(_("file"), max_length=200)
    content = EncryptedBytesField(_("content"), null=True, blank=True)
    source = models.ForeignKey(
        PullSource, models.CASCADE, null=True, blank=True, related_name="files"
    )
    job_id = models.UUIDField(_("job"), null=True, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        verbose_name = _("file of facts")
        verbose_name_plural = _("files of facts")

    def __str__(self) -> str:
        return self.filename
