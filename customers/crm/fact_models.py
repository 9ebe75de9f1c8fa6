"""What members own, are called and received: facts that hang on the member and may come before it."""

from decimal import Decimal
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from customers.crm.models import WHILE_MEMBER, CrmMember
from scrm.core.data_map import DataUse
from scrm.core.ids import uuid7


def unjoined(name: str) -> models.Index:
    """Return the index by which a new member finds what came before it."""
    return models.Index(
        fields=["member_no"],
        condition=Q(member=None) & ~Q(member_no=""),
        name=f"customers_{name}_unjoined",
    )


class Asset(models.Model):
    """What a member owns: points and balance (one row each, `code` empty), and coupons (one row each).

    It may come before its member (`member_no`), and is joined when that one comes.
    """

    class Kind(models.TextChoices):
        POINTS = "points", _("points")
        BALANCE = "balance", _("balance")
        COUPON = "coupon", _("coupon")

    class State(models.TextChoices):
        USABLE = "usable", _("usable")
        USED = "used", _("used")
        EXPIRED = "expired", _("expired")

    data_map: ClassVar[dict[str, DataUse]] = {
        "member_no": DataUse("join asset and member", "identity", WHILE_MEMBER),
    }

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    member_no = models.CharField(_("member number"), max_length=64)
    member = models.ForeignKey(
        CrmMember, models.CASCADE, null=True, blank=True, related_name="assets"
    )
    kind = models.CharField(_("kind"), max_length=8, choices=Kind)
    code = models.CharField(_("code"), max_length=64, blank=True)
    title = models.CharField(_("title"), max_length=64, blank=True)
    amount = models.DecimalField(
        _("amount"), max_digits=14, decimal_places=2, default=Decimal("0.00")
    )
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.USABLE)
    expires_on = models.DateField(_("expires on"), null=True, blank=True)
    updated_at = models.DateTimeField(_("updated at"))

    class Meta:
        verbose_name = _("asset")
        verbose_name_plural = _("assets")
        constraints = [
            models.UniqueConstraint(
                fields=["member_no", "kind", "code"], name="customers_asset_once_by_number"
            ),
            models.CheckConstraint(
                condition=(Q(kind="coupon") & ~Q(code="")) | (~Q(kind="coupon") & Q(code="")),
                name="customers_asset_code_of_coupon",
            ),
        ]
        indexes = [unjoined("asset")]

    def __str__(self) -> str:
        return f"{self.kind} {self.code}"


class MemberTags(models.Model):
    """The tags the member system gives a member, as a whole; WeCom's own tags are another thing."""

    data_map: ClassVar[dict[str, DataUse]] = {
        "member_no": DataUse("join tags and member", "identity", WHILE_MEMBER),
        "tags": DataUse("serve a member as the shop knows them", "behaviour", WHILE_MEMBER),
    }

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    member_no = models.CharField(_("member number"), max_length=64, unique=True)
    member = models.ForeignKey(
        CrmMember, models.CASCADE, null=True, blank=True, related_name="tag_sets"
    )
    tags = ArrayField(models.CharField(max_length=32), verbose_name=_("tags"), default=list)
    observed_at = models.DateTimeField(_("as of"))

    class Meta:
        verbose_name = _("tags of a CRM member")
        verbose_name_plural = _("tags of CRM members")
        indexes = [
            GinIndex(fields=["tags"], name="customers_membertags_tags"),
            unjoined("membertags"),
        ]

    def __str__(self) -> str:
        return self.member_no


class ServiceReceived(models.Model):
    """A service a member booked or got (delivery, fitting, repair …), by `service_no`.

    `kind` is the retailer's own word; `userid` the member of WeCom who served.
    """

    class State(models.TextChoices):
        BOOKED = "booked", _("booked")
        DONE = "done", _("done")
        CANCELLED = "cancelled", _("cancelled")

    data_map: ClassVar[dict[str, DataUse]] = {
        "member_no": DataUse("join service and member", "identity", WHILE_MEMBER),
        "unionid": DataUse("join service and person", "identity", WHILE_MEMBER),
        "userid": DataUse("show who served", "staff", "2 years"),
    }

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    service_no = models.CharField(_("service number"), max_length=64, unique=True)
    member_no = models.CharField(_("member number"), max_length=64, blank=True)
    member = models.ForeignKey(
        CrmMember, models.SET_NULL, null=True, blank=True, related_name="services"
    )
    unionid = models.CharField(_("unionid"), max_length=64, blank=True)
    order_no = models.CharField(_("order number"), max_length=64, blank=True)
    sku = models.CharField(_("SKU"), max_length=64, blank=True)
    kind = models.CharField(_("service"), max_length=32)
    title = models.CharField(_("title"), max_length=128, blank=True)
    store_code = models.CharField(_("store code"), max_length=64, blank=True)
    userid = models.CharField(_("served by"), max_length=64, blank=True)
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.DONE)
    rating = models.PositiveSmallIntegerField(_("rating"), null=True, blank=True)
    served_at = models.DateTimeField(_("when"))
    observed_at = models.DateTimeField(_("as of"))

    class Meta:
        verbose_name = _("service received")
        verbose_name_plural = _("services received")
        constraints = [
            models.CheckConstraint(
                condition=Q(rating=None) | Q(rating__gte=1, rating__lte=5),
                name="customers_servicereceived_rating_of_five",
            ),
        ]
        indexes = [
            models.Index(fields=["member", "-served_at"], name="customers_service_member"),
            models.Index(
                fields=["unionid", "-served_at"],
                condition=~Q(unionid=""),
                name="customers_service_unionid",
            ),
            models.Index(fields=["-served_at", "-id"], name="customers_service_newest"),
            unjoined("service"),
        ]

    def __str__(self) -> str:
        return self.service_no
