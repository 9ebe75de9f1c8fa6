"""External effects that wait to be sent, are being sent, or were sent."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from scrm.core.data_map import DataUse
from scrm.core.fields import EncryptedJSONField
from scrm.core.ids import uuid7


class OutboxMessage(models.Model):
    """One external effect with a natural key: sent at most once, its outcome always known or shown."""

    class Lane(models.TextChoices):
        """Who waits for whom: a welcome never queues behind a bulk job."""

        WELCOME = "welcome", _("Welcome")
        EVENT = "event", _("Events")
        SYNC = "sync", _("Synchronisation")

    class Status(models.TextChoices):
        """Where the message stands."""

        PENDING = "pending", _("Waiting")
        SENDING = "sending", _("Being sent")
        SENT = "sent", _("Sent")
        FAILED = "failed", _("Failed")
        UNCERTAIN = "uncertain", _("Outcome unknown")
        EXPIRED = "expired", _("Too late")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(_("kind"), max_length=64)
    key = models.CharField(_("key"), max_length=200, unique=True)
    lane = models.CharField(_("lane"), max_length=8, choices=Lane.choices, default=Lane.EVENT)
    # NULL once purged.
    payload = EncryptedJSONField(_("payload"), null=True, editable=False)
    status = models.CharField(
        _("status"), max_length=10, choices=Status.choices, default=Status.PENDING
    )
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    # A waiting message may be claimed from this time on; a claimed one is abandoned after lease_until.
    not_before = models.DateTimeField(_("not before"))
    expires_at = models.DateTimeField(_("useless after"), null=True, blank=True)
    lease_token = models.UUIDField(null=True, blank=True, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    # When the newest claim came to its turn; empty while it waits behind others of its batch.
    begun_at = models.DateTimeField(null=True, blank=True, editable=False)
    # True once an attempt ended without an answer: the effect may already exist outside.
    interrupted = models.BooleanField(_("an attempt was interrupted"), default=False)
    result = models.JSONField(_("result"), null=True, blank=True)
    error = models.TextField(_("error"), blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    # When the outside confirmed; set before `sent` where our own bookkeeping had to be repeated.
    delivered_at = models.DateTimeField(_("delivered"), null=True, blank=True)
    settled_at = models.DateTimeField(_("settled"), null=True, blank=True)

    data_map: ClassVar[dict[str, DataUse]] = {
        "payload": DataUse(
            "carry one external effect until it is sent", "message", "30 days after the end"
        ),
    }

    class Meta:
        verbose_name = _("outbox message")
        verbose_name_plural = _("outbox messages")
        constraints = [
            models.CheckConstraint(
                name="outbox_open_has_payload",
                condition=Q(payload__isnull=False) | Q(status__in=["sent", "failed", "expired"]),
            ),
            models.CheckConstraint(
                name="outbox_sending_has_lease",
                condition=~Q(status="sending")
                | Q(lease_token__isnull=False, lease_until__isnull=False),
            ),
        ]
        indexes = [
            models.Index(
                fields=["lane", "not_before"], name="outbox_due", condition=Q(status="pending")
            ),
            models.Index(
                fields=["lease_until"], name="outbox_leased", condition=Q(status="sending")
            ),
            models.Index(fields=["status", "-id"], name="outbox_by_status"),
            models.Index(
                fields=["created_at"], name="outbox_payload_age", condition=Q(payload__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"
