"""Members of the retailer's own member system."""

from decimal import Decimal
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from scrm.core.data_map import DataUse
from scrm.core.fields import EncryptedTextField
from scrm.core.ids import uuid7

WHILE_MEMBER = gettext_noop("while a member + 2 years")


class CrmMember(models.Model):
    """One row of the member system, by `member_no`.

    `digest` is a keyed hash of all that was sent in: an unchanged row is recognised without decrypting.
    """

    class State(models.TextChoices):
        ACTIVE = "active", _("membership valid")
        CLOSED = "closed", _("membership cancelled")

    class Source(models.TextChoices):
        IMPORT = "import", _("file")
        API = "api", _("API")

    data_map: ClassVar[dict[str, DataUse]] = {
        "member_no": DataUse("tell members apart", "identity", WHILE_MEMBER),
        "name": DataUse("address a member", "identity", WHILE_MEMBER),
        "phone": DataUse("join member and WeCom customer", "contact", WHILE_MEMBER),
        "phone_index": DataUse("find a member by full phone", "contact", WHILE_MEMBER),
        "phone_last4": DataUse("find a member by the last four digits", "contact", WHILE_MEMBER),
        "id_card": DataUse("join memberships of one human", "identity", WHILE_MEMBER),
        "unionid": DataUse("join member and WeCom customer", "identity", WHILE_MEMBER),
        "external_userid": DataUse("join member and WeCom customer", "identity", WHILE_MEMBER),
        "digest": DataUse("tell changed rows from unchanged ones", "identity", WHILE_MEMBER),
    }

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    member_no = models.CharField(_("member number"), max_length=64, unique=True)
    name = EncryptedTextField(_("name"), default="", blank=True)
    phone = EncryptedTextField(_("phone"), default="", blank=True)
    phone_index = models.BinaryField(_("phone index"), max_length=32, null=True)
    phone_last4 = models.BinaryField(_("index of the last four digits"), max_length=32, null=True)
    phone_verified = models.BooleanField(_("phone verified"), default=False)
    # A keyed hash in hex; the number itself is never kept.
    id_card = models.CharField(_("ID card (hash)"), max_length=64, blank=True)
    unionid = models.CharField(_("unionid"), max_length=64, blank=True)
    external_userid = models.CharField(_("external userid"), max_length=64, blank=True)
    level = models.CharField(_("membership level"), max_length=32, blank=True)
    store_code = models.CharField(_("store code"), max_length=64, blank=True, db_index=True)
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.ACTIVE)
    joined_on = models.DateField(_("joined on"), null=True, blank=True)
    source = models.CharField(_("source"), max_length=8, choices=Source)
    digest = models.BinaryField(_("digest"), max_length=32)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated at"))

    class Meta:
        verbose_name = _("CRM member")
        verbose_name_plural = _("CRM members")
        indexes = [
            models.Index(
                fields=["phone_index"],
                condition=Q(phone_index__isnull=False),
                name="customers_member_phone",
            ),
            models.Index(
                fields=["phone_last4"],
                condition=Q(phone_last4__isnull=False),
                name="customers_member_last4",
            ),
            models.Index(
                fields=["unionid"], condition=~Q(unionid=""), name="customers_member_unionid"
            ),
            models.Index(
                fields=["external_userid"],
                condition=~Q(external_userid=""),
                name="customers_member_external",
            ),
        ]

    def __str__(self) -> str:
        return self.member_no


class FormerStore(models.Model):
    """The store of a membership until it moved: a sale counts by the store of its own day.

    Written when the store changes, by the service that changes it. Before the first row ended, and for a
    member without rows, the first store that was known counts.
    """

    data_map: ClassVar[dict[str, DataUse]] = {}

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    member = models.ForeignKey(CrmMember, models.CASCADE, related_name="former_stores")
    # Empty: the member was taken out of a store and in none until then.
    store_code = models.CharField(_("store code"), max_length=64, blank=True)
    until = models.DateTimeField(_("until"))

    class Meta:
        verbose_name = _("former store")
        verbose_name_plural = _("former stores")
        constraints = [
            models.UniqueConstraint(
                fields=["member", "until"], name="customers_formerstore_one_until"
            )
        ]

    def __str__(self) -> str:
        return f"{self.member_id} {self.store_code}"


# --- what members bought and own -----------------------------------------------------------------------------


