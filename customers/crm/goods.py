"""Goods, and what members own, set by set."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from customers.copying import rows_upsert
from customers.crm.models import Asset, CrmMember, Goods
from customers.crm.orders import NOTHING, UpsertResult


@dataclass(frozen=True)
class GoodsRow:
    """One sellable thing as sent; `price` in yuan."""

    sku: str
    name: str
    model: str = ""
    category: str = ""
    size: str = ""
    colour: str = ""
    price: Decimal = NOTHING
    picture_url: str = ""
    state: str = Goods.State.ON_SALE.value


@dataclass(frozen=True)
class AssetRow:
    """What a member owned at `as_of` (aware; None: now): a state, never a difference."""

    member_no: str
    kind: str
    code: str = ""
    title: str = ""
    amount: Decimal = NOTHING
    state: str = Asset.State.USABLE.value
    expires_on: date | None = None
    as_of: datetime | None = None


@transaction.atomic
def goods_upsert(rows: Sequence[GoodsRow]) -> UpsertResult:
    """Create or replace at most 1,000 goods (one row a SKU); unchanged ones are not written."""
    _lock("customers.goods")
    known = {one.sku: one for one in Goods.objects.filter(sku__in=[row.sku for row in rows])}
    now = timezone.now()
    changed: list[Goods] = []
    created = 0
    for row in rows:
        values = asdict(row)
        goods = known.get(row.sku)
        if goods is not None and all(getattr(goods, name) == each for name, each in values.items()):
            continue
        created += goods is None
        goods = goods or Goods()
        for name, value in values.items():
            setattr(goods, name, value)
        goods.updated_at = now
        changed.append(goods)
    rows_upsert(Goods, changed)
    return UpsertResult(created, len(changed) - created, len(rows) - len(changed))


def members_known(numbers: Sequence[str]) -> dict[str, UUID]:
    """Return the keys of members by number; numbers we do not know are missing."""
    rows = CrmMember.objects.filter(member_no__in=set(numbers))
    return dict(rows.values_list("member_no", "pk"))


ASSET_FIELDS = ("title", "amount", "state", "expires_on")


@transaction.atomic
def assets_upsert(rows: Sequence[AssetRow]) -> UpsertResult:
    """Store at most 1,000 assets of known members (one row a member, kind and code).

    A state older than the stored one changes nothing. Raises KeyError for an unknown member: ask
    `members_known` first.
    """
    _lock("customers.assets")
    members = members_known([row.member_no for row in rows])
    known = {
        (asset.member_id, asset.kind, asset.code): asset
        for asset in Asset.objects.filter(member_id__in=members.values())
    }
    now = timezone.now()
    changed: list[Asset] = []
    created = 0
    for row in rows:
        key, as_of = (members[row.member_no], row.kind, row.code), row.as_of or now
        asset = known.get(key)
        if asset is not None and not _is_news(asset, row, as_of):
            continue
        created += asset is None
        asset = asset or Asset(member_id=key[0], kind=row.kind, code=row.code)
        for name in ASSET_FIELDS:
            setattr(asset, name, getattr(row, name))
        asset.updated_at = as_of
        changed.append(asset)
    rows_upsert(Asset, changed)
    return UpsertResult(created, len(changed) - created, len(rows) - len(changed))


def _is_news(asset: Asset, row: AssetRow, as_of: datetime) -> bool:
    if as_of < asset.updated_at:
        return False
    return any(getattr(asset, name) != getattr(row, name) for name in ASSET_FIELDS)


def _lock(what: str) -> None:
    """Let one batch at a time in: two that bring the same new row would collide."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 7))", [what])
