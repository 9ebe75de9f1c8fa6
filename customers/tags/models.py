"""Mirror of the corp's customer tags."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from scrm.core.data_map import DataUse


class TagGroup(models.Model):
    """A group of corp tags; WeCom shows a bigger `order` first."""

    data_map: ClassVar[dict[str, DataUse]] = {}

    group_id = models.CharField(_("group id"), max_length=64, unique=True)
    name = models.CharField(_("name"), max_length=64)
    order = models.BigIntegerField(_("order"), default=0)
    deleted_at = models.DateTimeField(_("deleted at"), null=True, blank=True)
    observed_at = models.DateTimeField(_("observed at"))

    class Meta:
        verbose_name = _("tag group")
        verbose_name_plural = _("tag groups")

    def __str__(self) -> str:
        return self.name


class Tag(models.Model):
    """A corp tag. A deleted one stays, so that old relations still read well."""

    data_map: ClassVar[dict[str, DataUse]] = {}

    tag_id = models.CharField(_("tag id"), max_length=64, unique=True)
    group = models.ForeignKey(TagGroup, models.CASCADE, related_name="tags")
    name = models.CharField(_("name"), max_length=64)
    order = models.BigIntegerField(_("order"), default=0)
    deleted_at = models.DateTimeField(_("deleted at"), null=True, blank=True)
    observed_at = models.DateTimeField(_("observed at"))

    class Meta:
        verbose_name = _("tag")
        verbose_name_plural = _("tags")

    def __str__(self) -> str:
        return self.name
