"""Reads of credits and their ledger; every list starts from what the scope may see."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from django.db.models import Count, DecimalField, F, Q, QuerySet, Sum, Value
from django.db.models.functions import Coalesce

from attribution.sales.business import day_began, day_ended
from attribution.sales.models import Credit, CreditLine, RuleSet
from contacts.directory.models import Member
from contacts.org.selectors import rows_visible_to
from customers.crm.models import Order, OrderChange, OrderLine
from scrm.core.scope import Scope

NOTHING = Decimal("0.00")


def credits_visible_to(scope: Scope) -> QuerySet[Credit]:
    """Return the credits a scope may see: those of its stores, whoever serves there today, or one's own."""
    return Credit.objects.filter(rows_visible_to(scope))


def credit_lines_visible_to(scope: Scope) -> QuerySet[CreditLine]:
    """Return the ledger lines a scope may see: those of its stores, or one's own."""
    return CreditLine.objects.filter(rows_visible_to(scope))


def credit_lines_between(scope: Scope, first: date, last: date) -> QuerySet[CreditLine]:
    """Return the visible ledger lines of these business days, both included.

    Lines without a member are the unattributed ones. `amount` is signed; the sum over all lines is orders
    less refunds to the cent.
    """
    return credit_lines_visible_to(scope).filter(business_day__range=(first, last))


@dataclass(frozen=True)
class Figures:
    """Sales of a span of business days: refunds count on the day of the refund."""

    orders: int = 0
    sales: Decimal = NOTHING
    refunds: Decimal = NOTHING

    @property
    def net(self) -> Decimal:
        """Return sales less refunds; `refunds` is zero or positive."""
        return self.sales - self.refunds


def month_days(month: date) -> tuple[date, date]:
    """Return the first day of a month and the first day of the next one."""
    first = month.replace(day=1)
    following = first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)
    return first, following


def month_figures(scope: Scope, month: date, *, member_ids: Iterable[int] | None = None) -> Figures:
    """Return what the scope's guides sold in the month of this day, or some of them; two queries.

    Unattributed sales are nobody's and left out.
    """
    first, following = month_days(month)
    days = Q(business_day__gte=first, business_day__lt=following, member__isnull=False)
    if member_ids is not None:
        days &= Q(member__in=list(member_ids))
    money = sums(credit_lines_visible_to(scope).filter(days))
    orders = credits_visible_to(scope).filter(days).count()
    return Figures(orders, money.sales, money.refunds)


def month_left_out(scope: Scope, month: date) -> Figures:
    """Return what nobody was given in the scope's stores in the month of this day; two queries."""
    first, following = month_days(month)
    days = Q(business_day__gte=first, business_day__lt=following, member__isnull=True)
    money = sums(credit_lines_visible_to(scope).filter(days))
    orders = credits_visible_to(scope).filter(days).count()
    return Figures(orders, money.sales, money.refunds)


def sums(lines: QuerySet[CreditLine]) -> Figures:
    """Return sales and refunds of these lines, in one query; `orders` is left zero."""
    found = lines.aggregate(
        sales=_total(Q(kind=CreditLine.Kind.SALE)), refunds=_total(Q(kind=CreditLine.Kind.REFUND))
    )
    return Figures(0, found["sales"], -found["refunds"])


def _total(condition: Q | None = None, field: str = "amount") -> Coalesce:
    zero = Value(NOTHING, output_field=DecimalField(max_digits=16, decimal_places=2))
    return Coalesce(Sum(field, filter=condition), zero)


@dataclass(frozen=True)
class Reconciliation:
    """Both sides of the till: what the ledger says by guide, and what the orders say less refunds.

    `waiting` orders changed and are not worked on yet; until they are, the sides may differ.
    """

    orders: int
    guides: Decimal
    unattributed: Decimal
    paid: Decimal
    refunded: Decimal
    waiting: int
    unequal: int

    @property
    def ledger(self) -> Decimal:
        """Return Σ guides + unattributed."""
        return self.guides + self.unattributed

    @property
    def expected(self) -> Decimal:
        """Return Σ orders − refunds."""
        return self.paid - self.refunded

    @property
    def difference(self) -> Decimal:
        """Return what the ledger has too much."""
        return self.ledger - self.expected

    @property
    def is_even(self) -> bool:
        """Tell whether both sides agree to the cent, order by order."""
        return self.difference == 0 and self.unequal == 0


