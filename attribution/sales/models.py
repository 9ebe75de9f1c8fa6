"""Who earned a sale: rules with versions, one credit an order, and the ledger that adds up to the cent."""

from decimal import Decimal
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from contacts.directory.models import Member
from contacts.org.models import OrgUnit
from customers.crm.models import Order
from scrm.core.data_map import DataUse
from scrm.core.ids import uuid7


class Rule(models.TextChoices):
    """A way to find the guide of an order; the first rule of the set that finds one wins."""

    ORDER_PARAMETER = "order_parameter", _("parameter of the order")
    LAST_TOUCH = "last_touch", _("last touch")
    FIRST_TOUCH = "first_touch", _("first touch")
    BOUND_GUIDE = "bound_guide", _("bound guide")
    STORE_OWNER = "store_owner", _("first account of the store")


class RuleSet(models.Model):
    """A version of the rules: `rules` is a list of {"rule", "window_days"} in order; 0 days means no limit.

    An order goes by the newest activated version whose `applies_from` its business day has reached. So what
    an order is given never depends on when it, its refund or the version arrived.
    """

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        ACTIVE = "active", _("in force")
        FORMER = "former", _("former")

    data_map: ClassVar[dict[str, DataUse]] = {}

    version = models.PositiveIntegerField(_("version"), unique=True)
    rules = models.JSONField(_("rules"))
    state = models.CharField(_("state"), max_length=6, choices=State, default=State.DRAFT)
    # Business day from which it holds; the first version holds for all days before, too.
    applies_from = models.DateField(_("applies from"), null=True, blank=True)
    note = models.CharField(_("note"), max_length=200, blank=True)
    # The finished trial whose difference was seen before activation.
    trial_job_id = models.UUIDField(_("trial"), null=True, blank=True)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    activated_at = models.DateTimeField(_("in force since"), null=True, blank=True)

    class Meta:
        verbose_name = _("rule set")
        verbose_name_plural = _("rule sets")
        constraints = [
            models.UniqueConstraint(
                fields=["state"], condition=Q(state="active"), name="attribution_ruleset_one_active"
            ),
            models.CheckConstraint(
                condition=Q(state="draft", activated_at=None)
                | (~Q(state="draft") & Q(activated_at__isnull=False)),
                name="attribution_ruleset_activated",
            ),
        ]

    def __str__(self) -> str:
        """Name the version."""
        return f"v{self.version}"


class RuleTrial(models.Model):
    """What a trial of a draft found so far: guides and sums, for whoever may see the rules' effect.

    The trial's job keeps counts only: jobs are shown to people who may not see sales.
    """

    data_map: ClassVar[dict[str, DataUse]] = {}

    ruleset = models.ForeignKey(RuleSet, models.CASCADE, related_name="trials")
    job_id = models.UUIDField(_("job"), unique=True)
    tally = models.JSONField(_("tally"), default=dict)
    updated_at = models.DateTimeField(_("updated at"), auto_now=True)

    class Meta:
        verbose_name = _("trial of rules")
        verbose_name_plural = _("trials of rules")

    def __str__(self) -> str:
        """Name the job."""
        return str(self.job_id)


class AsideOrder(models.Model):
    """An order that could not be attributed: put aside with the reason, so that all others go on.

    Tried again when it changes, and every hour; gone as soon as that works.
    """

    data_map: ClassVar[dict[str, DataUse]] = {}

    order = models.OneToOneField(Order, models.CASCADE, related_name="aside")
    problem = models.CharField(_("problem"), max_length=500)
    since = models.DateTimeField(_("since"))
    tried_at = models.DateTimeField(_("last tried"), db_index=True)

    class Meta:
        verbose_name = _("order put aside")
        verbose_name_plural = _("orders put aside")

    def __str__(self) -> str:
        """Name the order by id."""
        return str(self.order_id)


