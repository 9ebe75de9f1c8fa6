"""Points of groups: accounts, a double-entry ledger the database itself keeps balanced, rewards, redemptions.

Three triggers (migration 0011) hold what no service can break: entries are never changed or deleted, those of one
transaction sum to zero when it commits, and a customer's balance is the sum of its entries and never below zero.
"""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from contacts.directory.models import Member
from contacts.org.models import OrgUnit
from customers.relations.models import WHILE_CUSTOMER
from scrm.core.data_map import DataUse
from scrm.core.ids import uuid7


class PointsAccount(models.Model):
    """Whose points: one customer's, by the identity WeChat gave (never a person, which may be split), or a book of ours.

    The books are where points come from and go to; their balance is the sum of their entries and not kept here, so
    that customers do not wait for each other.
    """

    class Kind(models.TextChoices):
        CUSTOMER = "customer", _("customer")
        ISSUED = "issued", _("points given")
        SPENT = "spent", _("points redeemed")
        EXPIRED = "expired", _("points expired")
        ADJUSTED = "adjusted", _("points adjusted")

    data_map: ClassVar[dict[str, DataUse]] = {
        "unionid": DataUse("whose points these are", "identity", WHILE_CUSTOMER),
        "external_userid": DataUse("whose points these are", "identity", WHILE_CUSTOMER),
        "name": DataUse("show whose points these are", "identity", WHILE_CUSTOMER),
    }

    kind = models.CharField(_("kind"), max_length=8, choices=Kind, default=Kind.CUSTOMER)
    unionid = models.CharField(_("unionid"), max_length=64, blank=True)
    external_userid = models.CharField(_("external userid"), max_length=64, blank=True)
    name = models.CharField(_("nickname"), max_length=128, blank=True)
    balance = models.BigIntegerField(_("balance"), default=0)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        verbose_name = _("points account")
        verbose_name_plural = _("points accounts")
        constraints = [
            models.CheckConstraint(
                condition=Q(balance__gte=0), name="customers_pointsaccount_not_negative"
            ),
            models.UniqueConstraint(
                fields=["unionid"],
                condition=~Q(unionid=""),
                name="customers_pointsaccount_one_each",
            ),
            models.UniqueConstraint(
                fields=["kind"],
                condition=~Q(kind="customer"),
                name="customers_pointsaccount_one_book",
            ),
        ]
        indexes = [
            models.Index(fields=["external_userid"], name="customers_pointsaccount_ext"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class PointsTransaction(models.Model):
    """One movement of points, once by its key."""

    class Kind(models.TextChoices):
        CHECKIN = "checkin", _("check-in")
        REDEEM = "redeem", _("redeemed")
        REFUND = "refund", _("given back")
        ADJUST = "adjust", _("adjusted")
        EXPIRE = "expire", _("expired")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    key = models.CharField(_("key"), max_length=120, unique=True)
    kind = models.CharField(_("kind"), max_length=8, choices=Kind)
    note = models.CharField(_("note"), max_length=200, blank=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    made_at = models.DateTimeField(_("made at"))

    class Meta:
        verbose_name = _("points transaction")
        verbose_name_plural = _("points transactions")
        indexes = [models.Index(fields=["-made_at", "-id"], name="customers_pointstx_newest")]

    def __str__(self) -> str:
        return self.key


class PointsEntry(models.Model):
    """One side of a transaction: so many points to (or, negative, from) an account."""

    transaction = models.ForeignKey(PointsTransaction, models.PROTECT, related_name="entries")
    account = models.ForeignKey(PointsAccount, models.PROTECT, related_name="entries")
    amount = models.BigIntegerField(_("points"))

    class Meta:
        verbose_name = _("points entry")
        verbose_name_plural = _("points entries")
        constraints = [
            models.UniqueConstraint(
                fields=["transaction", "account"], name="customers_pointsentry_once"
            ),
            models.CheckConstraint(condition=~Q(amount=0), name="customers_pointsentry_moves"),
        ]
        indexes = [models.Index(fields=["account", "-id"], name="customers_pointsentry_account")]

    def __str__(self) -> str:
        return f"{self.account_id} {self.amount}"


class Reward(models.Model):
    """What points are redeemed for; `left` is what may still be promised."""

    class Kind(models.TextChoices):
        GOODS = "goods", _("goods")
        COUPON = "coupon", _("coupon")

    name = models.CharField(_("name"), max_length=60)
    kind = models.CharField(_("kind"), max_length=8, choices=Kind, default=Kind.GOODS)
    reference = models.CharField(_("SKU or coupon number"), max_length=64, blank=True)
    words = models.CharField(_("how to get it"), max_length=200, blank=True)
    cost = models.PositiveIntegerField(_("points"))
    stock = models.PositiveIntegerField(_("pieces in all"))
    left = models.PositiveIntegerField(_("pieces left"))
    per_customer = models.PositiveSmallIntegerField(_("at most per customer"), default=1)
    pickup_days = models.PositiveSmallIntegerField(_("days to pick it up"), default=14)
    is_open = models.BooleanField(_("can be redeemed"), default=True)
    updated_at = models.DateTimeField(_("updated at"), auto_now=True)

    class Meta:
        verbose_name = _("reward")
        verbose_name_plural = _("rewards")
        constraints = [
            models.CheckConstraint(condition=Q(cost__gt=0), name="customers_reward_costs"),
            models.CheckConstraint(
                condition=Q(per_customer__gt=0, pickup_days__gt=0), name="customers_reward_terms"
            ),
            # PostgreSQL itself keeps `left` from going below nothing: the column is unsigned.
            models.CheckConstraint(
                condition=Q(left__lte=F("stock")), name="customers_reward_not_oversold"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Redemption(models.Model):
    """One piece promised to one customer, with the code by which a guide hands it out."""

    class State(models.TextChoices):
        HELD = "held", _("to be picked up")
        FULFILLED = "fulfilled", _("handed out")
        CANCELLED = "cancelled", _("cancelled")
        LAPSED = "lapsed", _("not picked up in time")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    account = models.ForeignKey(PointsAccount, models.PROTECT, related_name="redemptions")
    reward = models.ForeignKey(Reward, models.PROTECT, related_name="redemptions")
    key = models.CharField(_("key"), max_length=80)
    cost = models.PositiveIntegerField(_("points"))
    code = models.CharField(_("code"), max_length=12, unique=True)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.HELD)
    spent = models.OneToOneField(PointsTransaction, models.PROTECT, related_name="redemption")
    refunded = models.OneToOneField(
        PointsTransaction, models.PROTECT, null=True, blank=True, related_name="+"
    )
    made_at = models.DateTimeField(_("redeemed at"))
    until = models.DateTimeField(_("to be picked up until"))
    settled_at = models.DateTimeField(_("settled at"), null=True, blank=True)
    handed_by = models.ForeignKey(Member, models.PROTECT, null=True, blank=True, related_name="+")
    store = models.ForeignKey(OrgUnit, models.PROTECT, null=True, blank=True, related_name="+")
    reason = models.CharField(_("reason"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("redemption")
        verbose_name_plural = _("redemptions")
        constraints = [
            models.UniqueConstraint(fields=["account", "key"], name="customers_redemption_once"),
            models.CheckConstraint(
                condition=Q(state="held", settled_at=None, refunded=None, handed_by=None)
                | Q(
                    state="fulfilled",
                    settled_at__isnull=False,
                    refunded=None,
                    handed_by__isnull=False,
                )
                | Q(
                    state__in=["cancelled", "lapsed"],
                    settled_at__isnull=False,
                    refunded__isnull=False,
                    handed_by=None,
                ),
                name="customers_redemption_settled",
            ),
        ]
        indexes = [
            models.Index(fields=["account", "-id"], name="customers_redemption_account"),
            models.Index(
                fields=["until"], condition=Q(state="held"), name="customers_redemption_due"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reward_id} {self.state}"


class PointsRule(models.Model):
    """The one rule of how long points last; no row or 0 days: for ever."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    days = models.PositiveIntegerField(_("days points last"), default=0)
    updated_at = models.DateTimeField(_("updated at"), auto_now=True)

    class Meta:
        verbose_name = _("rule of points")
        verbose_name_plural = _("rules of points")
        constraints = [models.CheckConstraint(condition=Q(id=1), name="customers_pointsrule_one")]

    def __str__(self) -> str:
        return str(self.days)
