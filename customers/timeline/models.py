"""The timeline of identity records."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from customers.relations.models import RecordChange
from scrm.core.data_map import DataUse
from scrm.core.ids import uuid7

RecordKind = RecordChange.Kind

# Facts of which the member system knows the day alone.
KNOWN_BY_DAY = frozenset({"member.joined"})


class TimelineEntry(models.Model):
    """One fact about one identity record; append-only, once per `key`, whatever order facts come in.

    Facts hang on the record (external contact or CRM member), never on the person, so that un-merge is
    exact. `title_code` names the words (`timeline/words.py`), `data` holds what they need.
    """

    data_map: ClassVar[dict[str, DataUse]] = {
        "data": DataUse(
            "show what happened to a customer", "behaviour", "while a customer + 2 years"
        ),
        "actor_userid": DataUse("show which guide it was", "staff", "2 years"),
    }

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    record_kind = models.CharField(_("record kind"), max_length=8, choices=RecordKind)
    record_id = models.UUIDField(_("record"))
    kind = models.CharField(_("kind"), max_length=32)
    occurred_at = models.DateTimeField(_("occurred at"))
    title_code = models.CharField(_("title"), max_length=64)
    data = models.JSONField(_("data"), default=dict)
    actor_userid = models.CharField(_("guide"), max_length=64, blank=True)
    key = models.CharField(_("key"), max_length=200, unique=True)
    recorded_at = models.DateTimeField(_("recorded at"), auto_now_add=True)

    class Meta:
        verbose_name = _("timeline entry")
        verbose_name_plural = _("timeline entries")
        indexes = [
            models.Index(
                fields=["record_id", "-occurred_at", "-id"], name="customers_timeline_record"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.record_kind} {self.kind} {self.occurred_at:%F %T}"

    @property
    def is_day(self) -> bool:
        """Return whether only the day of this fact is known."""
        return self.kind in KNOWN_BY_DAY
