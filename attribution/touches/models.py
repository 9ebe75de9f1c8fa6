"""Touches: moments at which a customer met a surface, and whose parameter the surface carried."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from attribution.touches.labels import surface_words
from scrm.core.data_map import DataUse
from scrm.core.ids import uuid7

KEPT = gettext_noop("25 months")
# Ids of our own touches begin with this; partners may not use it.
OWN_PREFIX = "scrm:"


class Touch(models.Model):
    """One touch, once by `event_id`. Partitioned by month of `occurred_at` (migration 0004), so Django does
    not manage the table; its real primary key is (event_id, occurred_at).

    Members, stores and parameters are kept as plain numbers: a touch outlives what it names.
    """

    class Kind(models.TextChoices):
        PAGE_VIEW = "page_view", _("page opened")
        PRODUCT_VIEW = "product_view", _("product looked at")
        CART = "cart", _("put into the cart")
        SHARE = "share", _("passed on")
        RESULT_VIEW = "result_view", _("order result page opened")
        ENTRY_CLICK = "entry_click", _("entry clicked")
        LEADIN_VIEW = "leadin_view", _("lead-in page opened")
        ADD_CLICK = "add_click", _("add button clicked")
        MATERIAL = "material_view", _("material viewed")
        ADD = "add", _("guide added")

    class Reason(models.TextChoices):
        NONE = "", _("a parameter that holds")
        MISSING = "missing", _("no parameter")
        TAMPERED = "tampered", _("parameter tampered with or unknown")
        EXPIRED = "expired", _("parameter expired")

    data_map: ClassVar[dict[str, DataUse]] = {
        "unionid": DataUse("tell which guide's work led to an order", "behaviour", KEPT),
        "external_userid": DataUse("tell which guide's work led to an order", "behaviour", KEPT),
        "visitor_id": DataUse("count one device once", "behaviour", KEPT),
    }

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    event_id = models.CharField(_("event id"), max_length=80)
    kind = models.CharField(_("kind"), max_length=13, choices=Kind)
    occurred_at = models.DateTimeField(_("when"))
    # The page, screen or button it happened on, in the sender's words.
    surface = models.CharField(_("surface"), max_length=64)
    member_id = models.BigIntegerField(_("guide"), null=True)
    store_id = models.BigIntegerField(_("store"), null=True)
    parameter_id = models.BigIntegerField(_("parameter"), null=True)
    reason = models.CharField(_("parameter"), max_length=8, choices=Reason, blank=True)
    unionid = models.CharField(_("unionid"), max_length=64, blank=True)
    external_userid = models.CharField(_("external userid"), max_length=64, blank=True)
    visitor_id = models.CharField(_("visitor"), max_length=64, blank=True)
    path = models.CharField(_("page path"), max_length=200, blank=True)
    payload = models.JSONField(_("details"), default=dict, blank=True)
    recorded_at = models.DateTimeField(_("recorded at"), auto_now_add=True)

    class Meta:
        managed = False
        db_table = "attribution_touch"
        verbose_name = _("touch")
        verbose_name_plural = _("touches")

    def __str__(self) -> str:
        """Name the event."""
        return self.event_id

    @property
    def surface_name(self) -> str:
        """Return the surface in words."""
        return surface_words(self.surface)


class GatherMark(models.Model):
    """Up to when a source of touches was read."""

    data_map: ClassVar[dict[str, DataUse]] = {}

    source = models.CharField(_("source"), max_length=16, unique=True)
    until = models.DateTimeField(_("read until"))

    class Meta:
        verbose_name = _("reading mark")
        verbose_name_plural = _("reading marks")

    def __str__(self) -> str:
        """Name the source."""
        return self.source
