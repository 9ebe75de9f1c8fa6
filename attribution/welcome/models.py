"""Welcome texts of stores and the default, and what became of every welcome."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from attribution.live_codes.models import LiveCode
from contacts.org.models import OrgUnit
from scrm.core.data_map import DataUse
from scrm.core.outbox.models import OutboxMessage


class WelcomeTemplate(models.Model):
    """A welcome of one store, or of the whole company where `store` is empty. A live code's own text comes first."""

    store = models.OneToOneField(
        OrgUnit,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="welcome",
        verbose_name=_("store"),
    )
    text = models.TextField(_("welcome text"))
    attachments = models.JSONField(_("attachments"), default=list, blank=True)
    is_active = models.BooleanField(_("in use"), default=True)
    updated_at = models.DateTimeField(_("updated"), auto_now=True)

    class Meta:
        verbose_name = _("welcome")
        verbose_name_plural = _("welcomes")
        constraints = [
            models.UniqueConstraint(
                models.Value(1),
                condition=models.Q(store=None),
                name="attribution_welcome_one_default",
            ),
        ]

    def __str__(self) -> str:
        """Name the store."""
        return str(self.store or _("default"))


class WelcomeDelivery(models.Model):
    """One welcome code WeCom gave us, once, whatever app or retry brought it."""

    class Source(models.TextChoices):
        LIVE_CODE = "live_code", _("live code")
        STORE = "store", _("store")
        DEFAULT = "default", _("default")
        NONE = "none", _("no welcome is set up")

    data_map: ClassVar[dict[str, DataUse]] = {
        "userid": DataUse("show which welcome was missed", "staff", "1 year"),
        "external_userid": DataUse("show which welcome was missed", "identity", "1 year"),
    }

    code_hash = models.CharField(_("hash of the code"), max_length=64, unique=True, editable=False)
    userid = models.CharField(_("userid"), max_length=64)
    external_userid = models.CharField(_("external userid"), max_length=64)
    source = models.CharField(_("chosen from"), max_length=10, choices=Source)
    live_code = models.ForeignKey(
        LiveCode, models.SET_NULL, null=True, blank=True, related_name="welcomes"
    )
    message = models.OneToOneField(
        OutboxMessage, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    occurred_at = models.DateTimeField(_("added at"))
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True)

    class Meta:
        verbose_name = _("welcome sent")
        verbose_name_plural = _("welcomes sent")
        indexes = [models.Index(fields=["-occurred_at", "-id"], name="attribution_welcome_newest")]

    def __str__(self) -> str:
        """Name the row without a person."""
        return self.code_hash[:8]

    @property
    def outcome(self) -> str:
        """Return the status of the message: sent, before, pending, sending, failed, expired, uncertain, or none."""
        if self.sent_at is not None:
            return "sent"
        if self.message is not None and (self.message.result or {}).get("welcomed_before"):
            return "before"
        return self.message.status if self.message is not None else "none"

    @property
    def tone(self) -> str:
        """Return the colour class of the outcome."""
        return {
            "sent": "ok",
            "pending": "info",
            "sending": "info",
            "none": "off",
            "before": "off",
        }.get(self.outcome, "bad")

    @property
    def words(self) -> str:
        """Return what became of it and why, for a person."""
        labels = {
            "sent": _("sent"),
            "before": _("not needed: welcomed when the customer asked to be added"),
            "pending": _("waiting"),
            "sending": _("being sent"),
            "expired": _("missed: the 20 seconds were over"),
            "none": _("no welcome is set up"),
        }
        label = labels.get(self.outcome)
        if label is not None:
            return str(label)
        return (
            self.message.error
            if self.message is not None and self.message.error
            else str(_("not sent"))
        )
