"""Orders, refunds, assets, tags and services for the retailer's own systems: batches in, one order out."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, cast

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from customers.batch_fields import ID_TEXT
from customers.batch_view import FactsBatchView
from customers.batches import BatchResultSerializer, Checked, checked
from customers.crm.facts import AssetRow, ServiceRow, TagsRow, members_known
from customers.crm.orders import OrderRow, RefundRow
from customers.crm.reading import read_asset, read_order, read_refund, read_service, read_tags
from customers.crm.selectors import orders_of_partner, orders_over_refunded, refunds_of
from customers.crm.serializers import (
    AssetsEnvelope,
    OrderLineSerializer,
    OrdersEnvelope,
    RefundsEnvelope,
    ServicesEnvelope,
    TagsEnvelope,
)
from customers.crm.services import (
    assets_upsert,
    orders_upsert,
    refunds_upsert,
    services_upsert,
    tags_upsert,
)
from customers.goods.selectors import skus_unknown
from customers.results import UpsertResult
from scrm.accounts.models import PartnerKey


def _unknown(
    named: Iterable[tuple[str, Sequence[tuple[str, str]]]],
) -> list[dict[str, list[str]]]:
    """Return for each row (member number, (field, SKU) of its lines) which of them nobody told us of."""
    rows = list(named)
    members = members_known(number for number, _lines in rows)
    skus = skus_unknown(sku for _number, lines in rows for _field, sku in lines)
    told = []
    for number, lines in rows:
        fields = {
            field: [_("There are no goods with this SKU yet.")]
            for field, sku in lines
            if sku in skus
        }
        if number and number not in members:
            fields["member_no"] = [_("There is no member with this number yet.")]
        told.append(fields)
    return told


class OrdersBatchView(FactsBatchView):
    """Paid orders."""

    api_scope = "orders.write"
    rows_name, envelope = "orders", OrdersEnvelope

    @extend_schema(
        operation_id="orders_batch", request=OrdersEnvelope, responses=BatchResultSerializer
    )
    def post(self, request: Request) -> Response:
        """Store the usable orders; an order sent again replaces the former one, unless it is older.

        An order whose member or goods we do not know yet is kept, named in `warnings`, and joined later.
        """
        return self.answer(request)

    def read(self, sent: Sequence[Mapping[str, Any]]) -> Checked[Any]:
        """Read orders with their lines."""
        return checked(sent, key=("order_no",), read=read_order)

    def store(self, rows: Sequence[Any]) -> UpsertResult:
        """Write orders."""
        return orders_upsert(rows)

    def key(self, row: OrderRow) -> str:
        """Return the order number."""
        return row.order_no

    def warnings(self, rows: Sequence[Any]) -> Sequence[Mapping[str, Sequence[str]]]:
        """Name members and SKUs that did not come yet."""
        return _unknown(
            (row.member_no, [(f"lines.{at}.sku", line.sku) for at, line in enumerate(row.lines)])
            for row in rows
        )


class RefundsBatchView(FactsBatchView):
    """Money given back."""

    api_scope = "orders.write"
    rows_name, envelope = "refunds", RefundsEnvelope
    refused_field: ClassVar[str] = "amount"

    @extend_schema(
        operation_id="refunds_batch", request=RefundsEnvelope, responses=BatchResultSerializer
    )
    def post(self, request: Request) -> Response:
        """Store the usable refunds; they may come before their orders."""
        return self.answer(request)

    def read(self, sent: Sequence[Mapping[str, Any]]) -> Checked[Any]:
        """Read refunds."""
        return checked(sent, key=("refund_no",), read=read_refund)

    def store(self, rows: Sequence[Any]) -> UpsertResult:
        """Write refunds and settle their orders."""
        return refunds_upsert(rows)

    def key(self, row: RefundRow) -> str:
        """Return the refund number."""
        return row.refund_no

    def warnings(self, rows: Sequence[Any]) -> Sequence[Mapping[str, Sequence[str]]]:
        """Name refunds with which more was given back than was paid."""
        over = orders_over_refunded(row.order_no for row in rows)
        words = [_("With this, more than the order's amount was given back.")]
        return [{"amount": words} if row.order_no in over else {} for row in rows]


class AssetsBatchView(FactsBatchView):
    """Points, balances and coupons of members."""

    api_scope = "assets.write"
    rows_name, envelope = "assets", AssetsEnvelope

    @extend_schema(
        operation_id="assets_batch", request=AssetsEnvelope, responses=BatchResultSerializer
    )
    def post(self, request: Request) -> Response:
        """Store what members own now; what comes before its member is kept and joined later."""
        return self.answer(request)

    def read(self, sent: Sequence[Mapping[str, Any]]) -> Checked[Any]:
        """Read assets."""
        return checked(sent, key=("member_no", "kind", "code"), read=read_asset)

    def store(self, rows: Sequence[Any]) -> UpsertResult:
        """Write assets."""
        return assets_upsert(rows)

    def key(self, row: AssetRow) -> str:
        """Return member, kind and code."""
        return f"{row.member_no}:{row.kind}:{row.code}"

    def warnings(self, rows: Sequence[Any]) -> Sequence[Mapping[str, Sequence[str]]]:
        """Name members that did not come yet."""
        return _unknown((row.member_no, ()) for row in rows)


class TagsBatchView(FactsBatchView):
    """The tags the member system gives members; WeCom's own tags are another thing."""

    api_scope = "member_tags.write"
    rows_name, envelope = "member_tags", TagsEnvelope

    @extend_schema(
        operation_id="member_tags_batch", request=TagsEnvelope, responses=BatchResultSerializer
    )
    def post(self, request: Request) -> Response:
        """Replace the tags of members; an older state changes nothing."""
        return self.answer(request)

    def read(self, sent: Sequence[Mapping[str, Any]]) -> Checked[Any]:
        """Read tags."""
        return checked(sent, key=("member_no",), read=read_tags)

    def store(self, rows: Sequence[Any]) -> UpsertResult:
        """Write tags."""
        return tags_upsert(rows)

    def key(self, row: TagsRow) -> str:
        """Return the member number."""
        return row.member_no

    def warnings(self, rows: Sequence[Any]) -> Sequence[Mapping[str, Sequence[str]]]:
        """Name members that did not come yet."""
        return _unknown((row.member_no, ()) for row in rows)


