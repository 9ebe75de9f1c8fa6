"""Sends, and what came of them. Views are partitioned by month and point at nothing by foreign key."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from contacts.directory.models import Member
from materials.library.models import Material
from scrm.core.data_map import DataUse
from scrm.core.ids import uuid7

VIEWS_KEPT = gettext_noop("25 months")


class Who(models.TextChoices):
    """How sure we are of a viewer; the three are never added up as if they were one."""

    IDENTIFIED = "identified", _("identified")
    INFERRED = "inferred", _("inferred")
    ANONYMOUS = "anonymous", _("anonymous")


class Send(models.Model):
    """A guide took a material to send it; `token` is the random address of the page made for this send."""

    class Entry(models.TextChoices):
        NORMAL = "normal", _("workbench")
        SINGLE_CHAT = "single_chat_tools", _("single chat")
        GROUP_CHAT = "group_chat_tools", _("group chat")
        ATTACHMENT = "chat_attachment", _("attachment bar")
        CONTACT_PROFILE = "contact_profile", _("contact details")

    class Status(models.TextChoices):
        PREPARED = "prepared", _("prepared")
        SENT = "sent", _("sent")
        CANCELLED = "cancelled", _("cancelled")
        FAILED = "failed", _("failed")

    data_map: ClassVar[dict[str, DataUse]] = {
        "external_userid": DataUse(
            "tell the guide who probably viewed what was sent to one customer",
            "behaviour",
            VIEWS_KEPT,
        ),
        "first_visitor": DataUse(
            "tell the customer's phone from those it was passed on to", "behaviour", VIEWS_KEPT
        ),
    }

    token = models.CharField(_("token"), max_length=22, unique=True, editable=False)
    material = models.ForeignKey(Material, models.PROTECT, related_name="sends")
    member = models.ForeignKey(Member, models.PROTECT, related_name="sends")
    entry = models.CharField(_("place"), max_length=20, choices=Entry, default=Entry.NORMAL)
    # Only for a single chat with one of the guide's own customers.
    external_userid = models.CharField(_("external userid"), max_length=64, blank=True)
    # The guide's signed parameter, handed on to the address behind a link.
    parameter = models.CharField(_("parameter"), max_length=27, blank=True, editable=False)
    status = models.CharField(_("status"), max_length=9, choices=Status, default=Status.PREPARED)
    problem = models.CharField(_("problem"), max_length=200, blank=True)
    # The first device that viewed it: in a single chat, most likely the customer's.
    first_visitor = models.CharField(max_length=32, blank=True, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    confirmed_at = models.DateTimeField(_("confirmed"), null=True, blank=True)

    class Meta:
        verbose_name = _("send")
        verbose_name_plural = _("sends")
        indexes = [
            models.Index(fields=["member", "-id"], name="materials_send_member"),
            models.Index(fields=["material", "-id"], name="materials_send_material"),
            models.Index(
                fields=["confirmed_at", "member"],
                condition=Q(confirmed_at__isnull=False),
                name="materials_send_confirmed",
            ),
        ]

    def __str__(self) -> str:
        """Name both ids."""
        return f"{self.member_id} {self.material_id}"


class View(models.Model):
    """One opening of a sent page. Every opening is a row; `counted` ones are the views we report.

    An opening counts when its page's script has spoken, unless it continues a view of the last 30 minutes
    by the same visitor (`session`), a robot made it, or its address opened too many. The table is
    partitioned by month of `opened_at` (migration 0002), so Django does not manage it; its real primary
    key is (id, opened_at).
    """

    class Reason(models.TextChoices):
        NONE = "", _("none")
        SILENT = "silent", _("the page's script never spoke")
        REPEAT = "repeat", _("continues a view of the last 30 minutes")
        ROBOT = "robot", _("a robot")
        STAFF = "staff", _("a colleague in WeCom")
        FLOOD = "flood", _("too many from one address")

    data_map: ClassVar[dict[str, DataUse]] = {
        "visitor": DataUse("count one device once", "behaviour", VIEWS_KEPT),
        "external_userid": DataUse("tell the guide who probably viewed", "behaviour", VIEWS_KEPT),
        "unionid": DataUse("tell the guide who viewed", "behaviour", VIEWS_KEPT),
    }

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    opened_at = models.DateTimeField(_("opened at"))
    send_id = models.BigIntegerField(_("send"))
    material_id = models.BigIntegerField(_("material"))
    member_id = models.BigIntegerField(_("member"))
    visitor = models.CharField(_("visitor"), max_length=32)
    session = models.UUIDField(_("the view it continues"), null=True)
    counted = models.BooleanField(_("counted"), default=False)
    reason = models.CharField(_("why not counted"), max_length=6, choices=Reason, blank=True)
    who = models.CharField(_("who"), max_length=10, choices=Who, default=Who.ANONYMOUS)
    external_userid = models.CharField(_("external userid"), max_length=64, blank=True)
    unionid = models.CharField(_("unionid"), max_length=64, blank=True)
    seconds = models.PositiveIntegerField(_("seconds"), default=0)
    beat_at = models.DateTimeField(_("last sign of life"), null=True)

    class Meta:
        managed = False
        db_table = "materials_view"
        verbose_name = _("view")
        verbose_name_plural = _("views")

    def __str__(self) -> str:
        """Name the opening."""
        return str(self.pk)


class ViewDay(models.Model):
    """Roll-up of one finished day; final once written."""

    day = models.DateField(_("day"))
    material_id = models.BigIntegerField(_("material"))
    member_id = models.BigIntegerField(_("member"))
    openings = models.PositiveIntegerField(_("openings"), default=0)
    views = models.PositiveIntegerField(_("views"), default=0)
    seconds = models.PositiveBigIntegerField(_("seconds"), default=0)

    class Meta:
        verbose_name = _("views of a day")
        verbose_name_plural = _("views by day")
        constraints = [
            models.UniqueConstraint(
                fields=["day", "material_id", "member_id"], name="materials_viewday_once"
            ),
            models.CheckConstraint(
                condition=Q(views__lte=models.F("openings")), name="materials_viewday_views"
            ),
        ]
        indexes = [models.Index(fields=["material_id", "day"], name="materials_viewday_item")]

    def __str__(self) -> str:
        """Name the day and the ids."""
        return f"{self.day} {self.material_id} {self.member_id}"


class ViewNotice(models.Model):
    """When a guide was last told of one customer and one material; empty customer: anonymous viewers."""

    data_map: ClassVar[dict[str, DataUse]] = {
        "external_userid": DataUse(
            "tell a guide at most once in 30 minutes", "behaviour", VIEWS_KEPT
        ),
    }

    member = models.ForeignKey(Member, models.CASCADE, related_name="+")
    material = models.ForeignKey(Material, models.CASCADE, related_name="+")
    external_userid = models.CharField(_("external userid"), max_length=64, blank=True)
    told_at = models.DateTimeField(_("told at"))

    class Meta:
        verbose_name = _("notice of a view")
        verbose_name_plural = _("notices of views")
        constraints = [
            models.UniqueConstraint(
                fields=["member", "material", "external_userid"], name="materials_viewnotice_once"
            )
        ]

    def __str__(self) -> str:
        """Name the ids."""
        return f"{self.member_id} {self.material_id}"
