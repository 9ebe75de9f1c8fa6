"""Orders, refunds, assets, tags and services as they come, by API, file or pull: one reading for all doors."""

from typing import Any

from customers.batches import by_serializer
from customers.crm.facts import AssetRow, ServiceRow, TagsRow
from customers.crm.orders import LineRow, OrderRow, RefundRow
from customers.crm.serializers import (
    AssetSerializer,
    OrderSerializer,
    RefundSerializer,
    ServiceSerializer,
    TagsSerializer,
)


def _order_row(values: dict[str, Any]) -> OrderRow:
    lines = tuple(LineRow(**line) for line in values.pop("lines", ()))
    return OrderRow(**values, lines=lines)


read_order = by_serializer(OrderSerializer, _order_row)
read_refund = by_serializer(RefundSerializer, lambda values: RefundRow(**values))
read_asset = by_serializer(AssetSerializer, lambda values: AssetRow(**values))
read_tags = by_serializer(TagsSerializer, lambda values: TagsRow(**values))
read_service = by_serializer(ServiceSerializer, lambda values: ServiceRow(**values))