class Order(models.Model):
    """A paid order by `order_no`.

    Who bought it is what the sender said (`member_no`, `unionid`, `external_userid`); `member` is joined
    as soon as the member is known, whichever of the two comes first. `refunded` and `status` follow from
    the refunds alone, so that orders and refunds may come in any order; what a cancelled order keeps is
    given back by a refund of our own. `parameter` is the guide's parameter as the surface carried it;
    attribution judges it. `as_of` is the sender's clock: an older state never replaces a newer one.
    """

    class Status(models.TextChoices):
        PAID = "paid", _("paid")
        PARTLY_REFUNDED = "partly_refunded", _("partly refunded")
        REFUNDED = "refunded", _("refunded")

    data_map: ClassVar[dict[str, DataUse]] = {
        "member_no": DataUse("join order and member", "identity", WHILE_MEMBER),
        "unionid": DataUse("join order and person", "identity", WHILE_MEMBER),
        "external_userid": DataUse("join order and WeCom customer", "identity", WHILE_MEMBER),
    }

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    order_no = models.CharField(_("order number"), max_length=64, unique=True)
    member = models.ForeignKey(
        CrmMember, models.SET_NULL, null=True, blank=True, related_name="orders"
    )
    member_no = models.CharField(_("member number"), max_length=64, blank=True)
    unionid = models.CharField(_("unionid"), max_length=64, blank=True)
    external_userid = models.CharField(_("external userid"), max_length=64, blank=True)
    store_code = models.CharField(_("store code"), max_length=64, blank=True)
    channel = models.CharField(_("channel"), max_length=32, blank=True)
    parameter = models.CharField(_("parameter"), max_length=64, blank=True)
    paid_at = models.DateTimeField(_("paid at"))
    amount = models.DecimalField(_("amount"), max_digits=12, decimal_places=2)
    refunded = models.DecimalField(
        _("refunded"), max_digits=12, decimal_places=2, default=Decimal("0.00")
    )
    status = models.CharField(_("status"), max_length=16, choices=Status, default=Status.PAID)
    cancelled_at = models.DateTimeField(_("cancelled at"), null=True, blank=True)
    as_of = models.DateTimeField(_("as of"), null=True, blank=True)
    digest = models.BinaryField(_("digest"), max_length=32)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated at"))

    class Meta:
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        constraints = [
            models.CheckConstraint(
                condition=Q(amount__gte=0, refunded__gte=0), name="customers_order_not_negative"
            )
        ]
        indexes = [
            models.Index(fields=["member", "-paid_at", "-id"], name="customers_order_member"),
            models.Index(fields=["-paid_at", "-id"], name="customers_order_newest"),
            models.Index(fields=["store_code", "-paid_at"], name="customers_order_store"),
            models.Index(
                fields=["unionid", "-paid_at"],
                condition=~Q(unionid=""),
                name="customers_order_unionid",
            ),
            models.Index(
                fields=["external_userid", "-paid_at"],
                condition=~Q(external_userid=""),
                name="customers_order_external",
            ),
            models.Index(
                fields=["member_no"],
                condition=Q(member=None) & ~Q(member_no=""),
                name="customers_order_unjoined",
            ),
        ]

    def __str__(self) -> str:
        return self.order_no

    @property
    def kept(self) -> Decimal:
        """Return what the customer paid and did not get back."""
        return max(self.amount - self.refunded, Decimal("0.00"))


class OrderLine(models.Model):
    """One line of an order as it was sold; the goods' own row may change later."""

    data_map: ClassVar[dict[str, DataUse]] = {}

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    order = models.ForeignKey(Order, models.CASCADE, related_name="lines")
    position = models.PositiveSmallIntegerField(_("position"))
    sku = models.CharField(_("SKU"), max_length=64, blank=True, db_index=True)
    name = models.CharField(_("goods"), max_length=128, blank=True)
    size = models.CharField(_("size"), max_length=32, blank=True)
    colour = models.CharField(_("colour"), max_length=32, blank=True)
    picture_url = models.CharField(_("picture"), max_length=512, blank=True)
    quantity = models.PositiveIntegerField(_("quantity"), default=1)
    amount = models.DecimalField(_("amount"), max_digits=12, decimal_places=2)

    class Meta:
        verbose_name = _("order line")
        verbose_name_plural = _("order lines")
        constraints = [
            models.UniqueConstraint(fields=["order", "position"], name="customers_orderline_once")
        ]

    def __str__(self) -> str:
        return f"{self.sku} {self.quantity}"


class Refund(models.Model):
    """Money given back, by `refund_no`; it may come before its order, so it names it by number.

    `is_cancellation`: ours, for what a cancelled order had not given back otherwise.
    """

    data_map: ClassVar[dict[str, DataUse]] = {}

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    refund_no = models.CharField(_("refund number"), max_length=64, unique=True)
    order_no = models.CharField(_("order number"), max_length=64, db_index=True)
    refunded_at = models.DateTimeField(_("refunded at"))
    amount = models.DecimalField(_("amount"), max_digits=12, decimal_places=2)
    reason = models.CharField(_("reason"), max_length=128, blank=True)
    is_cancellation = models.BooleanField(_("by cancellation"), default=False)
    updated_at = models.DateTimeField(_("updated at"))

    class Meta:
        verbose_name = _("refund")
        verbose_name_plural = _("refunds")
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="customers_refund_is_something")
        ]

    def __str__(self) -> str:
        return self.refund_no


class OrderChange(models.Model):
    """An order is new, changed or refunded and waits for attribution; written in the transaction of the
    change, drained and deleted by whoever credits sales.
    """

    data_map: ClassVar[dict[str, DataUse]] = {}

    order = models.ForeignKey(Order, models.CASCADE, related_name="changes")
    changed_at = models.DateTimeField(_("changed at"), auto_now_add=True)

    class Meta:
        verbose_name = _("changed order")
        verbose_name_plural = _("changed orders")

    def __str__(self) -> str:
        return str(self.order_id)


class HistoryChange(models.Model):
    """A member joined, an order or a refund arrived: waits for the timeline, which drains and deletes it."""

    class Kind(models.TextChoices):
        MEMBER = "member", _("member")
        ORDER = "order", _("order")
        REFUND = "refund", _("refund")
        SERVICE = "service", _("service")

    data_map: ClassVar[dict[str, DataUse]] = {}

    kind = models.CharField(_("kind"), max_length=8, choices=Kind)
    row_id = models.UUIDField(_("row"))
    changed_at = models.DateTimeField(_("changed at"), auto_now_add=True)

    class Meta:
        verbose_name = _("change for the timeline")
        verbose_name_plural = _("changes for the timeline")

    def __str__(self) -> str:
        return f"{self.kind} {self.row_id}"
