"""Answers of the API kept for repeats of the same request."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from scrm.core.data_map import DataUse
from scrm.core.fields import EncryptedBytesField
from scrm.core.ids import uuid7


class StoredAnswer(models.Model):
    """The answer given to one Idempotency-Key of one caller."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    caller = models.CharField(_("caller"), max_length=255)
    key = models.CharField(_("key"), max_length=128)
    digest = models.BinaryField(max_length=32)
    status = models.PositiveSmallIntegerField(_("status"), default=0)
    body = EncryptedBytesField(_("answer"), null=True, blank=True)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True, db_index=True)

    data_map: ClassVar[dict[str, DataUse]] = {
        "body": DataUse(
            "give a partner the same answer for the same request", "contact", "24 hours"
        ),
    }

    class Meta:
        verbose_name = _("kept answer")
        verbose_name_plural = _("kept answers")
        constraints = [
            models.UniqueConstraint(fields=["caller", "key"], name="core_storedanswer_key")
        ]

    def __str__(self) -> str:
        return self.key
