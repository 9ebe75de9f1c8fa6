"""Writes of goods and of their stock, set by set."""

import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone

from contacts.org.codes import store_codes
from customers.copying import lock, rows_upsert, states_upsert
from customers.goods.models import Goods, StoreStock
from customers.goods.pictures import drawn_anew, place_of
from customers.results import CREATED, UNCHANGED, UPDATED, UpsertResult
from scrm.core.audit import services as audit


@dataclass(frozen=True)
class GoodsRow:
    """One sellable thing as sent; `price` in yuan."""

    sku: str
    name: str
    model: str = ""
    category: str = ""
    size: str = ""
    colour: str = ""
    price: Decimal = Decimal("0.00")
    picture_url: str = ""
    state: str = Goods.State.ON_SALE.value


@dataclass(frozen=True)
class StockRow:
    """How many pieces of a SKU a store had at `observed_at` (aware; None: now): a state, never a difference."""

    sku: str
    store_code: str
    quantity: int
    observed_at: datetime | None = None


@transaction.atomic
def goods_upsert(rows: Sequence[GoodsRow]) -> UpsertResult:
    """Create or replace at most 1,000 goods (one row a SKU); unchanged ones are not written.

    A picture that was uploaded here stays.
    """
    lock("customers.goods")
    known = {one.sku: one for one in Goods.objects.filter(sku__in=[row.sku for row in rows])}
    now = timezone.now()
    changed: list[Goods] = []
    outcomes: list[str] = []
    for row in rows:
        values = asdict(row)
        goods = known.get(row.sku)
        if goods is not None and all(getattr(goods, name) == each for name, each in values.items()):
            outcomes.append(UNCHANGED)
            continue
        outcomes.append(CREATED if goods is None else UPDATED)
        goods = goods or Goods()
        for name, value in values.items():
            setattr(goods, name, value)
        goods.updated_at = now
        changed.append(goods)
    rows_upsert(Goods, changed)
    return UpsertResult.of(outcomes)


@transaction.atomic
def stock_upsert(rows: Sequence[StockRow]) -> UpsertResult:
    """Store at most 1,000 counts (one row a SKU and store); one older than what is stored changes nothing.

    Goods and stores need not be known yet; a store the sender calls by a number of its own is called as we do.
    """
    lock("customers.stock")
    now = timezone.now()
    stores = store_codes(row.store_code for row in rows)
    states = [
        {
            **asdict(row),
            "store_code": stores.own_code(row.store_code),
            "observed_at": row.observed_at or now,
        }
        for row in rows
    ]
    outcomes = states_upsert(StoreStock, states, key=("sku", "store_code"), newer="observed_at")
    return UpsertResult.of(outcomes)


def picture_set(goods: Goods, content: bytes, *, actor: Any) -> str:
    """Give goods a picture of their own, drawn anew and small; returns its address.

    Raises ValidationFailed for what is no picture. A picture the sender names goes before it.
    """
    drawn = drawn_anew(content)
    token = secrets.token_urlsafe(16)
    default_storage.save(place_of(token), ContentFile(drawn))
    with transaction.atomic():
        row = Goods.objects.select_for_update().get(pk=goods.pk)
        former, row.picture_token = row.picture_token, token
        row.save(update_fields=["picture_token"])
        audit.record(
            actor=actor,
            action="goods.picture_set",
            target=f"goods:{row.pk}",
            after={"sku": row.sku},
        )
        if former:
            transaction.on_commit(lambda: default_storage.delete(place_of(former)))
    return row.picture
