"""Plans that hand the customers of one member over to others, customer by customer."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from contacts.directory.models import Member
from contacts.org.models import OrgUnit
from customers.relations.models import ExternalContact
from scrm.core.data_map import DataUse


class HandoverPolicy(models.Model):
    """What happens by itself when the OA reports a leaver; one row, changed by HQ."""

    class OnLeave(models.TextChoices):
        OFFER = "offer", _("make the plan and ask the customers at once")
        PLAN = "plan", _("make the plan; somebody confirms it")
        NOTHING = "nothing", _("do nothing; somebody plans by hand")

    class OnMove(models.TextChoices):
        STAY = "stay", _("the customers stay with the guide")
        PLAN = "plan", _("make a plan for the former store; somebody confirms it")
        OFFER = "offer", _("make a plan for the former store and ask the customers at once")

    data_map: ClassVar[dict[str, DataUse]] = {}

    on_leave = models.CharField(
        _("when the OA reports a leaver"), max_length=8, choices=OnLeave, default=OnLeave.OFFER
    )
    on_move = models.CharField(
        _("when a guide moves to another store"),
        max_length=8,
        choices=OnMove,
        default=OnMove.STAY,
    )
    # A move before the rule was made is nobody's.
    moves_since = models.DateTimeField(_("moves count from"), null=True, blank=True)
    neighbours = models.BooleanField(
        _("use the stores beside it when the store has no room"), default=True
    )
    message = models.CharField(_("notice to the customer"), max_length=200, blank=True)
    grace_days = models.PositiveSmallIntegerField(
        _("days until the account is deleted"), null=True, blank=True, default=7
    )
    updated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    updated_at = models.DateTimeField(_("updated at"), auto_now=True)

    class Meta:
        verbose_name = _("policy of hand-overs")
        verbose_name_plural = _("policies of hand-overs")
        constraints = [
            models.CheckConstraint(condition=Q(pk=1), name="customers_handoverpolicy_one_row"),
            models.CheckConstraint(
                condition=Q(grace_days=None) | Q(grace_days__range=(1, 90)),
                name="customers_handoverpolicy_grace",
            ),
            models.CheckConstraint(
                condition=Q(on_move="stay") | Q(moves_since__isnull=False),
                name="customers_handoverpolicy_moves",
            ),
        ]

    def __str__(self) -> str:
        return self.on_leave


class HandoverPlan(models.Model):
    """One hand-over: who leaves, in which way WeCom is asked, and what customers are told."""

    class Mode(models.TextChoices):
        IN_SERVICE = "in_service", _("in service")
        RESIGNED = "resigned", _("after leaving")

    class Cause(models.TextChoices):
        LEAVE = "leave", _("leaves")
        MOVE = "move", _("moves to another store")

    class State(models.TextChoices):
        DRAFT = "draft", _("waits for confirmation")
        RUNNING = "running", _("under way")
        DONE = "done", _("done")
        CANCELLED = "cancelled", _("cancelled")

    data_map: ClassVar[dict[str, DataUse]] = {}

    leaver = models.ForeignKey(Member, models.PROTECT, related_name="handovers")
    mode = models.CharField(_("way"), max_length=12, choices=Mode)
    cause = models.CharField(_("why"), max_length=8, choices=Cause, default=Cause.LEAVE)
    # The store whose customers these are: of a guide who moved, the former one.
    store = models.ForeignKey(OrgUnit, models.SET_NULL, null=True, blank=True, related_name="+")
    state = models.CharField(_("state"), max_length=12, choices=State, default=State.DRAFT)
    message = models.CharField(_("notice to the customer"), max_length=200, blank=True)
    problem = models.CharField(_("problem"), max_length=500, blank=True)
    job_id = models.UUIDField(_("job"), null=True, blank=True)
    # Made by the policy when the OA reported the leaver; created_by is then nobody.
    by_policy = models.BooleanField(_("by the policy"), default=False)
    # Customers who stayed behind wait for the account's deletion; None: only a named human deletes it.
    delete_on = models.DateTimeField(_("account deleted on"), null=True, blank=True)
    release_job_id = models.UUIDField(_("deleting job"), null=True, blank=True)
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
            ),
        ]
        indexes = [
            models.Index(
                fields=["delete_on"],
                condition=Q(delete_on__isnull=False),
                name="customers_handover_deletes",
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
        UNPLACED = "unplaced", _("nobody has room")
        LATER = "later", _("protected by WeCom, asked again later")

    # What did not go over stays with the account until it is deleted.
    KEPT = (State.REFUSED, State.CAPPED, State.FAILED, State.UNPLACED, State.LATER)

    data_map: ClassVar[dict[str, DataUse]] = {}

    plan = models.ForeignKey(HandoverPlan, models.CASCADE, related_name="items")
    contact = models.ForeignKey(ExternalContact, models.CASCADE, related_name="handover_items")
    successor = models.ForeignKey(
        Member, models.PROTECT, null=True, blank=True, related_name="incoming"
    )
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.PLANNED)
    errcode = models.IntegerField(_("error"), default=0)
    tries = models.PositiveSmallIntegerField(_("tries"), default=0)
    # Successors who were refused or full: a retry goes to another one.
    tried_ids = models.JSONField(_("tried successors"), default=list)
    asked_at = models.DateTimeField(_("asked at"), null=True, blank=True)
    # WeCom protects a customer who went over for 90 days; then they are asked again by themselves.
    again_on = models.DateTimeField(_("asked again on"), null=True, blank=True)
    settled_at = models.DateTimeField(_("settled at"), null=True, blank=True)

    class Meta:
        verbose_name = _("customer of a hand-over")
        verbose_name_plural = _("customers of a hand-over")
        constraints = [
            models.UniqueConstraint(fields=["plan", "contact"], name="customers_handoveritem_once"),
            models.CheckConstraint(
                condition=Q(successor__isnull=False) | Q(state="unplaced"),
                name="customers_handoveritem_successor",
            ),
            models.CheckConstraint(
                condition=~Q(state="later") | Q(again_on__isnull=False),
                name="customers_handoveritem_later",
            ),
        ]
        indexes = [
            models.Index(fields=["plan", "state", "successor"], name="customers_handover_work"),
            models.Index(
                fields=["successor"],
                condition=Q(state__in=["planned", "waiting"]),
                name="customers_handover_incoming",
            ),
            models.Index(
                fields=["again_on"],
                condition=Q(state="later"),
                name="customers_handover_again",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.plan_id} {self.contact_id}"


class HandoverGroup(models.Model):
    """One customer group of a hand-over: who becomes its owner, and what came of it."""

    class State(models.TextChoices):
        PLANNED = "planned", _("planned")
        WAITING = "waiting", _("WeCom hands it over")
        DONE = "done", _("handed over")
        FAILED = "failed", _("WeCom refused")
        UNPLACED = "unplaced", _("nobody can own it")
        LATER = "later", _("WeCom's limit of a day; asked again later")

    data_map: ClassVar[dict[str, DataUse]] = {}

    plan = models.ForeignKey(HandoverPlan, models.CASCADE, related_name="groups")
    chat_id = models.CharField(_("group"), max_length=64)
    title = models.CharField(_("group's name"), max_length=200, blank=True)
    people = models.PositiveIntegerField(_("people"), default=0)
    successor = models.ForeignKey(
        Member, models.PROTECT, null=True, blank=True, related_name="incoming_groups"
    )
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.PLANNED)
    errcode = models.IntegerField(_("error"), default=0)
    asked_at = models.DateTimeField(_("asked at"), null=True, blank=True)
    again_on = models.DateTimeField(_("asked again on"), null=True, blank=True)
    settled_at = models.DateTimeField(_("settled at"), null=True, blank=True)

    class Meta:
        verbose_name = _("group of a hand-over")
        verbose_name_plural = _("groups of a hand-over")
        constraints = [
            models.UniqueConstraint(
                fields=["plan", "chat_id"], name="customers_handovergroup_once"
            ),
            models.CheckConstraint(
                condition=Q(successor__isnull=False) | Q(state="unplaced"),
                name="customers_handovergroup_successor",
            ),
            models.CheckConstraint(
                condition=~Q(state="later") | Q(again_on__isnull=False),
                name="customers_handovergroup_later",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.plan_id} {self.chat_id}"
