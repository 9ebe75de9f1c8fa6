"""What a full sync saw unchanged: a clock for many relations in one row."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _


class ListedPage(models.Model):
    """The relations that one page of a complete read listed, whether anything changed or not.

    It stands for a clock on each of them, so that an unchanged sync writes no relation: a read begun before
    `observed_at` is old news for every one named here. `listing` names the walk of a chain: what a
    finished one does not name is missing from it. Kept for an hour behind its chain, longer than any read lives.
    """

    listing = models.UUIDField(_("walk"))
    observed_at = models.DateTimeField(_("observed at"))
    relation_ids = ArrayField(models.UUIDField())

    class Meta:
        verbose_name = _("listed page")
        verbose_name_plural = _("listed pages")
        indexes = [
            models.Index(fields=["listing"], name="customers_listed_walk"),
            models.Index(fields=["observed_at"], name="customers_listed_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.listing} {self.observed_at:%F %T}"
