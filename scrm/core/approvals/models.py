"""Acts that wait for a second person: who asked, why, and who decided."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from scrm.core.data_map import DataUse
from scrm.core.fields import EncryptedJSONField, EncryptedTextField
from scrm.core.ids import uuid7


class Approval(models.Model):
    """One act of one kind on one object (`key`), asked for by one person and decided by another."""

    class State(models.TextChoices):
        """Where it stands; the last four are ends."""

        WAITING = "waiting", _("waits for a decision")
        APPROVED = "approved", _("approved")
        USED = "used", _("approved and used")
        REFUSED = "refused", _("refused")
        TAKEN_BACK = "taken_back", _("taken back")
        EXPIRED = "expired", _("expired")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(_("kind"), max_length=32)
    key = models.CharField(_("object"), max_length=200)
    payload = EncryptedJSONField(_("what is asked for"))
    reason = EncryptedTextField(_("reason"))
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.WAITING)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(_("asked at"), default=timezone.now)
    # While it waits: when the question lapses. Once approved: when what it allows once lapses.
    expires_at = models.DateTimeField(_("expires at"))
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)
    decision_reason = EncryptedTextField(_("reason of the decision"))
    used_at = models.DateTimeField(_("used at"), null=True, blank=True)

    data_map: ClassVar[dict[str, DataUse]] = {
        "payload": DataUse("show a second person what they decide on", "staff", "3 years"),
        "reason": DataUse("show why somebody asked", "staff", "3 years"),
        "decision_reason": DataUse("show why somebody decided so", "staff", "3 years"),
    }

    class Meta:
        verbose_name = _("approval")
        verbose_name_plural = _("approvals")
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "key"], condition=Q(state="waiting"), name="core_approval_one_waits"
            ),
            models.CheckConstraint(
                condition=Q(decided_by=None) | ~Q(decided_by=F("asked_by")) | Q(state="taken_back"),
                name="core_approval_by_another",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "expired"], decided_by=None)
                | Q(state__in=["approved", "used", "refused", "taken_back", "expired"])
                & Q(decided_by__isnull=False, decided_at__isnull=False),
                name="core_approval_decided",
            ),
            models.CheckConstraint(
                condition=Q(state="used", used_at__isnull=False)
                | ~Q(state="used") & Q(used_at=None),
                name="core_approval_used",
            ),
        ]
        indexes = [
            models.Index(fields=["-asked_at", "-id"], name="core_approval_newest"),
            models.Index(
                fields=["expires_at"],
                condition=Q(state__in=["waiting", "approved"]),
                name="core_approval_open",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"

    @property
    def is_waiting(self) -> bool:
        """Whether somebody may still decide."""
        return self.state == self.State.WAITING and self.expires_at > timezone.now()
