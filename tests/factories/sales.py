"""Orders as the partner door writes them, touches, and the ledger as plain sums."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Sum

from attribution.sales.models import Credit, CreditLine
from attribution.sales.services import drain
from attribution.touches.models import Touch
from attribution.touches.services import EventRow, events_record
from contacts.directory.models import Employee, Member
from contacts.directory.services import EmployeeFacts, employees_recorded
from contacts.org.models import StoreBinding
from contacts.parameters.services import issue
from customers.crm.models import Order, OrderChange, Refund
from customers.crm.orders import OrderRow, RefundRow, orders_upsert, refunds_upsert
from customers.crm.rows import MemberRow
from customers.crm.services import members_upsert
from tests.factories.customers import NOON


def order(number: str, *, amount: str = "100.00", paid: datetime = NOON, **changes: Any) -> Order:
    """Send an order through the service of the API."""
    orders_upsert([OrderRow(order_no=number, paid_at=paid, amount=Decimal(amount), **changes)])
    return Order.objects.get(order_no=number)


def refund(number: str, order_no: str, amount: str, *, at: datetime | None = None) -> Refund:
    """Send a refund through the service of the API."""
    refunds_upsert([RefundRow(number, order_no, at or NOON + timedelta(days=1), Decimal(amount))])
    return Refund.objects.get(refund_no=number)


def touch(event_id: str, *, parameter: str = "", at: datetime = NOON, **changes: Any) -> Touch:
    """Record one page view of the buyer "u1"."""
    values: dict[str, Any] = {"kind": "product_view", "unionid": "u1"} | changes
    events_record([EventRow(event_id=event_id, parameter=parameter, occurred_at=at, **values)])
    return Touch.objects.get(event_id=event_id)


def token(member: Member, **changes: Any) -> str:
    """Return a guide's parameter."""
    return issue(kind="guide", member=member, **changes)


def employee(
    number: str, phone: str, day: date | None = None, *, left: bool = False, userid: str = ""
) -> None:
    """Let the OA say that somebody is employed from this day, or left on it; `userid` ties the account."""
    facts = EmployeeFacts(number, "员工", "", "" if left else phone, "", "", "", left, day)
    employees_recorded([facts])
    if userid:
        Member.objects.filter(userid=userid).update(
            employee=Employee.objects.get(job_number=number)
        )


def crm_member(number: str, **fields: Any) -> None:
    """Send a member through the service of the API; fields not given stay."""
    members_upsert([MemberRow(number, {"member_no": number, **fields})], source="api")


def bound_since(member: Member, since: datetime) -> None:
    """Let a guide's bindings begin then."""
    StoreBinding.objects.filter(member=member).update(created_at=since)


def settle() -> None:
    """Work until nothing waits."""
    while drain() is not None:
        pass
    assert not OrderChange.objects.exists()


def credit_of(number: str) -> Credit:
    """Return the credit of an order."""
    return Credit.objects.get(order__order_no=number)


def by_guide(lines: Iterable[CreditLine] | None = None) -> dict[int | None, Decimal]:
    """Return the ledger's sums by guide, zero ones left out."""
    rows = CreditLine.objects.all() if lines is None else lines
    sums: defaultdict[int | None, Decimal] = defaultdict(Decimal)
    for line in rows:
        sums[line.member_id] += line.amount
    return {member: total for member, total in sums.items() if total}


def by_place() -> dict[tuple[Any, ...], Decimal]:
    """Return the ledger's sums by everything a figure may be cut by, zero ones left out."""
    columns = ("order__order_no", "kind", "source", "business_day", "member_id", "store_id")
    rows = CreditLine.objects.order_by().values_list(*columns).annotate(total=Sum("amount"))
    return {tuple(key): total for *key, total in rows if total}


def money_of_orders() -> Decimal:
    """Return Σ orders − Σ refunds of known orders, straight from their tables."""
    paid = Order.objects.aggregate(total=Sum("amount"))["total"] or Decimal(0)
    known = Order.objects.values("order_no")
    back = Refund.objects.filter(order_no__in=known).aggregate(total=Sum("amount"))["total"]
    return paid - (back or Decimal(0))