class ServicesBatchView(FactsBatchView):
    """Services members booked or got."""

    api_scope = "services.write"
    rows_name, envelope = "services", ServicesEnvelope

    @extend_schema(
        operation_id="services_batch", request=ServicesEnvelope, responses=BatchResultSerializer
    )
    def post(self, request: Request) -> Response:
        """Store the usable services; what comes before its member is kept and joined later."""
        return self.answer(request)

    def read(self, sent: Sequence[Mapping[str, Any]]) -> Checked[Any]:
        """Read services."""
        return checked(sent, key=("service_no",), read=read_service)

    def store(self, rows: Sequence[Any]) -> UpsertResult:
        """Write services."""
        return services_upsert(rows)

    def key(self, row: ServiceRow) -> str:
        """Return the service number."""
        return row.service_no

    def warnings(self, rows: Sequence[Any]) -> Sequence[Mapping[str, Sequence[str]]]:
        """Name members and SKUs that did not come yet."""
        return _unknown((row.member_no, [("sku", row.sku)]) for row in rows)


ORDER_FIELDS = (
    "order_no",
    "member_no",
    "store_code",
    "channel",
    "paid_at",
    "cancelled_at",
    "amount",
    "refunded",
    "status",
)


class RefundAnswerSerializer(serializers.Serializer[Any]):
    """Money given back."""

    refund_no = serializers.CharField()
    refunded_at = serializers.DateTimeField()
    amount = serializers.DecimalField(max_digits=12, decimal_places=2)
    reason = serializers.CharField()
    is_cancellation = serializers.BooleanField()


class OrderAnswerSerializer(serializers.Serializer[Any]):
    """An order as it stands now."""

    order_no = serializers.CharField()
    member_no = serializers.CharField()
    store_code = serializers.CharField()
    channel = serializers.CharField()
    paid_at = serializers.DateTimeField()
    cancelled_at = serializers.DateTimeField(allow_null=True)
    amount = serializers.DecimalField(max_digits=12, decimal_places=2)
    refunded = serializers.DecimalField(max_digits=12, decimal_places=2)
    status = serializers.CharField()
    is_joined = serializers.BooleanField()
    lines = OrderLineSerializer(many=True)
    refunds = RefundAnswerSerializer(many=True)


class OrderView(APIView):
    """One order."""

    api_scope = "orders.read"

    @extend_schema(
        operation_id="order_get",
        responses=OrderAnswerSerializer,
        parameters=[OpenApiParameter("order_no", str, OpenApiParameter.PATH)],
    )
    def get(self, request: Request, order_no: str) -> Response:
        """Return an order by number with its lines and refunds; 404 when there is none."""
        if not ID_TEXT.fullmatch(order_no):
            raise Http404
        order = get_object_or_404(
            orders_of_partner(cast(PartnerKey, request.auth)), order_no=order_no
        )
        answer: dict[str, Any] = {name: getattr(order, name) for name in ORDER_FIELDS}
        answer["is_joined"] = order.member_id is not None
        answer["lines"] = order.lines.order_by("position")
        answer["refunds"] = refunds_of(order)
        return Response(OrderAnswerSerializer(answer).data)
