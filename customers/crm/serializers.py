"""Orders, refunds, goods and assets as partners send them; unknown fields are refused."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import serializers

from customers.crm.batches import envelope
from customers.crm.models import Asset, Goods
from scrm.core.api import StrictSerializer

LINES_AN_ORDER = 100
YEARS = range(2000, 2101)
# Of fields that may be empty too: rows.ID_TEXT is the same for one that may not.
ID_PATTERN = r"^[!-~]*\Z"


class IdField(serializers.RegexField):
    """An identifier: letters, digits and signs, no blanks."""

    def __init__(self, **kwargs: Any) -> None:
        words: dict[str, Any] = {
            "invalid": gettext_lazy("Letters, digits and signs only, without blanks.")
        }
        super().__init__(ID_PATTERN, error_messages=words, **kwargs)


class MomentField(serializers.DateTimeField):
    """A moment; without an offset it is Shanghai's time."""

    def to_internal_value(self, value: Any) -> datetime:
        """Refuse years nobody sells in."""
        moment: datetime = super().to_internal_value(value)
        if moment.year not in YEARS:
            raise serializers.ValidationError(_("The year must lie between 2000 and 2100."))
        return moment


class MoneyField(serializers.DecimalField):
    """Yuan with at most two decimals."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("min_value", Decimal("0.00"))
        super().__init__(max_digits=12, decimal_places=2, **kwargs)


def optional_text(length: int) -> serializers.CharField:
    """Return a text field that may be left out or empty."""
    return serializers.CharField(max_length=length, required=False, allow_blank=True)


def optional_id(length: int) -> IdField:
    """Return an identifier that may be left out or empty."""
    return IdField(max_length=length, required=False, allow_blank=True)


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
    """One paid order; sent again, it replaces the former one."""

    order_no = IdField(max_length=64)
    paid_at = MomentField()
    amount = MoneyField()
    member_no = optional_id(64)
    unionid = optional_id(64)
    external_userid = optional_id(64)
    store_code = optional_id(64)
    channel = optional_text(32)
    parameter = serializers.CharField(max_length=64, required=False, allow_blank=True)
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


class GoodsSerializer(StrictSerializer):
    """One sellable thing."""

    sku = IdField(max_length=64)
    name = serializers.CharField(max_length=128)
    model = optional_text(64)
    category = optional_text(64)
    size = optional_text(32)
    colour = optional_text(32)
    price = MoneyField(required=False)
    picture_url = serializers.URLField(max_length=512, required=False, allow_blank=True)
    state = serializers.ChoiceField(choices=Goods.State.choices, required=False)


class AssetSerializer(StrictSerializer):
    """What a member owns now; coupons have a code, points and balance have none."""

    member_no = IdField(max_length=64)
    kind = serializers.ChoiceField(choices=Asset.Kind.choices)
    code = optional_id(64)
    title = optional_text(64)
    amount = MoneyField(required=False)
    state = serializers.ChoiceField(choices=Asset.State.choices, required=False)
    expires_on = serializers.DateField(required=False, allow_null=True)
    as_of = MomentField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Tie the code to the kind."""
        is_coupon = attrs["kind"] == Asset.Kind.COUPON
        if is_coupon and not attrs.get("code"):
            raise serializers.ValidationError({"code": [_("A coupon needs its code.")]})
        if not is_coupon and attrs.get("code"):
            raise serializers.ValidationError({"code": [_("Only coupons have a code.")]})
        return attrs


OrdersEnvelope = envelope("orders", "OrdersBatch", OrderSerializer)
RefundsEnvelope = envelope("refunds", "RefundsBatch", RefundSerializer)
GoodsEnvelope = envelope("goods", "GoodsBatch", GoodsSerializer)
AssetsEnvelope = envelope("assets", "AssetsBatch", AssetSerializer)
