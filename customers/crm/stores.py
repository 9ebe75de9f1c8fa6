"""Brings members, orders, services and stock to their stores when a code comes to mean another one."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from contacts.org.codes import StoreCodes, store_codes
from contacts.org.models import OrgUnit
from customers.crm.fact_models import ServiceReceived
from customers.crm.facts import facts_lock
from customers.crm.members import members_lock
from customers.crm.models import CrmMember, FormerStore, Order
from customers.crm.orders import orders_changed, orders_lock
from customers.goods.models import StoreStock
from customers.goods.services import StockRow, stock_upsert
from customers.relations.models import RecordChange
from customers.relations.noting import record_changed

BATCH = 1000


def store_codes_join() -> tuple[int, int]:
    """Give members and orders that came under a CRM id or a merged store's code their store; returns how many of each.

    Members go to the store that took over. Orders and services follow by their moment: those from before the merge
    keep their store. Stock stays with the store that counted it. Running it again changes nothing.
    """
    stores = OrgUnit.objects.filter(kind=OrgUnit.Kind.STORE)
    foreign = [name for name in stores.values_list("crm_store_id", flat=True) if name is not None]
    merged = stores.exclude(merged_into=None).values_list("code", flat=True)
    codes = store_codes([*foreign, *merged])
    _services_join(codes)
    _stock_join(codes)
    return _members_join(codes), _orders_join(codes)


@transaction.atomic
def _members_join(codes: StoreCodes) -> int:
    members_lock()
    now = timezone.now()
    moving = [code for code in codes.named if codes.code_at(code, now) != code]
    moved: list[UUID] = []
    for code in CrmMember.objects.filter(store_code__in=moving).values_list("store_code", flat=True).distinct():  # fmt: skip
        ids = list(CrmMember.objects.filter(store_code=code).values_list("pk", flat=True))
        if code == codes.named[code].code:
            _stores_left(ids, codes.named[code], now)
        CrmMember.objects.filter(pk__in=ids).update(
            store_code=codes.code_at(code, now), updated_at=now
        )
        moved += ids
    record_changed(RecordChange.Kind.MEMBER, moved)
    return len(moved)


def _stores_left(member_ids: Iterable[UUID], store: OrgUnit, now: datetime) -> None:
    """Keep that they were members of a store until it was merged."""
    FormerStore.objects.bulk_create(
        (
            FormerStore(member_id=pk, store_code=store.code, until=store.merged_at or now)
            for pk in member_ids
        ),
        batch_size=BATCH,
    )


@transaction.atomic
def _orders_join(codes: StoreCodes) -> int:
    orders_lock()
    wanted = Q(store_code__in=[code for code, store in codes.named.items() if code != store.code])
    for code, store in codes.named.items():
        if code == store.code and store.merged_at is not None:
            wanted |= Q(store_code=code, paid_at__gte=store.merged_at)
    moved: list[UUID] = []
    for order in Order.objects.filter(wanted).only("pk", "store_code", "paid_at").iterator(BATCH):
        ours = codes.code_at(order.store_code, order.paid_at)
        if ours != order.store_code:
            Order.objects.filter(pk=order.pk).update(store_code=ours, updated_at=timezone.now())
            moved.append(order.pk)
    orders_changed(moved)
    return len(moved)


@transaction.atomic
def _services_join(codes: StoreCodes) -> None:
    facts_lock()
    rows = ServiceReceived.objects.filter(store_code__in=list(codes.named))
    for row in rows.only("pk", "store_code", "served_at").iterator(BATCH):
        ours = codes.code_at(row.store_code, row.served_at)
        if ours != row.store_code:
            ServiceReceived.objects.filter(pk=row.pk).update(store_code=ours)


@transaction.atomic
def _stock_join(codes: StoreCodes) -> None:
    """Tell counts once more under our code of their store: of two counts of one SKU the newer stays."""
    foreign = [code for code in codes.named if codes.own_code(code) != code]
    while rows := list(StoreStock.objects.filter(store_code__in=foreign).order_by("pk")[:BATCH]):
        stock_upsert(
            [StockRow(row.sku, row.store_code, row.quantity, row.observed_at) for row in rows]
        )
        StoreStock.objects.filter(pk__in=[row.pk for row in rows]).delete()
