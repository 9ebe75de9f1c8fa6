"""Decides orders and posts the ledger; drains what changed, set by set, in one place at a time."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

import structlog
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import Sum
from django.utils import timezone

from attribution.sales.aside import aside_clear, aside_put
from attribution.sales.business import business_day, day_began
from attribution.sales.deciding import Decision, Step, decide
from attribution.sales.facts import Evidence, evidence_for
from attribution.sales.learning import orders_learn
from attribution.sales.ledger import Piece, Place, lines_missing
from attribution.sales.models import Credit, CreditLine, RuleSet
from attribution.sales.rules import steps_of, timetable
from customers.crm.models import Order, OrderChange, Refund

BATCH = 500
NOTHING = Decimal("0.00")
LOCK = "attribution.sales"
logger = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Verdict:
    """What an order is given under the rules of its day; nothing is written yet."""

    order: Order
    ruleset: RuleSet
    decision: Decision
    store_id: int | None


def drain() -> int | None:
    """Decide the orders of at most 500 changes; returns how many orders, None when nothing waits or
    somebody else drains.

    First those are noted whose buyers are known by other names, or were employed on other days, than before.
    """
    with transaction.atomic():
        if not _lock(wait=False):
            return None
        learned = orders_learn()
        changes = list(
            OrderChange.objects.select_for_update(skip_locked=True).order_by("pk")[:BATCH]
        )
        if not changes:
            return 0 if learned else None
        count = _decide({change.order_id for change in changes})
        OrderChange.objects.filter(pk__in=[change.pk for change in changes]).delete()
        return count


@transaction.atomic
def orders_decide(order_ids: Iterable[UUID]) -> int:
    """Decide these orders again, whatever they were given before; returns how many were written."""
    _lock(wait=True)
    return _decide(order_ids)


def _decide(order_ids: Iterable[UUID]) -> int:
    """Decide and write; where that fails, half and half again, so that a bad order stops no other."""
    ids = sorted(order_ids)
    try:
        with transaction.atomic():
            count = _store(verdicts(ids))
            _constraints_check()
            aside_clear(ids)
            return count
    except (OperationalError, InterfaceError):
        # The database's trouble, not an order's.
        raise
    except Exception as error:
        if len(ids) == 1:
            logger.exception("attribution.order_aside", order_id=str(ids[0]))
            aside_put(ids[0], error)
            return 0
        middle = len(ids) // 2
        return _decide(ids[:middle]) + _decide(ids[middle:])


def _constraints_check() -> None:
    """Let a reference to what is gone fail here, not when all is committed."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def _lock(*, wait: bool) -> bool:
    call = "pg_advisory_xact_lock" if wait else "pg_try_advisory_xact_lock"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {call}(hashtextextended(%s, 7))", [LOCK])
        return wait or bool(cursor.fetchone()[0])


def verdicts(order_ids: Iterable[UUID], *, draft: RuleSet | None = None) -> list[Verdict]:
    """Return what these orders are given by the rules in force on their day, or as if a draft were, too."""
    orders = list(Order.objects.filter(pk__in=list(order_ids)).order_by("pk"))
    if not orders:
        return []
    rules = timetable(draft=draft)
    steps = {version.pk: steps_of(version) for version in rules.versions}
    evidence = evidence_for(orders, [step for each in steps.values() for step in each])
    return [
        _verdict(order, evidence, rules.on(business_day(order.paid_at)), steps) for order in orders
    ]


def _verdict(
    order: Order, evidence: Evidence, ruleset: RuleSet, steps: Mapping[int, Sequence[Step]]
) -> Verdict:
    decision = decide(evidence.facts_of(order), steps[ruleset.pk])
    store_id = evidence.store_for(order, decision.member_id)
    return Verdict(order, ruleset, decision, store_id)


# --- writing -----------------------------------------------------------------------------------------------------