class Credit(models.Model):
    """Who earned one order, by which rule, on what evidence; amounts are copies of the order's."""

    class Reason(models.TextChoices):
        NONE = "", _("credited")
        TAMPERED = "tampered", _("the parameter was tampered with or is unknown")
        EXPIRED = "expired", _("the parameter had expired")
        LEFT = "left", _("the parameter's guide had left")
        GONE = "gone", _("the parameter's guide is no longer known")
        STAFF = "staff", _("bought by a colleague")
        NOBODY = "nobody", _("no rule found a guide")

    data_map: ClassVar[dict[str, DataUse]] = {}

    order = models.OneToOneField(Order, models.PROTECT, related_name="credit")
    member = models.ForeignKey(
        Member,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="credits",
        verbose_name=_("guide"),
    )
    store = models.ForeignKey(
        OrgUnit,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="credits",
        verbose_name=_("store"),
    )
    rule = models.CharField(_("rule"), max_length=15, choices=Rule, blank=True)
    reason = models.CharField(_("why nobody"), max_length=8, choices=Reason, blank=True)
    ruleset = models.ForeignKey(RuleSet, models.PROTECT, related_name="credits")
    # Ids and moments only: {"at", "touch", "kind", "parameter_id", ...}.
    evidence = models.JSONField(_("evidence"), default=dict, blank=True)
    # At most five others who had a claim: {"member_id", "rule", "at", ...}.
    losers = models.JSONField(_("others with a claim"), default=list, blank=True)
    paid_at = models.DateTimeField(_("paid at"))
    business_day = models.DateField(_("business day"))
    amount = models.DecimalField(_("amount"), max_digits=12, decimal_places=2)
    refunded = models.DecimalField(_("refunded"), max_digits=12, decimal_places=2)
    decided_at = models.DateTimeField(_("attributed at"))

    class Meta:
        verbose_name = _("credit")
        verbose_name_plural = _("credits")
        constraints = [
            models.CheckConstraint(
                condition=(Q(member=None, rule="") & ~Q(reason=""))
                | (Q(member__isnull=False, reason="") & ~Q(rule="")),
                name="attribution_credit_guide_or_reason",
            )
        ]
        indexes = [
            models.Index(fields=["-paid_at", "-id"], name="attribution_credit_newest"),
            models.Index(fields=["business_day", "member", "store"], name="attribution_credit_day"),
            models.Index(fields=["member", "-paid_at", "-id"], name="attribution_credit_member"),
            models.Index(fields=["store", "-paid_at", "-id"], name="attribution_credit_store"),
        ]

    def __str__(self) -> str:
        """Name the order by id."""
        return str(self.order_id)

    @property
    def net(self) -> Decimal:
        """Return what was paid and not given back; below zero where more was given back than paid."""
        return self.amount - self.refunded


class CreditLine(models.Model):
    """The ledger: append-only (a trigger of migration 0005 refuses UPDATE and DELETE).

    A line adds its signed amount to a guide (or to nobody) on a business day. What changed is never
    rewritten: the former amount is taken back by a line of its own, on the same business day.
    """

    class Kind(models.TextChoices):
        SALE = "sale", _("sale")
        REFUND = "refund", _("refund")

    class Cause(models.TextChoices):
        NEW = "new", _("as it came")
        CHANGED = "changed", _("the order or refund changed")
        MOVED = "moved", _("went to somebody else")

    data_map: ClassVar[dict[str, DataUse]] = {}

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    order = models.ForeignKey(Order, models.PROTECT, related_name="credit_lines")
    member = models.ForeignKey(
        Member, models.PROTECT, null=True, blank=True, related_name="credit_lines"
    )
    store = models.ForeignKey(
        OrgUnit, models.PROTECT, null=True, blank=True, related_name="credit_lines"
    )
    kind = models.CharField(_("kind"), max_length=6, choices=Kind)
    # The refund's number; empty for the sale.
    source = models.CharField(_("refund number"), max_length=64, blank=True)
    cause = models.CharField(_("cause"), max_length=7, choices=Cause, default=Cause.NEW)
    amount = models.DecimalField(_("amount"), max_digits=12, decimal_places=2)
    occurred_at = models.DateTimeField(_("when"))
    business_day = models.DateField(_("business day"))
    posted_at = models.DateTimeField(_("posted at"))

    class Meta:
        verbose_name = _("ledger line")
        verbose_name_plural = _("ledger lines")
        constraints = [
            models.CheckConstraint(condition=~Q(amount=0), name="attribution_line_is_something")
        ]
        indexes = [
            models.Index(fields=["business_day", "member"], name="attribution_line_day"),
            models.Index(fields=["member", "business_day"], name="attribution_line_member"),
            models.Index(fields=["store", "business_day"], name="attribution_line_store"),
        ]

    def __str__(self) -> str:
        """Name kind and amount."""
        return f"{self.kind} {self.amount}"
