"""Who is a colleague or a test and so left out of the figures, and the rules of how to serve."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from customers.relations.models import WHILE_CUSTOMER, RecordChange
from scrm.core.data_map import DataUse
from scrm.core.ids import uuid7


class CountMark(models.Model):
    """A record is a colleague's or a test's, from `began_at` until `ended_at`; without them, always.

    `customer` is a human's word that somebody counts, whatever the rule says. A mark that was taken back
    stays with `lifted_at`. Marks hang on the record; whoever is one person with it is left out with it,
    as long as they are one person (`LeftOut`).
    """

    class Kind(models.TextChoices):
        STAFF = "staff", _("colleague")
        TEST = "test", _("test contact")
        CUSTOMER = "customer", _("counts as a customer")

    class Source(models.TextChoices):
        HAND = "hand", _("by hand")
        LIST = "list", _("by a list")
        RULE = "rule", _("by the rule")

    data_map: ClassVar[dict[str, DataUse]] = {
        "reason": DataUse("say why somebody does not count", "message", WHILE_CUSTOMER),
    }

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    record_kind = models.CharField(_("record kind"), max_length=8, choices=RecordChange.Kind)
    record_id = models.UUIDField(_("record"))
    kind = models.CharField(_("is a"), max_length=8, choices=Kind)
    source = models.CharField(_("marked"), max_length=4, choices=Source)
    reason = models.CharField(_("why it does not count"), max_length=200, blank=True)
    began_at = models.DateTimeField(_("left out from"), null=True, blank=True)
    ended_at = models.DateTimeField(_("left out until"), null=True, blank=True)
    lifted_at = models.DateTimeField(_("taken back at"), null=True, blank=True)
    set_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    set_at = models.DateTimeField(_("set at"), auto_now_add=True)
    changed_at = models.DateTimeField(_("changed at"))

    class Meta:
        verbose_name = _("mark of who does not count")
        verbose_name_plural = _("marks of who does not count")
        constraints = [
            models.UniqueConstraint(
                fields=["record_id", "source", "began_at"],
                condition=Q(lifted_at=None),
                nulls_distinct=False,
                name="customers_countmark_once",
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(began_at__isnull=False),
                name="customers_countmark_span_begins",
            ),
        ]
        indexes = [
            models.Index(fields=["changed_at"], name="customers_countmark_changed"),
            models.Index(
                fields=["-set_at", "-id"],
                condition=Q(lifted_at=None),
                name="customers_countmark_newest",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.record_id}"


class LeftOut(models.Model):
    """A view of the database: the records that are left out of figures, and from when until when.

    A record appears once for each mark on it or on another record of its person.
    """

    data_map: ClassVar[dict[str, DataUse]] = {
        "external_userid": DataUse("leave colleagues out of figures", "identity", WHILE_CUSTOMER),
        "unionid": DataUse("leave colleagues out of figures", "identity", WHILE_CUSTOMER),
    }

    mark_id = models.UUIDField(primary_key=True)
    record_id = models.UUIDField()
    external_userid = models.CharField(max_length=64)
    unionid = models.CharField(max_length=64)
    kind = models.CharField(max_length=8, choices=CountMark.Kind)
    source = models.CharField(max_length=4, choices=CountMark.Source)
    began_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        managed = False
        db_table = "customers_leftout"
        verbose_name = _("left out of figures")
        verbose_name_plural = _("left out of figures")

    def __str__(self) -> str:
        return str(self.record_id)


class ServeRule(models.Model):
    """What the company says about one rule of how to serve: a built-in one (`code`), or one of its own.

    Built-in rules and their defaults stand in `serving.toml`; a row here goes before them. A rule of the
    company's own fires on a tag (WeCom's or the member system's) or a membership level.
    """

    class When(models.TextChoices):
        BUILT_IN = "built_in", _("built in")
        TAG = "tag", _("has the tag")
        LEVEL = "level", _("has the membership level")

    data_map: ClassVar[dict[str, DataUse]] = {}

    code = models.CharField(_("code"), max_length=16, unique=True, null=True, blank=True)
    when = models.CharField(
        _("speaks when the customer"), max_length=8, choices=When, default=When.BUILT_IN
    )
    value = models.CharField(_("tag or level"), max_length=64, blank=True)
    text = models.CharField(_("what to do"), max_length=100, blank=True)
    days = models.PositiveSmallIntegerField(_("days"), null=True, blank=True)
    position = models.PositiveSmallIntegerField(_("position"))
    is_active = models.BooleanField(_("in force"), default=True)
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    changed_at = models.DateTimeField(_("changed at"), auto_now=True)

    class Meta:
        verbose_name = _("rule of how to serve")
        verbose_name_plural = _("rules of how to serve")
        constraints = [
            models.CheckConstraint(
                condition=Q(when="built_in", code__isnull=False, value="")
                | (~Q(when="built_in") & Q(code=None, days=None) & ~Q(value="") & ~Q(text="")),
                name="customers_serverule_own_or_built_in",
            ),
        ]

    def __str__(self) -> str:
        return self.code or self.value
