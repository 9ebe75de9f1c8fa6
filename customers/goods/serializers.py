"""Goods and stock as partners send them; unknown fields are refused."""

from rest_framework import serializers

from customers.batch_fields import IdField, MoneyField, SeenField, optional_text
from customers.batches import envelope
from customers.goods.models import Goods
from scrm.core.api import StrictSerializer

MOST_PIECES = 10_000_000


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


class StockSerializer(StrictSerializer):
    """How many pieces of a SKU a store has; below zero where the till oversold."""

    sku = IdField(max_length=64)
    store_code = IdField(max_length=64)
    quantity = serializers.IntegerField(min_value=-MOST_PIECES, max_value=MOST_PIECES)
    observed_at = SeenField(required=False)


GoodsEnvelope = envelope("goods", "GoodsBatch", GoodsSerializer)
StockEnvelope = envelope("stock", "StockBatch", StockSerializer)
