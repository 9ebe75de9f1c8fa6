"""Plans that hand the customers of one member over to others, customer by customer."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from contacts.directory.models import Member
from customers.relations.models import ExternalContact
from scrm.core.data_map import DataUse


class HandoverPlan(models.Model):
    """One hand-over: who leaves, in which way WeCom is asked, and what customers are told."""

    class Mode(models.TextChoices):
        IN_SERVICE = "in_service", _("in service")
        RESIGNED = "resigned", _("after leaving")

    class State(models.TextChoices):
        DRAFT = "draft", _("waits for confirmation")
        RUNNING = "running", _("under way")
        DONE = "done", _("done")
        CANCELLED = "cancelled", _("cancelled")

    data_map: ClassVar[dict[str, DataUse]] = {}

    leaver = models.ForeignKey(Member, models.PROTECT, related_name="handovers")
    mode = models.CharField(_("way"), max_length=12, choices=Mode)
    state = models.CharField(_("state"), max_length=12, choices=State, default=State.DRAFT)
    message = models.CharField(_("notice to the customer"), max_length=200, blank=True)
    problem = models.CharField(_("problem"), max_length=500, blank=True)
    job_id = models.UUIDField(_("job"), null=True, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    confirmed_at = models.DateTimeField(_("confirmed at"), null=True, blank=True)
    polled_at = models.DateTimeField(_("results read at"), null=True, blank=True)

    class Meta:
        verbose_name = _("hand-over")
        verbose_name_plural = _("hand-overs")
        constraints = [
            models.UniqueConstraint(
                fields=["leaver"],
                condition=Q(state__in=["draft", "running"]),
                name="customers_handover_one_open",
            )
        ]

    def __str__(self) -> str:
        return f"{self.leaver_id} {self.created_at:%F}"


class HandoverItem(models.Model):
    """One customer of a hand-over: who takes over, and what came of it."""

    class State(models.TextChoices):
        PLANNED = "planned", _("planned")
        WAITING = "waiting", _("waiting for the customer")
        DONE = "done", _("handed over")
        REFUSED = "refused", _("refused by the customer")
        CAPPED = "capped", _("the successor has no room")
        FAILED = "failed", _("WeCom refused")

    data_map: ClassVar[dict[str, DataUse]] = {}

    plan = models.ForeignKey(HandoverPlan, models.CASCADE, related_name="items")
    contact = models.ForeignKey(ExternalContact, models.CASCADE, related_name="handover_items")
    successor = models.ForeignKey(Member, models.PROTECT, related_name="+")
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.PLANNED)
    errcode = models.IntegerField(_("error"), default=0)
    tries = models.PositiveSmallIntegerField(_("tries"), default=0)
    # Successors who were refused or full: a retry goes to another one.
    tried_ids = models.JSONField(_("tried successors"), default=list)
    asked_at = models.DateTimeField(_("asked at"), null=True, blank=True)
    settled_at = models.DateTimeField(_("settled at"), null=True, blank=True)

    class Meta:
        verbose_name = _("customer of a hand-over")
        verbose_name_plural = _("customers of a hand-over")
        constraints = [
            models.UniqueConstraint(fields=["plan", "contact"], name="customers_handoveritem_once")
        ]
        indexes = [
            models.Index(fields=["plan", "state", "successor"], name="customers_handover_work"),
        ]

    def __str__(self) -> str:
        return f"{self.plan_id} {self.contact_id}"