def reconciliation(scope: Scope, first: date, last: date) -> Reconciliation:
    """Compare the ledger with the orders paid on these business days; counts orders that disagree, too.

    For the whole company every order counts, also one that has no credit yet. Else those with a visible credit.
    It reads every order of the days and its lines once, in the database.
    """
    orders = Order.objects.filter(paid_at__gte=day_began(first), paid_at__lt=day_ended(last))
    if not scope.everything:
        orders = orders.filter(credit__in=credits_visible_to(scope))
    line = "credit_lines__amount"
    by_order = (
        orders.order_by()
        .values("pk", "amount", "refunded")
        .annotate(
            guides=_total(Q(credit_lines__member__isnull=False), line),
            nobody=_total(Q(credit_lines__member__isnull=True), line),
        )
    )
    even = Q(guides=F("amount") - F("refunded") - F("nobody"))
    found = by_order.aggregate(
        count=Count("pk"),
        theirs=_total(field="guides"),
        nobodys=_total(field="nobody"),
        paid=_total(),
        back=_total(field="refunded"),
        unequal=Count("pk", filter=~even),
    )
    waiting = OrderChange.objects.filter(order__in=orders).values("order").distinct()
    return Reconciliation(
        orders=found["count"],
        guides=found["theirs"],
        unattributed=found["nobodys"],
        paid=found["paid"],
        refunded=found["back"],
        waiting=waiting.count(),
        unequal=found["unequal"],
    )


def rulesets_all() -> QuerySet[RuleSet]:
    """Return the versions of the rules, newest first: no personal data."""
    return RuleSet.objects.select_related("made_by").order_by("-version")


def lines_of(scope: Scope, credit: Credit) -> QuerySet[CreditLine]:
    """Return the ledger lines of one order that the scope may see, as they were posted."""
    lines = credit_lines_visible_to(scope).filter(order_id=credit.order_id)
    return lines.select_related("member", "store").order_by("posted_at", "pk")


@dataclass(frozen=True)
class GuideMonth:
    """One guide's month; without a member: what nobody was given in the scope's stores."""

    member: Member | None
    net: Decimal


def month_by_guide(scope: Scope, month: date) -> list[GuideMonth]:
    """Return the visible net by guide in a month, the most first, in two queries."""
    first, following = month_days(month)
    lines = credit_lines_visible_to(scope).filter(
        business_day__gte=first, business_day__lt=following
    )
    rows = lines.order_by().values_list("member_id").annotate(net=_total())
    sums = {member_id: net for member_id, net in rows if net}
    members = Member.objects.in_bulk([each for each in sums if each is not None])
    found = [GuideMonth(members.get(member_id or 0), net) for member_id, net in sums.items()]
    return sorted(found, key=lambda each: (each.member is None, -each.net))


@dataclass(frozen=True)
class CreditShown:
    """A credit with the first thing that was bought, and how many more."""

    credit: Credit
    goods: str
    more: int


def with_goods(credits: Sequence[Credit]) -> list[CreditShown]:
    """Return credits with what was bought, in one query."""
    lines: dict[UUID, list[str]] = {}
    rows = OrderLine.objects.filter(order__in=[credit.order_id for credit in credits])
    for order_id, name in rows.order_by("order", "position").values_list("order_id", "name"):
        lines.setdefault(order_id, []).append(name)
    return [
        CreditShown(
            credit,
            next(iter(lines.get(credit.order_id, [])), ""),
            max(len(lines.get(credit.order_id, [])) - 1, 0),
        )
        for credit in credits
    ]
