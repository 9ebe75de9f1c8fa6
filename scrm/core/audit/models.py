"""What was done, by whom, when and why: append-only, each row authenticated, all rows chained."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from scrm.core.data_map import DataUse
from scrm.core.fields import EncryptedJSONField, EncryptedTextField
from scrm.core.ids import uuid7


class AuditEntry(models.Model):
    """One act. `row_mac` is written with the row; the sealer adds `seq` and `seal` within seconds.

    A trigger refuses DELETE always and UPDATE of anything but the first sealing.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    at = models.DateTimeField(_("at"), default=timezone.now)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("who"),
    )
    actor_name = models.CharField(_("who"), max_length=150, blank=True)
    action = models.CharField(_("action"), max_length=64)
    target = models.CharField(_("object"), max_length=200)
    before = EncryptedJSONField(_("before"), null=True, blank=True)
    after = EncryptedJSONField(_("after"), null=True, blank=True)
    reason = EncryptedTextField(_("reason"))
    ip = models.CharField(_("address"), max_length=45, blank=True)
    request_id = models.CharField(_("request"), max_length=64, blank=True)
    row_mac = models.BinaryField(max_length=32)
    seq = models.PositiveBigIntegerField(_("number"), null=True, unique=True)
    seal = models.BinaryField(max_length=32, null=True)

    data_map: ClassVar[dict[str, DataUse]] = {
        "actor_name": DataUse("name who acted", "staff", "3 years"),
        "before": DataUse("show what an act changed", "staff", "3 years"),
        "after": DataUse("show what an act changed", "staff", "3 years"),
        "reason": DataUse("show why somebody revealed or decided", "staff", "3 years"),
        "ip": DataUse("find where an act came from", "staff", "3 years"),
    }

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit entries")
        indexes = [
            models.Index(fields=["-at", "-id"], name="core_audit_newest"),
            models.Index(fields=["actor", "-at"], name="core_audit_actor"),
            models.Index(fields=["action", "-at"], name="core_audit_action"),
            models.Index(fields=["target", "-at"], name="core_audit_target"),
            models.Index(
                fields=["id"], condition=models.Q(seal__isnull=True), name="core_audit_unsealed"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.target}"


class AuditHead(models.Model):
    """The end of the chain (one row): the sealer locks it, the verifier compares it with the last entry."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    seq = models.PositiveBigIntegerField(default=0)
    seal = models.BinaryField(max_length=32, default=bytes)
    mac = models.BinaryField(max_length=32, default=bytes)
    anchored_on = models.DateField(null=True)

    class Meta:
        verbose_name = _("audit head")
        verbose_name_plural = _("audit heads")
        constraints = [
            models.CheckConstraint(condition=models.Q(id=1), name="core_audithead_single")
        ]

    def __str__(self) -> str:
        return f"#{self.seq}"
