"""Goods and counts as they come, by API, file or pull: one reading for all doors."""

from customers.batches import by_serializer
from customers.goods.serializers import GoodsSerializer, StockSerializer
from customers.goods.services import GoodsRow, StockRow

read_goods = by_serializer(GoodsSerializer, lambda values: GoodsRow(**values))
read_stock = by_serializer(StockSerializer, lambda values: StockRow(**values))
