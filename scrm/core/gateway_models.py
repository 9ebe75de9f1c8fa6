"""Where the gateway keeps its tokens for all processes."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from scrm.core.data_map import DataUse
from scrm.core.fields import EncryptedTextField
from scrm.core.ids import uuid7


class WeComToken(models.Model):
    """A token or ticket of one credential; `key` is a hash of corp, secret and address."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    key = models.CharField(_("key"), max_length=64, unique=True)
    value = EncryptedTextField[str, str](_("value"))
    fetched_at = models.FloatField(_("fetched at"))
    expires_at = models.FloatField(_("expires at"))

    data_map: ClassVar[dict[str, DataUse]] = {
        "value": DataUse("calls to WeCom", "secret", "two hours, then replaced"),
    }

    class Meta:
        verbose_name = _("WeCom token")
        verbose_name_plural = _("WeCom tokens")

    def __str__(self) -> str:
        """Name the row without its secret."""
        return self.key[:8]
