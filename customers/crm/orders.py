"""Orders and refunds set by set; whatever comes first, the same rows result."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from decimal import Decimal
from hashlib import blake2b
from uuid import UUID

import orjson
from django.db import connection, transaction
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from contacts.org.codes import store_codes
from customers.copying import rows_insert, rows_upsert
from customers.crm.forgotten import orders_forgotten
from customers.crm.joining import members_join
from customers.crm.models import CrmMember, HistoryChange, Order, OrderChange, OrderLine, Refund
from customers.results import CREATED, FAILED, UNCHANGED, UPDATED, UpsertResult
from scrm.core.crypto import blind_indexes

NOTHING = Decimal("0.00")
# Not part of what an order says, or hashed in a spelling of their own.
APART = frozenset({"lines", "cancelled_at", "as_of"})
# How the numbers of our own refunds begin; no sender may use it.
OWN_REFUND = "~cancelled-"
# What the column takes.
MOST_REFUNDED = Decimal("9999999999.99")


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
    """One paid order as sent; `amount` in yuan, times aware; `as_of` is the sender's clock, if it tells it."""

    order_no: str
    paid_at: datetime
    amount: Decimal
    member_no: str = ""
    unionid: str = ""
    external_userid: str = ""
    store_code: str = ""
    channel: str = ""
    parameter: str = ""
    cancelled_at: datetime | None = None
    as_of: datetime | None = None
    lines: Sequence[LineRow] = field(default_factory=tuple)

    @property
    def digests(self) -> list[bytes]:
        """Return keyed hashes of all that was said, the one to be stored first: an unchanged order is recognised without reading it."""
        content = {name: str(value) for name, value in asdict(self).items() if name not in APART}
        if self.cancelled_at is not None:
            content["cancelled_at"] = self.cancelled_at.isoformat(timespec="microseconds")
        content["paid_at"] = self.paid_at.isoformat(timespec="microseconds")
        lines = [[str(value) for value in asdict(line).values()] for line in self.lines]
        packed = orjson.dumps([content, lines], option=orjson.OPT_SORT_KEYS)
        return blind_indexes("row_digest", packed.decode())


@dataclass(frozen=True)
class RefundRow:
    """Money given back for an order; `amount` in yuan, above zero."""

    refund_no: str
    order_no: str
    refunded_at: datetime
    amount: Decimal
    reason: str = ""


# What tells who bought; an erasure took it away, and no resent order brings it back.
BUYER = frozenset({"member_no", "unionid", "external_userid"})
ORDER_FIELDS = (
    "paid_at",
    "amount",
    "member_no",
    "unionid",
    "external_userid",
    "store_code",
    "channel",
    "parameter",
    "cancelled_at",
)