def _store(found: Sequence[Verdict]) -> int:
    orders = [verdict.order for verdict in found]
    known = {credit.order_id: credit for credit in Credit.objects.filter(order__in=orders)}
    refunds = _refunds(orders)
    fresh: list[Credit] = []
    changed: list[Credit] = []
    for verdict in found:
        credit = known.get(verdict.order.pk) or Credit(order=verdict.order)
        refunded = sum((each.amount for each in refunds[verdict.order.order_no]), NOTHING)
        if _fill(credit, verdict, refunded):
            (fresh if credit.pk is None else changed).append(credit)
    Credit.objects.bulk_create(fresh)
    Credit.objects.bulk_update(changed, FIELDS, batch_size=BATCH)
    _post(found, refunds)
    return len(fresh) + len(changed)


FIELDS = (
    "member_id", "store_id", "rule", "reason", "ruleset_id", "evidence", "losers", "paid_at", "business_day",
    "amount", "refunded", "decided_at",
)  # fmt: skip


def _fill(credit: Credit, verdict: Verdict, refunded: Decimal) -> bool:
    """Put the verdict on a credit (unsaved); tell whether anything is different."""
    decision, order = verdict.decision, verdict.order
    values = {
        "member_id": decision.member_id,
        "store_id": verdict.store_id,
        "rule": decision.rule,
        "reason": decision.reason,
        "ruleset_id": verdict.ruleset.pk,
        "evidence": dict(decision.evidence),
        "losers": [dict(loser) for loser in decision.losers],
        "paid_at": order.paid_at,
        "business_day": business_day(order.paid_at),
        "amount": order.amount,
        "refunded": refunded,
    }
    if credit.pk is not None and all(
        getattr(credit, name) == value for name, value in values.items()
    ):
        return False
    for name, value in values.items():
        setattr(credit, name, value)
    credit.decided_at = timezone.now()
    return True


def _refunds(orders: Sequence[Order]) -> defaultdict[str, list[Refund]]:
    found: defaultdict[str, list[Refund]] = defaultdict(list)
    for refund in Refund.objects.filter(order_no__in=[order.order_no for order in orders]):
        found[refund.order_no].append(refund)
    return found


def _post(found: Sequence[Verdict], refunds: Mapping[str, Sequence[Refund]]) -> None:
    """Append the lines that make each order's ledger equal to its money."""
    posted = _posted([verdict.order.pk for verdict in found])
    now = timezone.now()
    CreditLine.objects.bulk_create(
        CreditLine(
            order_id=verdict.order.pk,
            member_id=line.place.member_id,
            store_id=line.place.store_id,
            kind=line.place.kind,
            source=line.place.source,
            cause=line.cause,
            amount=line.amount,
            occurred_at=line.occurred_at,
            business_day=line.place.business_day,
            posted_at=now,
        )
        for verdict in found
        for line in lines_missing(
            _pieces(verdict.order, refunds[verdict.order.order_no]),
            member_id=verdict.decision.member_id,
            store_id=verdict.store_id,
            posted=posted[verdict.order.pk],
        )
    )


def _pieces(order: Order, refunds: Iterable[Refund]) -> list[Piece]:
    sale = Piece(CreditLine.Kind.SALE, "", order.amount, order.paid_at, business_day(order.paid_at))
    back = [
        Piece(
            CreditLine.Kind.REFUND,
            refund.refund_no,
            -refund.amount,
            refund.refunded_at,
            business_day(refund.refunded_at),
        )
        for refund in refunds
    ]
    return [sale, *back]


def _posted(order_ids: Sequence[UUID]) -> defaultdict[UUID, dict[Place, Decimal]]:
    found: defaultdict[UUID, dict[Place, Decimal]] = defaultdict(dict)
    columns = ("order_id", "kind", "source", "business_day", "member_id", "store_id")
    rows = (
        CreditLine.objects.filter(order__in=order_ids)
        .order_by()
        .values_list(*columns)
        .annotate(total=Sum("amount"))
    )
    for order_id, kind, source, day, member_id, store_id, total in rows:
        found[order_id][Place(kind, source, day, member_id, store_id)] = total
    return found


def order_ids_after(cursor: str, *, first: date | None, limit: int = BATCH) -> list[UUID]:
    """Return the next orders paid on or after a business day, by id; the cursor is the last id, or empty."""
    orders = Order.objects.order_by("pk")
    if first is not None:
        orders = orders.filter(paid_at__gte=day_began(first))
    if cursor:
        orders = orders.filter(pk__gt=cursor)
    return list(orders.values_list("pk", flat=True)[:limit])
