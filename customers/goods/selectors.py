"""Reads of goods and their stock; no personal data, but stock is told by store and so by scope."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce, JSONObject

from contacts.org.codes import store_codes
from contacts.org.models import OrgUnit
from contacts.org.selectors import stores_visible_to
from customers.goods.models import Goods, StoreStock
from scrm.accounts.models import PartnerKey
from scrm.core.scope import Scope

VARIANTS = 50
# What a line that came without it takes from its goods.
BESIDE = ("sku", "name", "category", "size", "colour", "picture_url", "picture_token")


@dataclass(frozen=True)
class StockLine:
    """What one store has; `name` is empty for a store we do not know."""

    store_code: str
    name: str
    quantity: int
    observed_at: datetime


def goods_visible_to(scope: Scope) -> QuerySet[Goods]:
    """Return the goods: no personal data, so whoever may open the page sees all of them."""
    return Goods.objects.all() if scope.allows("goods.view") else Goods.objects.none()


def goods_search(goods: QuerySet[Goods], text: str) -> QuerySet[Goods]:
    """Narrow goods to a SKU, a model, or a part of the name."""
    text = text.strip()
    if not text:
        return goods
    return goods.filter(Q(sku__iexact=text) | Q(model__iexact=text) | Q(name__icontains=text))


def with_stock(scope: Scope, goods: QuerySet[Goods]) -> QuerySet[Goods]:
    """Add `pieces`: how many the stores in scope have together (None where nobody counted)."""
    mine = stock_visible_to(scope).filter(sku=OuterRef("sku"), quantity__gt=0).order_by()
    total = mine.values("sku").annotate(total=Sum("quantity")).values("total")
    counted = stock_visible_to(scope).filter(sku=OuterRef("sku")).order_by()
    none = counted.values("sku").annotate(total=Sum("quantity") * 0).values("total")
    return goods.annotate(pieces=Coalesce(Subquery(total), Subquery(none)))


def stock_visible_to(scope: Scope) -> QuerySet[StoreStock]:
    """Return the stock a scope may see: all of it, or that of its stores."""
    if scope.everything:
        return StoreStock.objects.all()
    return StoreStock.objects.filter(store_code__in=stores_visible_to(scope).values("code"))


def stock_of(scope: Scope, sku: str) -> list[StockLine]:
    """Return the stores in scope that counted a SKU, the fullest first."""
    rows = list(stock_visible_to(scope).filter(sku=sku).order_by("-quantity", "store_code"))
    stores = OrgUnit.objects.filter(code__in=[row.store_code for row in rows])
    names = dict(stores.values_list("code", "name"))
    return [
        StockLine(row.store_code, names.get(row.store_code, ""), row.quantity, row.observed_at)
        for row in rows
    ]


def variants_of(goods: Goods) -> Sequence[Goods]:
    """Return the other sizes and colours of the same model."""
    if not goods.model:
        return []
    others = Goods.objects.filter(model=goods.model).exclude(pk=goods.pk)
    return list(others.order_by("colour", "size", "sku")[:VARIANTS])


def pictures_of(skus: Iterable[str]) -> dict[str, Goods]:
    """Return goods by SKU, for lines that came without a picture or a name."""
    return {one.sku: one for one in Goods.objects.filter(sku__in=set(skus) - {""})}


def goods_beside() -> Subquery:
    """Return the goods of a row's `sku` as a column of that row, so that they cost no query; `goods_from` reads it."""
    goods = Goods.objects.filter(sku=OuterRef("sku"))
    return Subquery(goods.values(beside=JSONObject(**{name: name for name in BESIDE}))[:1])


def goods_from(column: Mapping[str, str] | None) -> Goods | None:
    """Return the goods of a `goods_beside` column: for reading, never to be saved."""
    return None if column is None else Goods(**column)


def skus_unknown(skus: Iterable[str]) -> set[str]:
    """Return those of these SKUs of which no goods have come yet."""
    named = set(skus) - {""}
    return named - set(Goods.objects.filter(sku__in=named).values_list("sku", flat=True))


def stores_unknown(codes: Iterable[str]) -> set[str]:
    """Return those of these store codes that no store of ours is called by."""
    named = set(codes) - {""}
    return named - set(store_codes(named).named)


def goods_of_partner(key: PartnerKey) -> QuerySet[Goods]:
    """Return the goods a partner's key may read: all of them while it holds `goods.read`, else none."""
    return Goods.objects.all() if "goods.read" in key.scopes else Goods.objects.none()


def stock_of_partner(key: PartnerKey) -> QuerySet[StoreStock]:
    """Return the stock a partner's key may read: all of it while it holds `goods.read`, else none."""
    return StoreStock.objects.all() if "goods.read" in key.scopes else StoreStock.objects.none()
