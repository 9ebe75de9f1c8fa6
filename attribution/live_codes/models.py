"""Live codes: contact ways of WeCom, and who answers behind them."""

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from contacts.directory.models import Member
from scrm.core.data_map import DataUse


class LiveCode(models.Model):
    """A code customers scan; `state` comes back with every add and names this row.

    What WeCom was last told stands in the `told_*` fields; what differs from it is pushed again.
    """

    class Status(models.TextChoices):
        CREATING = "creating", _("being made")
        ACTIVE = "active", _("working")
        EMPTY = "empty", _("nobody can receive customers")
        FAILED = "failed", _("refused by WeCom")
        UNCERTAIN = "uncertain", _("outcome unknown")

    data_map: ClassVar[dict[str, DataUse]] = {
        "remark_suffix": DataUse(
            "mark in guides' remarks where a customer came from",
            "behaviour",
            "while the code exists",
        ),
        "told_userids": DataUse(
            "tell a changed list of members from an unchanged one", "staff", "while the code exists"
        ),
    }

    name = models.CharField(_("name"), max_length=30)
    state = models.CharField(_("parameter"), max_length=30, unique=True, editable=False)
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.CREATING)
    problem = models.CharField(_("problem"), max_length=500, blank=True)
    config_id = models.CharField(  # noqa: DJ001 - unique, so many rows without one need NULL
        _("WeCom's id"), max_length=64, null=True, unique=True, editable=False
    )
    qr_code_url = models.CharField(_("address of WeCom's picture"), max_length=512, blank=True)
    qr_png = models.BinaryField(_("WeCom's picture"), null=True, editable=False)
    link = models.CharField(_("link inside of the code"), max_length=512, blank=True)
    tag_ids = ArrayField(
        models.CharField(max_length=64), verbose_name=_("tags"), default=list, blank=True
    )
    remark_suffix = models.CharField(_("remark suffix"), max_length=10, blank=True)
    welcome_text = models.TextField(_("welcome text"), blank=True)
    skip_verify = models.BooleanField(_("add without confirmation"), default=True)
    told_userids = ArrayField(
        models.CharField(max_length=64), default=list, blank=True, editable=False
    )
    told_name = models.CharField(max_length=30, blank=True, editable=False)
    told_skip_verify = models.BooleanField(default=True, editable=False)
    # Set before WeCom is asked to make the way: a row with it and without an id has an unknown outcome.
    asked_at = models.DateTimeField(null=True, blank=True, editable=False)
    # Whoever talks to WeCom about this code holds it until then.
    held_until = models.DateTimeField(null=True, blank=True, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated"), auto_now=True)

    class Meta:
        verbose_name = _("live code")
        verbose_name_plural = _("live codes")
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(status="active") | models.Q(config_id__isnull=False),
                name="attribution_livecode_active_has_config",
            ),
        ]

    def __str__(self) -> str:
        """Name the code."""
        return self.name

    @property
    def tone(self) -> str:
        """Return the colour class of the status."""
        tones = {self.Status.ACTIVE: "ok", self.Status.CREATING: "info", self.Status.FAILED: "bad"}
        return tones.get(self.Status(self.status), "warn")


class LiveCodeMember(models.Model):
    """A chosen member, in the order chosen; `refusal` is WeCom's reason when it does not take this one.

    Backups stand behind the code only while none of the others can receive customers.
    """

    live_code = models.ForeignKey(LiveCode, models.CASCADE, related_name="choices")
    member = models.ForeignKey(Member, models.PROTECT, related_name="live_code_choices")
    position = models.PositiveSmallIntegerField(_("position"), default=1)
    is_backup = models.BooleanField(_("backup"), default=False)
    refusal = models.CharField(_("reason of WeCom's"), max_length=300, blank=True)
    refused_at = models.DateTimeField(_("refused at"), null=True, blank=True)

    class Meta:
        verbose_name = _("member of a live code")
        verbose_name_plural = _("members of a live code")
        constraints = [
            models.UniqueConstraint(
                fields=["live_code", "member"], name="attribution_livecodemember_once"
            )
        ]
        indexes = [models.Index(fields=["live_code", "position"], name="attribution_choice_order")]

    def __str__(self) -> str:
        """Name both ids."""
        return f"{self.live_code_id} {self.member_id}"

    @property
    def reason(self) -> str:
        """Return why this member is left out, in words; empty when the code reaches her."""
        return self.member.waiting_reason or self.refusal