def orders_lock() -> None:
    """Let one batch of orders, refunds or members at a time in: sums and joins depend on all of them."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('customers.orders', 7))")


@transaction.atomic
def orders_upsert(rows: Sequence[OrderRow]) -> UpsertResult:
    """Create or replace at most 1,000 orders (one row an order number); unchanged ones are not written.

    A resent order replaces the former one with its lines, unless it tells an older state. New and changed
    orders are noted for attribution and for the timeline in the same transaction.
    """
    orders_lock()
    numbers = [row.order_no for row in rows]
    known = {order.order_no: order for order in Order.objects.filter(order_no__in=numbers)}
    members = _members_by_no({row.member_no for row in rows})
    stores = store_codes(row.store_code for row in rows)
    forgotten = orders_forgotten(rows)
    now = timezone.now()
    changed: list[Order] = []
    confirmed: list[Order] = []
    lines: list[OrderLine] = []
    outcomes: list[str] = []
    for row in rows:
        order, digests = known.get(row.order_no), row.digests
        if order is not None and _is_no_news(order, row, digests):
            outcomes.append(UNCHANGED)
            if row.as_of and not _is_older(order, row):
                order.as_of = row.as_of
                confirmed.append(order)
            continue
        outcomes.append(CREATED if order is None else UPDATED)
        order = order or Order(order_no=row.order_no)
        for name in ORDER_FIELDS:
            if name not in BUYER or row.order_no not in forgotten:
                setattr(order, name, getattr(row, name))
        order.store_code = stores.code_at(row.store_code, row.paid_at)
        if row.order_no not in forgotten:
            order.member_id = members.get(row.member_no)
        order.digest, order.updated_at, order.as_of = digests[0], now, row.as_of or order.as_of
        changed.append(order)
        lines += [
            OrderLine(order=order, position=position, **asdict(line))
            for position, line in enumerate(row.lines, start=1)
        ]
    Order.objects.bulk_update(confirmed, ["as_of"])
    settle_all(changed, now)
    _write(changed, lines)
    return UpsertResult.of(outcomes)


def _is_no_news(order: Order, row: OrderRow, digests: list[bytes]) -> bool:
    return _is_older(order, row) or bytes(order.digest) in digests


def _is_older(order: Order, row: OrderRow) -> bool:
    return bool(row.as_of and order.as_of and row.as_of < order.as_of)


def _write(changed: Sequence[Order], lines: Sequence[OrderLine]) -> None:
    replaced = [order.pk for order in changed if not order._state.adding]
    OrderLine.objects.filter(order_id__in=replaced).delete()
    rows_upsert(Order, changed)
    rows_upsert(OrderLine, lines)
    orders_changed(order.pk for order in changed)


def _members_by_no(numbers: set[str]) -> Mapping[str, UUID]:
    rows = CrmMember.objects.filter(member_no__in=numbers - {""})
    return dict(rows.values_list("member_no", "pk"))


def settle_all(orders: Sequence[Order], now: datetime) -> None:
    """Put on orders (unsaved) what was given back and the status that follows.

    What a cancelled order keeps is given back by a refund of our own, which shrinks with each refund that
    comes after it and goes when the order is not cancelled any more.
    """
    numbers = [order.order_no for order in orders]
    sums = refunded_by_order(numbers)
    ours = {
        refund.order_no: refund
        for refund in Refund.objects.filter(order_no__in=numbers, is_cancellation=True)
    }
    kept: list[Refund] = []
    gone: list[UUID] = []
    for order in orders:
        others, refund = sums.get(order.order_no, NOTHING), ours.get(order.order_no)
        rest = max(order.amount - others, NOTHING) if order.cancelled_at else NOTHING
        if rest:
            refund = refund or Refund(
                refund_no=cancellation_no(order.order_no),
                order_no=order.order_no,
                is_cancellation=True,
            )
            refund.amount, refund.updated_at = rest, now
            refund.refunded_at = order.cancelled_at or now
            kept.append(refund)
        elif refund is not None:
            gone.append(refund.pk)
        settle(order, others + rest)
    Refund.objects.filter(pk__in=gone).delete()
    rows_upsert(Refund, kept)


def cancellation_no(order_no: str) -> str:
    """Return the number of our own refund for a cancelled order."""
    return OWN_REFUND + blake2b(order_no.encode(), digest_size=16).hexdigest()


def settle(order: Order, refunded: Decimal) -> None:
    """Put the sum of the refunds on an order (unsaved), and the status that follows."""
    order.refunded = refunded
    if refunded >= order.amount and (refunded > 0 or order.cancelled_at):
        order.status = Order.Status.REFUNDED
    elif refunded > 0:
        order.status = Order.Status.PARTLY_REFUNDED
    else:
        order.status = Order.Status.PAID


def refunded_by_order(order_numbers: Iterable[str]) -> dict[str, Decimal]:
    """Return the sum of the refunds that were sent, by order number; orders without refunds are missing."""
    sent = Refund.objects.filter(order_no__in=list(order_numbers), is_cancellation=False)
    rows = sent.values("order_no").annotate(total=Sum("amount")).order_by()
    return {row["order_no"]: row["total"] for row in rows}


@transaction.atomic
def refunds_upsert(sent: Sequence[RefundRow]) -> UpsertResult:
    """Create or replace at most 1,000 refunds (one row a refund number) and settle their orders again.

    One with which an order's refunds would exceed what we can store is refused, and stops no other.
    """
    orders_lock()
    numbers = [row.refund_no for row in sent]
    known = {refund.refund_no: refund for refund in Refund.objects.filter(refund_no__in=numbers)}
    refused = _beyond_the_most(sent, known)
    now = timezone.now()
    changed: list[Refund] = []
    touched: set[str] = set()
    outcomes: list[str] = []
    for row in sent:
        if row.refund_no in refused:
            outcomes.append(FAILED)
            continue
        refund = known.get(row.refund_no)
        values = asdict(row)
        if refund is not None and all(
            getattr(refund, name) == each for name, each in values.items()
        ):
            outcomes.append(UNCHANGED)
            continue
        outcomes.append(CREATED if refund is None else UPDATED)
        refund = refund or Refund(refund_no=row.refund_no)
        touched |= {refund.order_no, row.order_no} - {""}
        for name, value in values.items():
            setattr(refund, name, value)
        refund.updated_at = now
        changed.append(refund)
    rows_upsert(Refund, changed)
    _settle_orders(touched, now)
    history_changed(HistoryChange.Kind.REFUND, (refund.pk for refund in changed))
    return UpsertResult.of(outcomes, refused)


def _beyond_the_most(rows: Sequence[RefundRow], known: Mapping[str, Refund]) -> dict[str, str]:
    """Return, by number, why rows cannot be stored that would make an order's refunds too large for us."""
    orders = {row.order_no for row in rows} | {refund.order_no for refund in known.values()}
    sums = defaultdict(Decimal, refunded_by_order(orders))
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
    return refused


def _settle_orders(order_numbers: set[str], now: datetime) -> None:
    orders = list(Order.objects.filter(order_no__in=order_numbers))
    settle_all(orders, now)
    for order in orders:
        order.updated_at = now
    rows_upsert(Order, orders)
    orders_reconsider(order.pk for order in orders)


def orders_join(members: Mapping[str, UUID]) -> int:
    """Give new members (by number) the orders that came before them; return how many."""
    if not members:
        return 0
    orders_lock()
    joined = members_join(Order, members)
    orders_changed(joined)
    return len(joined)


def orders_changed(order_ids: Iterable[UUID]) -> None:
    """Note in the caller's transaction that attribution and the timeline have to look at these orders."""
    ids = list(order_ids)
    orders_reconsider(ids)
    history_changed(HistoryChange.Kind.ORDER, ids)


def orders_reconsider(order_ids: Iterable[UUID]) -> None:
    """Let attribution look at these orders again although they did not change: what decides them did."""
    now = timezone.now()
    rows = [(order_id, now) for order_id in order_ids]
    rows_insert(OrderChange, ("order_id", "changed_at"), rows)


def history_changed(kind: str, row_ids: Iterable[UUID]) -> None:
    """Note in the caller's transaction that the timeline has to look at these rows."""
    word, now = str(kind), timezone.now()
    rows_insert(
        HistoryChange,
        ("kind", "row_id", "changed_at"),
        [(word, row_id, now) for row_id in row_ids],
    )
