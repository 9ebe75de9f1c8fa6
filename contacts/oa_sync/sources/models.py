"""A connected OA: where it is, how its fields map, when it is read, and how that went last."""

from datetime import datetime, time, timedelta
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from contacts.oa_sync.models import OaRun
from contacts.oa_sync.sources.mapping import FieldMapping
from scrm.core.data_map import DataUse
from scrm.core.feeds.times import next_reading
from scrm.core.fields import EncryptedTextField
from scrm.core.ids import uuid7


class OaConnector(models.Model):
    """One OA that is read by itself or at a button; its host, DSN or folder stands in the environment."""

    class Kind(models.TextChoices):
        REST = "rest", _("REST interface")
        SQL = "sql", _("database views")
        LDAP = "ldap", _("LDAP or Active Directory")
        FOLDER = "folder", _("drop folder")
        # Made by the first upload with unknown columns; only one, never read by the clock.
        UPLOAD = "upload", _("uploaded files")

    class Rhythm(models.TextChoices):
        OFF = "off", _("only by hand")
        HOURLY = "hourly", _("every hour")
        SIX_HOURS = "six_hours", _("every six hours")
        DAILY = "daily", _("once a day")

    STEPS: ClassVar[dict[str, timedelta]] = {
        Rhythm.HOURLY: timedelta(hours=1),
        Rhythm.SIX_HOURS: timedelta(hours=6),
    }

    data_map: ClassVar[dict[str, DataUse]] = {
        "secret": DataUse("log in to the OA", "secret", "until replaced or removed"),
    }

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(_("name"), max_length=64, unique=True)
    kind = models.CharField(_("kind"), max_length=8, choices=Kind)
    # What the feed of this kind needs, without its secret (contacts/oa_sync/sources/feeds.py).
    options = models.JSONField(_("settings"), default=dict)
    secret = EncryptedTextField[str, str](_("secret"), default="", blank=True)
    # {"paths": {role: {field: path}}, "words": {role: {field: {word: value}}}}
    mapping = models.JSONField(_("mapping"), default=dict, blank=True)
    rhythm = models.CharField(_("is read"), max_length=12, choices=Rhythm, default=Rhythm.OFF)
    daily_at = models.TimeField(_("at"), default=time(3))
    next_read_at = models.DateTimeField(_("next reading"), null=True, blank=True)
    last_read_at = models.DateTimeField(_("last reading"), null=True, blank=True)
    last_problem = models.TextField(_("what went wrong"), blank=True)
    # SHA-256 of everything the last reading gave.
    last_mark = models.CharField(_("mark of the content"), max_length=64, blank=True)
    last_run = models.ForeignKey(
        OaRun, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("last run")
    )
    tested_at = models.DateTimeField(_("tested at"), null=True, blank=True)
    test_problem = models.TextField(_("what the test found"), blank=True)
    updated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated at"), auto_now=True)

    class Meta:
        verbose_name = _("OA source")
        verbose_name_plural = _("OA sources")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind__in=("rest", "sql", "ldap", "folder", "upload")),
                name="contacts_oaconnector_kind_known",
            ),
            models.UniqueConstraint(
                fields=["kind"],
                condition=models.Q(kind="upload"),
                name="contacts_oaconnector_one_upload",
            ),
            models.CheckConstraint(
                condition=models.Q(rhythm="off", next_read_at=None)
                | models.Q(rhythm__in=("hourly", "six_hours", "daily"), next_read_at__isnull=False),
                name="contacts_oaconnector_next_when_scheduled",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def field_mapping(self) -> FieldMapping:
        """Return which path holds which field."""
        return FieldMapping.stored(self.mapping)

    def next_after(self, now: datetime) -> datetime | None:
        """Return when it is read next, by the clock of this installation; None where only by hand."""
        if self.rhythm == self.Rhythm.OFF:
            return None
        return next_reading(now, step=self.STEPS.get(self.rhythm), daily_at=self.daily_at)
