"""Callbacks as they arrived, which handlers applied them, and the workers that do it."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from scrm.core.data_map import DataUse
from scrm.inbox.payload import PayloadField


class InboxEvent(models.Model):
    """One callback; the table is the queue.

    A waiting event may be claimed from `due_at` on. A claim writes a `lease_token` and moves
    `due_at` to the end of the lease, so that the events of a killed worker come back by themselves.
    Routing fields are in clear and hold no personal data; everything else is in the payload.
    """

    class Lane(models.TextChoices):
        """Who waits for whom: a welcome code lives 20 seconds, a directory change has time."""

        WELCOME = "welcome", _("Welcome")
        EVENT = "event", _("Events")
        SYNC = "sync", _("Synchronisation")

    class State(models.TextChoices):
        """Where the event stands."""

        PENDING = "pending", _("Waiting")
        DONE = "done", _("Done")
        IGNORED = "ignored", _("Ignored")
        QUARANTINED = "quarantined", _("Quarantined")

    # SHA-256 of corp, app and decrypted XML: the one rule for "the same callback".
    digest = models.BinaryField(max_length=32, unique=True)
    app = models.CharField(_("app"), max_length=32)
    event = models.CharField(_("event"), max_length=64)
    change_type = models.CharField(_("change type"), max_length=64, blank=True)
    lane = models.CharField(_("lane"), max_length=8, choices=Lane.choices)
    # Keyed hash of the pair (userid, external_userid): two workers never hold the same pair. 0 = no pair.
    subject = models.BigIntegerField(default=0, editable=False)
    occurred_at = models.DateTimeField(_("occurred"))
    received_at = models.DateTimeField(_("received"))
    # The XML; NULL once purged.
    payload = PayloadField(null=True, editable=False)
    state = models.CharField(
        _("state"), max_length=11, choices=State.choices, default=State.PENDING
    )
    due_at = models.DateTimeField(_("next try"))
    lease_token = models.UUIDField(null=True, blank=True, editable=False)
    claims = models.PositiveSmallIntegerField(_("claims"), default=0)
    attempts = models.PositiveSmallIntegerField(_("failed tries"), default=0)
    deferrals = models.PositiveSmallIntegerField(_("postponements"), default=0)
    error = models.TextField(_("error"), blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    data_map: ClassVar[dict[str, DataUse]] = {
        "payload": DataUse(
            "apply what WeCom reported, and replay it", "message", "30 days, then only its hash"
        ),
    }

    class Meta:
        verbose_name = _("callback event")
        verbose_name_plural = _("callback events")
        constraints = [
            models.CheckConstraint(
                name="inbox_pending_has_payload",
                condition=~Q(state="pending") | Q(payload__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["lane", "due_at"], name="inbox_due", condition=Q(state="pending")),
            models.Index(
                fields=["subject"], name="inbox_leased", condition=Q(lease_token__isnull=False)
            ),
            models.Index(
                fields=["state", "id"],
                name="inbox_attention",
                condition=Q(state__in=["quarantined", "ignored"]),
            ),
            models.Index(
                fields=["received_at"], name="inbox_payload_age", condition=Q(payload__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event}/{self.change_type} #{self.pk}"


class HandlerMark(models.Model):
    """A handler's success on an event, written in the transaction of its effect."""

    event = models.ForeignKey(InboxEvent, on_delete=models.CASCADE, related_name="marks")
    handler = models.CharField(_("handler"), max_length=64)
    applied_at = models.DateTimeField(_("applied"))

    class Meta:
        verbose_name = _("handler mark")
        verbose_name_plural = _("handler marks")
        constraints = [
            models.UniqueConstraint(fields=["event", "handler"], name="inbox_one_mark_per_handler")
        ]

    def __str__(self) -> str:
        return self.handler


class WorkerBeat(models.Model):
    """The sign of life of one inbox worker process, renewed every few seconds."""

    name = models.CharField(_("worker"), max_length=120, unique=True)
    started_at = models.DateTimeField(_("started"))
    seen_at = models.DateTimeField(_("last seen"), db_index=True)
    threads = models.JSONField(_("threads by lane"), default=dict)

    class Meta:
        verbose_name = _("inbox worker")
        verbose_name_plural = _("inbox workers")

    def __str__(self) -> str:
        return self.name
