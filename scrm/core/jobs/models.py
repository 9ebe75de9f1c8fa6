"""One row for every long piece of work, so that the operator sees it move."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from scrm.core.data_map import DataUse
from scrm.core.fields import EncryptedBytesField
from scrm.core.ids import uuid7


class JobState(models.TextChoices):
    """Where a job stands."""

    QUEUED = "queued", _("Queued")
    RUNNING = "running", _("Running")
    WAITING = "waiting", _("Waiting")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")


ACTIVE_STATES = (JobState.QUEUED, JobState.RUNNING, JobState.WAITING)


class JobRun(models.Model):
    """A long piece of work: how far it is, what it did, where it resumes after a crash.

    `title` is a message id (marked with gettext_noop by the caller) and is translated when shown;
    `params` and `cursor` hold ids, never personal data; `page` among the params is the address of what it works on.
    """

    State = JobState

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(_("kind"), max_length=64)
    key = models.CharField(_("key"), max_length=128, blank=True)
    title = models.CharField(_("title"), max_length=128, blank=True)
    task = models.CharField(_("task"), max_length=128)
    params = models.JSONField(_("parameters"), default=dict, blank=True)
    state = models.CharField(
        _("state"), max_length=16, choices=JobState.choices, default=JobState.QUEUED
    )
    total = models.PositiveIntegerField(_("total"), null=True, blank=True)
    processed = models.PositiveIntegerField(_("processed"), default=0)
    succeeded = models.PositiveIntegerField(_("succeeded"), default=0)
    skipped = models.PositiveIntegerField(_("skipped"), default=0)
    failed = models.PositiveIntegerField(pgettext_lazy("count", "failed"), default=0)
    message = models.TextField(_("message"), blank=True)
    waiting_for = models.TextField(_("waiting for"), blank=True)
    not_before = models.DateTimeField(_("continues at"), null=True, blank=True)
    cursor = models.JSONField(_("cursor"), null=True, blank=True)
    result = models.JSONField(_("result"), default=dict, blank=True)
    error_file = EncryptedBytesField(_("error file"), null=True, blank=True)
    error_file_name = models.CharField(_("error file name"), max_length=128, blank=True)
    cancel_requested = models.BooleanField(_("cancel requested"), default=False)
    attempts = models.PositiveSmallIntegerField(_("attempts without progress"), default=0)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("started by"),
    )
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    started_at = models.DateTimeField(_("started at"), null=True, blank=True)
    moved_at = models.DateTimeField(_("last movement"), auto_now_add=True)
    finished_at = models.DateTimeField(_("finished at"), null=True, blank=True)

    data_map: ClassVar[dict[str, DataUse]] = {
        "error_file": DataUse(
            "rows of an import that failed, to be corrected by who sent them", "contact", "7 days"
        ),
    }

    class Meta:
        verbose_name = _("job")
        verbose_name_plural = _("jobs")
        constraints = [
            # The same job cannot run twice at a time.
            models.UniqueConstraint(
                fields=["kind", "key"],
                condition=models.Q(state__in=[JobState.QUEUED, JobState.RUNNING, JobState.WAITING]),
                name="core_jobrun_one_active",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=JobState.values), name="core_jobrun_state_known"
            ),
        ]
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="core_jobrun_newest"),
            models.Index(fields=["started_by", "-created_at"], name="core_jobrun_mine"),
        ]

    def __str__(self) -> str:
        return f"{self.label} {self.short_id}"

    @property
    def label(self) -> str:
        """The title in the reader's language, else the kind."""
        return gettext(self.title) if self.title else self.kind

    @property
    def short_id(self) -> str:
        """The job number people say aloud: the last eight hexadecimal digits."""
        return self.id.hex[-8:]

    @property
    def is_active(self) -> bool:
        """Whether it may still move."""
        return self.state in ACTIVE_STATES

    @property
    def percent(self) -> int | None:
        """Share done in whole percent, None while the total is unknown."""
        if self.state == JobState.DONE:
            return 100
        if not self.total:
            return None
        return min(100, self.processed * 100 // self.total)

    @property
    def shown_value(self) -> int | None:
        """The bar's value: nothing while the total is unknown, so that the bar shows movement only."""
        return self.percent if self.percent is not None or not self.is_active else None

    @property
    def shown_max(self) -> int | None:
        """The bar's end."""
        return 100 if self.percent is not None else None

    @property
    def can_restart(self) -> bool:
        """Whether it ended before its end."""
        return self.state in {JobState.FAILED, JobState.CANCELLED}

    @property
    def rate_per_minute(self) -> int:
        """Items a minute since it started."""
        if self.started_at is None:
            return 0
        seconds = (self.moved_at - self.started_at).total_seconds()
        return round(self.processed * 60 / seconds) if seconds >= 1 else 0

    @property
    def minutes_left(self) -> int | None:
        """Minutes to the end at this rate, rounded up; None while nobody can tell."""
        rate = self.rate_per_minute
        if not self.total or not rate:
            return None
        return max(0, -(-(self.total - self.processed) // rate))
