"""Orders, refunds, assets, tags and services as partners send them; unknown fields are refused."""

from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from customers.batch_fields import (
    IdField,
    MomentField,
    MoneyField,
    SeenField,
    optional_id,
    optional_text,
)
from customers.batches import envelope
from customers.crm.fact_models import Asset, ServiceReceived
from customers.crm.orders import OWN_REFUND
from scrm.core.api import StrictSerializer

LINES_AN_ORDER = 100
TAGS_A_MEMBER = 100


class OrderLineSerializer(StrictSerializer):
    """One line of an order; `amount` is for all its pieces."""

    sku = optional_id(64)
    name = optional_text(128)
    size = optional_text(32)
    colour = optional_text(32)
    picture_url = serializers.URLField(max_length=512, required=False, allow_blank=True)
    quantity = serializers.IntegerField(min_value=1, max_value=100_000, required=False)
    amount = MoneyField()


class OrderSerializer(StrictSerializer):
    """One paid order; sent again, it replaces the former one, unless `as_of` says that it is older."""

    order_no = IdField(max_length=64)
    paid_at = MomentField()
    amount = MoneyField()
    member_no = optional_id(64)
    unionid = optional_id(64)
    external_userid = optional_id(64)
    store_code = optional_id(64)
    channel = optional_text(32)
    parameter = serializers.CharField(max_length=64, required=False, allow_blank=True)
    cancelled_at = MomentField(required=False, allow_null=True)
    as_of = SeenField(required=False)
    lines = serializers.ListField(
        child=OrderLineSerializer(), required=False, max_length=LINES_AN_ORDER
    )


class RefundSerializer(StrictSerializer):
    """Money given back; it may be sent before its order."""

    refund_no = IdField(max_length=64)
    order_no = IdField(max_length=64)
    refunded_at = MomentField()
    amount = MoneyField(min_value=Decimal("0.01"))
    reason = optional_text(128)

    def validate_refund_no(self, value: str) -> str:
        """Keep our own numbers to ourselves."""
        if value.startswith(OWN_REFUND):
            raise serializers.ValidationError(_("A number may not begin so."))
        return value


class AssetSerializer(StrictSerializer):
    """What a member owns now; coupons have a code, points and balance have none."""

    member_no = IdField(max_length=64)
    kind = serializers.ChoiceField(choices=Asset.Kind.choices)
    code = optional_id(64)
    title = optional_text(64)
    amount = MoneyField(required=False)
    state = serializers.ChoiceField(choices=Asset.State.choices, required=False)
    expires_on = serializers.DateField(required=False, allow_null=True)
    as_of = SeenField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Tie the code to the kind."""
        is_coupon = attrs["kind"] == Asset.Kind.COUPON
        if is_coupon and not attrs.get("code"):
            raise serializers.ValidationError({"code": [_("A coupon needs its code.")]})
        if not is_coupon and attrs.get("code"):
            raise serializers.ValidationError({"code": [_("Only coupons have a code.")]})
        return attrs


class TagsSerializer(StrictSerializer):
    """All tags of a member; an empty list takes them away."""

    member_no = IdField(max_length=64)
    tags = serializers.ListField(
        child=serializers.CharField(max_length=32), max_length=TAGS_A_MEMBER
    )
    as_of = SeenField(required=False)


class ServiceSerializer(StrictSerializer):
    """A service a member booked or got; `kind` in the retailer's own words."""

    service_no = IdField(max_length=64)
    kind = serializers.CharField(max_length=32)
    served_at = MomentField()
    member_no = optional_id(64)
    unionid = optional_id(64)
    order_no = optional_id(64)
    sku = optional_id(64)
    title = optional_text(128)
    store_code = optional_id(64)
    userid = optional_id(64)
    state = serializers.ChoiceField(choices=ServiceReceived.State.choices, required=False)
    rating = serializers.IntegerField(min_value=1, max_value=5, required=False, allow_null=True)
    as_of = SeenField(required=False)


OrdersEnvelope = envelope("orders", "OrdersBatch", OrderSerializer)
RefundsEnvelope = envelope("refunds", "RefundsBatch", RefundSerializer)
AssetsEnvelope = envelope("assets", "AssetsBatch", AssetSerializer)
TagsEnvelope = envelope("member_tags", "MemberTagsBatch", TagsSerializer)
ServicesEnvelope = envelope("services", "ServicesBatch", ServiceSerializer)
