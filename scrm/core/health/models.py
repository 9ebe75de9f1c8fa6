"""Signs of life."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Heartbeat(models.Model):
    """When a background process (`beat`) last showed that it runs."""

    name = models.CharField(_("process"), max_length=64, primary_key=True)
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("sign of life")
        verbose_name_plural = _("signs of life")

    def __str__(self) -> str:
        return self.name
