"""The second step of the password log-in: a secret shared with an app, and recovery codes on paper."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from scrm.core.data_map import DataUse
from scrm.core.fields import EncryptedTextField
from scrm.core.ids import uuid7


class SecondFactor(models.Model):
    """One authenticator app of one person (TOTP, RFC 6238); it counts once a first code was right."""

    data_map: ClassVar[dict[str, DataUse]] = {
        "secret": DataUse("check the codes of an app", "secret", "until the app is replaced"),
    }

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    secret = EncryptedTextField(_("secret"))
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    confirmed_at = models.DateTimeField(_("confirmed at"), null=True)
    # The 30-second step of the last code that was taken: a code works once.
    last_step = models.BigIntegerField(_("last step"), default=0)
    wrong_tries = models.PositiveSmallIntegerField(_("wrong tries"), default=0)
    locked_until = models.DateTimeField(_("locked until"), null=True)

    class Meta:
        verbose_name = _("second step")
        verbose_name_plural = _("second steps")
        constraints = [
            models.UniqueConstraint(
                fields=["user"],
                condition=Q(confirmed_at__isnull=False),
                name="accounts_secondfactor_one_in_use",
            ),
            models.UniqueConstraint(
                fields=["user"],
                condition=Q(confirmed_at=None),
                name="accounts_secondfactor_one_under_way",
            ),
        ]

    def __str__(self) -> str:
        return f"user:{self.user_id}"

    @property
    def is_locked(self) -> bool:
        """Whether too many wrong codes came a moment ago."""
        return self.locked_until is not None and self.locked_until > timezone.now()


class RecoveryCode(models.Model):
    """One code on paper for the day the phone is lost: only a keyed hash of it is kept, it works once."""

    factor = models.ForeignKey(SecondFactor, models.CASCADE, related_name="recovery_codes")
    digest = models.BinaryField(_("hash"), max_length=32)
    used_at = models.DateTimeField(_("used at"), null=True)

    class Meta:
        verbose_name = _("recovery code")
        verbose_name_plural = _("recovery codes")
        constraints = [
            models.UniqueConstraint(fields=["factor", "digest"], name="accounts_recoverycode_once"),
        ]

    def __str__(self) -> str:
        return f"{self.factor_id}"
