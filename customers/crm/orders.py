"""Orders and refunds set by set; whatever comes first, the same rows result."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from decimal import Decimal
from uuid import UUID

import orjson
from django.db import connection, transaction
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from contacts.org.codes import store_codes
from customers.copying import rows_upsert
from customers.crm.models import CrmMember, HistoryChange, Order, OrderChange, OrderLine, Refund
from scrm.core.crypto import blind_index

NOTHING = Decimal("0.00")
# What the column takes.
MOST_REFUNDED = Decimal("9999999999.99")


@dataclass(frozen=True)
class UpsertResult:
    """What a batch did to its table."""

    created: int
    updated: int
    unchanged: int
    # Reasons by the number of a row that could not be stored beside the others.
    refused: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class LineRow:
    """One line as sent; `amount` is what was paid for all its pieces, in yuan."""

    amount: Decimal
    sku: str = ""
    name: str = ""
    size: str = ""
    colour: str = ""
    picture_url: str = ""
    quantity: int = 1


@dataclass(frozen=True)
class OrderRow:
    """One paid order as sent; `amount` in yuan, `paid_at` aware."""

    order_no: str
    paid_at: datetime
    amount: Decimal
    member_no: str = ""
    unionid: str = ""
    external_userid: str = ""
    store_code: str = ""
    channel: str = ""
    parameter: str = ""
    lines: Sequence[LineRow] = field(default_factory=tuple)

    @property
    def digest(self) -> bytes:
        """Return a keyed hash of all that was sent: an unchanged order is recognised without reading it."""
        content = {name: str(value) for name, value in asdict(self).items() if name != "lines"}
        content["paid_at"] = self.paid_at.isoformat(timespec="microseconds")
        lines = [[str(value) for value in asdict(line).values()] for line in self.lines]
        packed = orjson.dumps([content, lines], option=orjson.OPT_SORT_KEYS)
        return blind_index("row_digest", packed.decode())


@dataclass(frozen=True)
class RefundRow:
    """Money given back for an order; `amount` in yuan, above zero."""

    refund_no: str
    order_no: str
    refunded_at: datetime
    amount: Decimal
    reason: str = ""


ORDER_FIELDS = (
    "paid_at",
    "amount",
    "member_no",
    "unionid",
    "external_userid",
    "store_code",
    "channel",
    "parameter",
)


def orders_lock() -> None:
    """Let one batch of orders, refunds or members at a time in: sums and joins depend on all of them."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('customers.orders', 7))")


@transaction.atomic
def orders_upsert(rows: Sequence[OrderRow]) -> UpsertResult:
    """Create or replace at most 1,000 orders (one row an order number); unchanged ones are not written.

    A resent order replaces the former one with its lines. New and changed orders are noted for
    attribution and for the timeline in the same transaction.
    """
    orders_lock()
    numbers = [row.order_no for row in rows]
    known = {order.order_no: order for order in Order.objects.filter(order_no__in=numbers)}
    members = _members_by_no({row.member_no for row in rows})
    stores = store_codes(row.store_code for row in rows)
    refunded = refunded_by_order(numbers)
    now = timezone.now()
    changed: list[Order] = []
    lines: list[OrderLine] = []
    created = 0
    for row in rows:
        order, digest = known.get(row.order_no), row.digest
        if order is not None and bytes(order.digest) == digest:
            continue
        created += order is None
        order = order or Order(order_no=row.order_no)
        for name in ORDER_FIELDS:
            setattr(order, name, getattr(row, name))
        order.store_code = stores.code_at(row.store_code, row.paid_at)
        order.member_id = members.get(row.member_no)
        order.digest, order.updated_at = digest, now
        settle(order, refunded.get(row.order_no, NOTHING))
        changed.append(order)
        lines += [
            OrderLine(order=order, position=position, **asdict(line))
            for position, line in enumerate(row.lines, start=1)
        ]
    _write(changed, lines)
    return UpsertResult(created, len(changed) - created, len(rows) - len(changed))


def _write(changed: Sequence[Order], lines: Sequence[OrderLine]) -> None:
    replaced = [order.pk for order in changed if not order._state.adding]
    OrderLine.objects.filter(order_id__in=replaced).delete()
    rows_upsert(Order, changed)
    rows_upsert(OrderLine, lines)
    orders_changed(order.pk for order in changed)


def _members_by_no(numbers: set[str]) -> Mapping[str, UUID]:
    rows = CrmMember.objects.filter(member_no__in=numbers - {""})
    return dict(rows.values_list("member_no", "pk"))


