"""What somebody bought: sums by channel, the wardrobe page by page, and what they like; a fixed number of queries."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Case, Count, F, Max, OuterRef, QuerySet, Subquery, Sum, When

from customers.crm.models import Order, OrderLine, Refund
from customers.goods.selectors import goods_beside, goods_from
from scrm.core.keyset import paginate

# Orders a page of the wardrobe shows, and different goods the habits are read from.
WARDROBE = 24
LIKED = 500
FAVOURITES = 3
NOTHING = Decimal("0.00")


@dataclass(frozen=True)
class Channel:
    """What was bought in one channel, refunds taken off; `name` is the retailer's own word, "" where not told."""

    name: str
    orders: int
    net: Decimal
    last_at: datetime


@dataclass(frozen=True)
class Bought:
    """All purchases in sum; `channels` with the most orders first."""

    net: Decimal = NOTHING
    orders: int = 0
    last_purchase_at: datetime | None = None
    last_refund_at: datetime | None = None
    channels: tuple[Channel, ...] = ()


@dataclass(frozen=True)
class Liked:
    """What was bought most and kept, with how often; `newest` is the name of the last thing kept."""

    sizes: tuple[tuple[str, int], ...] = ()
    colours: tuple[tuple[str, int], ...] = ()
    categories: tuple[tuple[str, int], ...] = ()
    newest: str = ""


@dataclass(frozen=True)
class Piece:
    """One thing the customer bought, as it hangs in the wardrobe."""

    order: Order
    name: str
    picture: str
    size: str
    colour: str
    quantity: int
    amount: Decimal

    @property
    def is_returned(self) -> bool:
        """Return whether its whole order was given back."""
        return self.order.status == Order.Status.REFUNDED


def bought_of(orders: QuerySet[Order]) -> Bought:
    """Add up orders by channel in one query."""
    refund = Refund.objects.filter(order_no=OuterRef("order_no")).order_by("-refunded_at")
    rows = (
        orders.order_by()
        .annotate(
            back_at=Subquery(refund.values("refunded_at")[:1]),
            kept_at=Case(When(refunded__lt=F("amount"), then="paid_at")),
        )
        .values("channel")
        .annotate(
            paid=Sum("amount"),
            back=Sum("refunded"),
            count=Count("pk"),
            last=Max("paid_at"),
            last_kept=Max("kept_at"),
            last_back=Max("back_at"),
        )
        .order_by("-count", "channel")
    )
    channels = [
        (Channel(row["channel"], row["count"], _net(row["paid"], row["back"]), row["last"]), row)
        for row in rows
    ]
    return Bought(
        net=max(sum((row["paid"] - row["back"] for _channel, row in channels), NOTHING), NOTHING),
        orders=sum(channel.orders for channel, _row in channels),
        last_purchase_at=_latest(row["last_kept"] for _channel, row in channels),
        last_refund_at=_latest(row["last_back"] for _channel, row in channels),
        channels=tuple(channel for channel, _row in channels),
    )


def _net(paid: Decimal, back: Decimal) -> Decimal:
    return max(paid - back, NOTHING)


def _latest(moments: Iterable[datetime | None]) -> datetime | None:
    return max((each for each in moments if each is not None), default=None)


def liked_of(orders: QuerySet[Order]) -> Liked:
    """Read habits from what was kept, in one query; what a line came without is taken from the goods."""
    kept = orders.order_by().exclude(status=Order.Status.REFUNDED)
    rows = list(
        OrderLine.objects.filter(order__in=kept)
        .order_by()
        .values("sku", "name", "size", "colour")
        .annotate(count=Count("pk"), last=Max("order__paid_at"), goods=goods_beside())
        .order_by("-last", "sku", "name")[:LIKED]
    )
    sizes: Counter[str] = Counter()
    colours: Counter[str] = Counter()
    categories: Counter[str] = Counter()
    for row in rows:
        known = row["goods"] or {}
        sizes[row["size"] or known.get("size", "")] += row["count"]
        colours[row["colour"] or known.get("colour", "")] += row["count"]
        categories[known.get("category", "")] += row["count"]
    first = rows[0] if rows else None
    newest = first["name"] or (first["goods"] or {}).get("name", first["sku"]) if first else ""
    return Liked(_most(sizes), _most(colours), _most(categories), newest)


def _most(counted: Counter[str]) -> tuple[tuple[str, int], ...]:
    counted.pop("", None)
    return tuple(counted.most_common(FAVOURITES))


def wardrobe_of(
    orders: QuerySet[Order], after: str | None = None
) -> tuple[tuple[Piece, ...], str | None]:
    """Return the pieces of a page of orders, the newest first, and the token of the next page; two queries.

    Raises ValidationFailed for a foreign `after`.
    """
    page = paginate(orders, order=("-paid_at", "-id"), after=after, size=WARDROBE)
    by_id = {order.pk: order for order in page.rows}
    lines = list(
        OrderLine.objects.filter(order_id__in=by_id)
        .annotate(goods=goods_beside())
        .order_by("position")
    )
    lines.sort(key=lambda line: (by_id[line.order_id].paid_at, str(line.order_id)), reverse=True)
    pieces = []
    for line in lines:
        known = goods_from(line.goods)
        pieces.append(
            Piece(
                order=by_id[line.order_id],
                name=line.name or (known.name if known else line.sku),
                picture=line.picture_url or (known.picture if known else ""),
                size=line.size or (known.size if known else ""),
                colour=line.colour or (known.colour if known else ""),
                quantity=line.quantity,
                amount=line.amount,
            )
        )
    return tuple(pieces), page.next
