"""Orders, refunds, assets: set by set, once, in any order."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from customers.crm import services
from customers.crm.fact_models import Asset
from customers.crm.facts import AssetRow
from customers.crm.models import (
    CrmMember,
    HistoryChange,
    Order,
    OrderChange,
    OrderLine,
    Refund,
)
from customers.crm.orders import LineRow, OrderRow, RefundRow
from customers.crm.rows import MemberRow
from tests.factories.customers import NOON, CrmMemberFactory

pytestmark = pytest.mark.django_db
COAT = LineRow(Decimal("199.50"), sku="C1", name="Coat", size="M", colour="red")
SOCKS = LineRow(Decimal("20.00"), sku="S1", quantity=2)
ORDER = OrderRow("O1", NOON, Decimal("219.50"), member_no="M1", lines=(COAT, SOCKS))


def counts(result: Any) -> tuple[int, int, int]:
    return result.created, result.updated, result.unchanged


def test_an_order_is_stored_once_and_replaced_whole() -> None:
    assert counts(services.orders_upsert([ORDER])) == (1, 0, 0)
    first = Order.objects.get()
    assert counts(services.orders_upsert([ORDER])) == (0, 0, 1)
    assert OrderChange.objects.count() == 1

    changed = replace(ORDER, amount=Decimal("199.50"), lines=(COAT,), channel="mall")
    assert counts(services.orders_upsert([changed])) == (0, 1, 0)

    order = Order.objects.get()
    assert (order.pk, order.amount, order.channel, order.status) == (
        first.pk,
        Decimal("199.50"),
        "mall",
        "paid",
    )
    assert list(order.lines.values_list("sku", "position")) == [("C1", 1)]
    assert OrderChange.objects.filter(order=order).count() == 2


REFUNDS = [
    RefundRow("R1", "O1", NOON + timedelta(days=1), Decimal("19.50")),
    RefundRow("R2", "O1", NOON + timedelta(days=2), Decimal("200.00")),
]
ACTS = {
    "member": lambda: services.members_upsert([MemberRow("M1", {"member_no": "M1"})], source="api"),
    "order": lambda: services.orders_upsert([ORDER]),
    "part": lambda: services.refunds_upsert(REFUNDS[:1]),
    "rest": lambda: services.refunds_upsert(REFUNDS[1:]),
}


@pytest.mark.parametrize("names", list(permutations(ACTS)), ids="-".join)
def test_any_order_of_arrival_gives_the_same_order(names: tuple[str, ...]) -> None:
    for name in names:
        ACTS[name]()

    order = Order.objects.get()
    assert (order.member, order.refunded, order.status, order.kept) == (
        CrmMember.objects.get(),
        Decimal("219.50"),
        "refunded",
        Decimal("0.00"),
    )
    assert OrderChange.objects.filter(order=order).exists()


def test_a_refund_makes_its_order_partly_refunded_and_dirty() -> None:
    services.orders_upsert([ORDER])
    OrderChange.objects.all().delete()

    assert counts(services.refunds_upsert(REFUNDS[:1])) == (1, 0, 0)
    assert counts(services.refunds_upsert(REFUNDS[:1])) == (0, 0, 1)

    order = Order.objects.get()
    assert (order.status, order.refunded) == ("partly_refunded", Decimal("19.50"))
    assert list(OrderChange.objects.values_list("order_id", flat=True)) == [order.pk]


def test_a_refund_moved_to_another_order_settles_both() -> None:
    services.orders_upsert([ORDER, replace(ORDER, order_no="O2")])
    services.refunds_upsert(REFUNDS[:1])

    services.refunds_upsert([replace(REFUNDS[0], order_no="O2")])

    assert dict(Order.objects.values_list("order_no", "refunded")) == {
        "O1": Decimal("0.00"),
        "O2": Decimal("19.50"),
    }
    assert Refund.objects.count() == 1


def test_an_older_state_of_an_asset_changes_nothing() -> None:
    CrmMemberFactory(member_no="M1")
    points = AssetRow("M1", "points", amount=Decimal("100"), as_of=NOON)
    coupon = AssetRow("M1", "coupon", code="K1", title="Ten off", expires_on=date(2026, 12, 1))
    assert counts(services.assets_upsert([points, coupon])) == (2, 0, 0)

    late = replace(points, amount=Decimal("80"), as_of=NOON + timedelta(hours=1))
    assert counts(services.assets_upsert([late])) == (0, 1, 0)
    assert counts(services.assets_upsert([points])) == (0, 0, 1)

    assert Asset.objects.get(kind="points").amount == Decimal("80.00")
    assert Asset.objects.get(kind="coupon").title == "Ten off"


def test_the_queries_do_not_grow_with_the_batch() -> None:
    def cost(numbers: range) -> int:
        rows = [replace(ORDER, order_no=f"Q{number}") for number in numbers]
        with CaptureQueriesContext(connection) as queries:
            services.orders_upsert(rows)
        return len(queries)

    assert cost(range(2)) == cost(range(10, 210))
    assert OrderLine.objects.count() == 2 * 202


def test_members_who_joined_are_noted_for_the_timeline() -> None:
    row = MemberRow("M1", {"member_no": "M1", "joined_on": date(2024, 3, 1)})
    services.members_upsert([row], source="api")
    services.members_upsert([row], source="api")

    member = CrmMember.objects.get()
    assert list(HistoryChange.objects.values_list("kind", "row_id")) == [("member", member.pk)]
