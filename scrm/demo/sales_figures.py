"""What the sales ledger says, and the orders beside it, as the story compares them."""

from decimal import Decimal
from typing import Any

from django.db.models import Sum

from attribution.sales.models import Credit, CreditLine
from contacts.directory.models import Member
from customers.crm.models import Order, OrderChange, Refund

NOTHING = Decimal("0.00")


def waiting() -> int:
    """Return how many changes of orders nobody has worked on yet."""
    return OrderChange.objects.count()


def credit(order_no: str) -> tuple[str, str, Decimal]:
    """Return (userid, rule, what counts) of an order; for nobody's, ("", reason, …)."""
    found = Credit.objects.select_related("member").get(order__order_no=order_no)
    if found.member is None:
        return "", found.reason, found.net
    return found.member.userid, found.rule, found.net


def totals() -> dict[str, Decimal]:
    """Return both sides: `guides` and `nobody` by the ledger, `paid` and `refunded` by the orders."""
    lines = CreditLine.objects.order_by()
    known = Order.objects.values("order_no")
    return {
        "guides": _sum(lines.filter(member__isnull=False)),
        "nobody": _sum(lines.filter(member=None)),
        "paid": _sum(Order.objects.order_by()),
        "refunded": _sum(Refund.objects.order_by().filter(order_no__in=known)),
    }


def ledger_of(userid: str) -> Decimal:
    """Return what the ledger holds for one guide."""
    member = Member.objects.get(userid=userid)
    return _sum(CreditLine.objects.order_by().filter(member=member))


def _sum(rows: Any) -> Decimal:
    total: Decimal | None = rows.aggregate(total=Sum("amount"))["total"]
    return total or NOTHING


def kept_orders() -> list[tuple[str, str, set[str]]]:
    """Return (member number, unionid, SKUs) of every order that was not given back whole."""
    orders = Order.objects.exclude(status=Order.Status.REFUNDED).prefetch_related("lines")
    return [(row.member_no, row.unionid, {line.sku for line in row.lines.all()}) for row in orders]