def settle(order: Order, refunded: Decimal) -> None:
    """Put the sum of the refunds on an order (unsaved), and the status that follows."""
    order.refunded = refunded
    if refunded <= 0:
        order.status = Order.Status.PAID
    elif refunded < order.amount:
        order.status = Order.Status.PARTLY_REFUNDED
    else:
        order.status = Order.Status.REFUNDED


def refunded_by_order(order_numbers: Iterable[str]) -> dict[str, Decimal]:
    """Return the sum of the refunds by order number, in one query; orders without refunds are missing."""
    rows = Refund.objects.filter(order_no__in=list(order_numbers)).values("order_no")
    return {row["order_no"]: row["total"] for row in rows.annotate(total=Sum("amount")).order_by()}


@transaction.atomic
def refunds_upsert(rows: Sequence[RefundRow]) -> UpsertResult:
    """Create or replace at most 1,000 refunds (one row a refund number) and settle their orders again.

    One with which an order's refunds would exceed what we can store is refused, and stops no other.
    """
    orders_lock()
    numbers = [row.refund_no for row in rows]
    known = {refund.refund_no: refund for refund in Refund.objects.filter(refund_no__in=numbers)}
    rows, refused = _within_the_most(rows, known)
    now = timezone.now()
    changed: list[Refund] = []
    touched: set[str] = set()
    created = 0
    for row in rows:
        refund = known.get(row.refund_no)
        created += refund is None
        refund = refund or Refund(refund_no=row.refund_no)
        values = asdict(row)
        if all(getattr(refund, name) == value for name, value in values.items()):
            continue
        touched |= {refund.order_no, row.order_no} - {""}
        for name, value in values.items():
            setattr(refund, name, value)
        refund.updated_at = now
        changed.append(refund)
    rows_upsert(Refund, changed)
    _settle_orders(touched, now)
    history_changed(HistoryChange.Kind.REFUND, (refund.pk for refund in changed))
    return UpsertResult(created, len(changed) - created, len(rows) - len(changed), refused)


def _within_the_most(
    rows: Sequence[RefundRow], known: Mapping[str, Refund]
) -> tuple[list[RefundRow], dict[str, str]]:
    """Return the rows that leave the sum of each order's refunds storable, and why the others do not."""
    orders = {row.order_no for row in rows} | {refund.order_no for refund in known.values()}
    sums = defaultdict(Decimal, refunded_by_order(orders))
    kept: list[RefundRow] = []
    refused: dict[str, str] = {}
    for row in rows:
        former = known.get(row.refund_no)
        if former is not None:
            sums[former.order_no] -= former.amount
        if sums[row.order_no] + row.amount > MOST_REFUNDED:
            refused[row.refund_no] = _(
                "With it the refunds of this order would come to more than %(most)s."
            ) % {"most": MOST_REFUNDED}
            if former is not None:
                sums[former.order_no] += former.amount
            continue
        sums[row.order_no] += row.amount
        kept.append(row)
    return kept, refused


def _settle_orders(order_numbers: set[str], now: datetime) -> None:
    sums = refunded_by_order(order_numbers)
    orders = list(Order.objects.filter(order_no__in=order_numbers))
    for order in orders:
        settle(order, sums.get(order.order_no, NOTHING))
        order.updated_at = now
    rows_upsert(Order, orders)
    OrderChange.objects.bulk_create(OrderChange(order_id=order.pk) for order in orders)


def orders_join(members: Mapping[str, UUID]) -> int:
    """Give new members (by number) the orders that came before them; return how many."""
    if not members:
        return 0
    orders_lock()
    orders = list(Order.objects.filter(member=None, member_no__in=members))
    for order in orders:
        order.member_id = members[order.member_no]
    Order.objects.bulk_update(orders, ["member"], batch_size=1000)
    orders_changed(order.pk for order in orders)
    return len(orders)


def orders_changed(order_ids: Iterable[UUID]) -> None:
    """Note in the caller's transaction that attribution and the timeline have to look at these orders."""
    ids = list(order_ids)
    OrderChange.objects.bulk_create(
        (OrderChange(order_id=order_id) for order_id in ids), batch_size=1000
    )
    history_changed(HistoryChange.Kind.ORDER, ids)


def orders_reconsider(order_ids: Iterable[UUID]) -> None:
    """Let attribution look at these orders again although they did not change: what decides them did."""
    rows = (OrderChange(order_id=order_id) for order_id in order_ids)
    OrderChange.objects.bulk_create(rows, batch_size=1000)


def history_changed(kind: str, row_ids: Iterable[UUID]) -> None:
    """Note in the caller's transaction that the timeline has to look at these rows."""
    HistoryChange.objects.bulk_create(
        (HistoryChange(kind=kind, row_id=row_id) for row_id in row_ids), batch_size=1000
    )
