"""Goods and store stock for the retailer's own systems: batches in, one thing with its stock out."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

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
from customers.goods.reading import read_goods, read_stock
from customers.goods.selectors import (
    goods_of_partner,
    skus_unknown,
    stock_of_partner,
    stores_unknown,
)
from customers.goods.serializers import GoodsEnvelope, StockEnvelope
from customers.goods.services import GoodsRow, StockRow, goods_upsert, stock_upsert
from customers.results import UpsertResult
from scrm.accounts.models import PartnerKey


class GoodsBatchView(FactsBatchView):
    """Sellable things."""

    api_scope = "goods.write"
    rows_name, envelope = "goods", GoodsEnvelope

    @extend_schema(
        operation_id="goods_batch", request=GoodsEnvelope, responses=BatchResultSerializer
    )
    def post(self, request: Request) -> Response:
        """Store the usable goods; goods sent again replace the former ones."""
        return self.answer(request)

    def read(self, sent: Sequence[Mapping[str, Any]]) -> Checked[Any]:
        """Read goods."""
        return checked(sent, key=("sku",), read=read_goods)

    def store(self, rows: Sequence[Any]) -> UpsertResult:
        """Write goods."""
        return goods_upsert(rows)

    def key(self, row: GoodsRow) -> str:
        """Return the SKU."""
        return row.sku


class StockBatchView(FactsBatchView):
    """How much of it lies in which store."""

    api_scope = "stock.write"
    rows_name, envelope = "stock", StockEnvelope

    @extend_schema(
        operation_id="stock_batch", request=StockEnvelope, responses=BatchResultSerializer
    )
    def post(self, request: Request) -> Response:
        """Store the usable counts; one older than what we know changes nothing.

        A SKU or store we do not know yet is kept and named in `warnings`.
        """
        return self.answer(request)

    def read(self, sent: Sequence[Mapping[str, Any]]) -> Checked[Any]:
        """Read counts."""
        return checked(sent, key=("sku", "store_code"), read=read_stock)

    def store(self, rows: Sequence[Any]) -> UpsertResult:
        """Write counts."""
        return stock_upsert(rows)

    def key(self, row: StockRow) -> str:
        """Return SKU and store."""
        return f"{row.sku}:{row.store_code}"

    def warnings(self, rows: Sequence[Any]) -> Sequence[Mapping[str, Sequence[str]]]:
        """Say which SKUs and stores nobody told us of."""
        skus = skus_unknown(row.sku for row in rows)
        stores = stores_unknown(row.store_code for row in rows)
        told = []
        for row in rows:
            fields = {}
            if row.sku in skus:
                fields["sku"] = [_("There are no goods with this SKU yet.")]
            if row.store_code in stores:
                fields["store_code"] = [_("There is no store with this code yet.")]
            told.append(fields)
        return told


GOODS_FIELDS = (
    "sku",
    "name",
    "model",
    "category",
    "size",
    "colour",
    "price",
    "picture_url",
    "state",
)


class StockLineSerializer(serializers.Serializer[Any]):
    """What one store has."""

    store_code = serializers.CharField()
    quantity = serializers.IntegerField()
    observed_at = serializers.DateTimeField()


class GoodsAnswerSerializer(serializers.Serializer[Any]):
    """Goods with their stock by store."""

    sku = serializers.CharField()
    name = serializers.CharField()
    model = serializers.CharField()
    category = serializers.CharField()
    size = serializers.CharField()
    colour = serializers.CharField()
    price = serializers.DecimalField(max_digits=12, decimal_places=2)
    picture_url = serializers.CharField()
    state = serializers.CharField()
    stock = StockLineSerializer(many=True)


class GoodsView(APIView):
    """One thing."""

    api_scope = "goods.read"

    @extend_schema(
        operation_id="goods_get",
        responses=GoodsAnswerSerializer,
        parameters=[OpenApiParameter("sku", str, OpenApiParameter.PATH)],
    )
    def get(self, request: Request, sku: str) -> Response:
        """Return goods by SKU with their stock; 404 when there are none."""
        if not ID_TEXT.fullmatch(sku):
            raise Http404
        key = cast(PartnerKey, request.auth)
        goods = get_object_or_404(goods_of_partner(key), sku=sku)
        stock = stock_of_partner(key).filter(sku=sku).order_by("store_code")
        answer = {name: getattr(goods, name) for name in GOODS_FIELDS} | {"stock": stock}
        return Response(GoodsAnswerSerializer(answer).data)
