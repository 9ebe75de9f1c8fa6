"""The batches of orders, refunds, goods and assets: per-row errors, repeats, scopes."""

from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from customers.crm.fact_models import Asset
from customers.crm.models import Order, OrderChange, Refund
from customers.goods.models import Goods
from scrm.accounts.services import partner_key_create
from tests.factories.customers import CrmMemberFactory

pytestmark = pytest.mark.django_db
API = "/api/v1/{}/batch"
ORDER = {"order_no": "O1", "paid_at": "2026-11-21T12:00:00+08:00", "amount": "99.00"}
REFUND = {
    "refund_no": "R1",
    "order_no": "O1",
    "refunded_at": "2026-11-22T12:00:00+08:00",
    "amount": "9.00",
}


def send(
    client: Client, name: str, rows: Any, *, scope: str, key: str = "", bearer: str = ""
) -> Any:
    """Post a batch."""
    token = bearer or partner_key_create(name="mall", scopes=[scope], actor=None)[1]
    return client.post(
        API.format(name),
        data={name: rows},
        content_type="application/json",
        headers={"Authorization": f"Bearer {token}", "Idempotency-Key": key or str(uuid4())},
    )


def figures(answer: Any) -> tuple[int, ...]:
    """Return created, updated, unchanged, failed."""
    assert answer.status_code == 200, answer.content
    body = answer.json()
    return tuple(body[name] for name in ("created", "updated", "unchanged", "failed"))


def wrong(answer: Any) -> list[tuple[int, str, list[str]]]:
    """Return the errors as (index, key, fields)."""
    return [(one["index"], one["key"], sorted(one["fields"])) for one in answer.json()["errors"]]


def test_good_orders_are_stored_and_bad_ones_named(client: Client) -> None:
    line = {"sku": "C1", "name": "外套", "amount": "99.00", "quantity": 1}
    answer = send(
        client,
        "orders",
        [
            {**ORDER, "lines": [line], "unionid": "ou1"},
            {**ORDER, "order_no": "O2", "amount": "-1"},
            {**ORDER, "order_no": "O3", "discount": "1"},
            ORDER,
            {**ORDER, "order_no": "O4", "paid_at": "0001-01-01T00:00:00+14:00"},
            {**ORDER, "order_no": "O 5"},
            {**ORDER, "order_no": "O6", "lines": [{"sku": "C1"}]},
            {**ORDER, "order_no": "O7\x00"},
            {},
        ],
        scope="orders.write",
    )

    assert figures(answer) == (1, 0, 0, 8)
    assert wrong(answer) == [
        (1, "O2", ["amount"]),
        (2, "O3", ["discount"]),
        (3, "O1", ["order_no"]),
        (4, "O4", ["paid_at"]),
        (5, "O 5", ["order_no"]),
        (6, "O6", ["lines.0.amount"]),
        (7, "O7\x00", ["order_no"]),
        (8, "", ["amount", "order_no", "paid_at"]),
    ]
    order = Order.objects.get()
    assert (order.amount, order.unionid, order.lines.get().name) == (
        Decimal("99.00"),
        "ou1",
        "外套",
    )


def test_a_repeat_has_no_second_effect(client: Client) -> None:
    token = partner_key_create(name="mall", scopes=["orders.write"], actor=None)[1]
    send(client, "orders", [ORDER], scope="", bearer=token)
    first = send(client, "refunds", [REFUND], scope="", bearer=token, key="refund-0001")
    again = send(client, "refunds", [REFUND], scope="", bearer=token, key="refund-0001")
    other = [{**REFUND, "amount": "10.00"}]
    reused = send(client, "refunds", other, scope="", bearer=token, key="refund-0001")

    assert figures(first) == (1, 0, 0, 0)
    assert again.json() == first.json()
    assert reused.status_code == 409
    assert Refund.objects.get().amount == Decimal("9.00")
    assert OrderChange.objects.count() == 2


def test_goods_and_assets(client: Client) -> None:
    CrmMemberFactory(member_no="M1")
    goods = send(
        client,
        "goods",
        [
            {"sku": "C1", "name": "外套", "colour": "红", "size": "M", "price": "199.5"},
            {"sku": "C2", "name": "外套", "picture_url": "javascript:alert(1)"},
        ],
        scope="goods.write",
    )
    assets = send(
        client,
        "assets",
        [
            {"member_no": "M1", "kind": "points", "amount": "120"},
            {"member_no": "M1", "kind": "coupon", "code": "K1", "expires_on": "2026-12-31"},
            {"member_no": "M1", "kind": "coupon"},
            {"member_no": "M1", "kind": "points", "code": "K1"},
            {"member_no": "nobody", "kind": "points"},
            {"member_no": "M1", "kind": "points"},
            {"member_no": "\x00", "kind": "points"},
        ],
        scope="assets.write",
    )

    assert figures(goods) == (1, 0, 0, 1)
    assert wrong(goods) == [(1, "C2", ["picture_url"])]
    assert Goods.objects.get().price == Decimal("199.50")
    assert figures(assets) == (3, 0, 0, 4)
    assert [(index, fields) for index, _key, fields in wrong(assets)] == [
        (2, ["code"]),
        (3, ["code"]),
        (5, ["code"]),
        (6, ["member_no"]),
    ]
    # those of a member who did not come yet are kept and told
    assert [(one["index"], sorted(one["fields"])) for one in assets.json()["warnings"]] == [
        (4, ["member_no"])
    ]
    assert set(Asset.objects.values_list("member_no", "member__member_no")) == {
        ("M1", "M1"),
        ("nobody", None),
    }


@pytest.mark.parametrize("name", ["orders", "refunds", "goods", "assets"])
def test_another_scope_stores_nothing(client: Client, name: str) -> None:
    answer = send(client, name, [{**ORDER, **REFUND}], scope="members.write")

    assert answer.status_code == 403
    assert (Order.objects.count(), Refund.objects.count()) == (0, 0)


@pytest.mark.parametrize("rows", [[], "O1", [{}] * 1001, {"O1": {}}])
def test_what_is_no_batch_is_refused_whole(client: Client, rows: Any) -> None:
    answer = send(client, "orders", rows, scope="orders.write")

    assert (answer.status_code, answer.json()["code"]) == (400, "validation_failed")


MOST = "9999999999.99"


def test_refunds_whose_sum_no_column_holds_are_named_and_stop_no_other(client: Client) -> None:
    send(client, "orders", [ORDER], scope="orders.write")

    # when two refunds of one order come to more than we can store
    answer = send(
        client,
        "refunds",
        [
            {**REFUND, "refund_no": "R1", "amount": MOST},
            {**REFUND, "refund_no": "R2", "amount": "0.01"},
            {**REFUND, "refund_no": "R3", "amount": "-1"},
            {**REFUND, "refund_no": "R4", "order_no": "O2", "amount": "1.00"},
        ],
        scope="orders.write",
    )

    # then the second is an error of its row, and the others are stored
    assert (figures(answer), wrong(answer)) == (
        (2, 0, 0, 2),
        [(1, "R2", ["amount"]), (2, "R3", ["amount"])],
    )
    assert set(Refund.objects.values_list("refund_no", flat=True)) == {"R1", "R4"}
    assert Order.objects.get().refunded == Decimal(MOST)


def test_refunds_before_their_order_cannot_break_it_either(client: Client) -> None:
    # given refunds of an order we do not know yet, in two calls
    first = send(client, "refunds", [{**REFUND, "amount": MOST}], scope="orders.write")
    second = send(
        client, "refunds", [{**REFUND, "refund_no": "R2", "amount": MOST}], scope="orders.write"
    )
    assert (figures(first), figures(second)) == ((1, 0, 0, 0), (0, 0, 0, 1))

    # when the order comes
    assert figures(send(client, "orders", [ORDER], scope="orders.write")) == (1, 0, 0, 0)
    assert Order.objects.get().refunded == Decimal(MOST)

    # then a smaller correction of the first makes room for the second
    rows = [{**REFUND, "amount": "1.00"}, {**REFUND, "refund_no": "R2", "amount": "2.00"}]
    assert figures(send(client, "refunds", rows, scope="orders.write")) == (1, 1, 0, 0)
    assert Order.objects.get().refunded == Decimal("3.00")
    # and one that is too large leaves what was there
    too_much = send(
        client, "refunds", [{**REFUND, "refund_no": "R2", "amount": MOST}], scope="orders.write"
    )
    assert (figures(too_much), wrong(too_much)) == ((0, 0, 0, 1), [(0, "R2", ["amount"])])
    assert Order.objects.get().refunded == Decimal("3.00")


def test_a_refund_of_more_than_was_paid_is_kept_and_the_sender_told(client: Client) -> None:
    _key, bearer = partner_key_create(name="mall", scopes=["orders.write"], actor=None)
    send(client, "orders", [ORDER, ORDER | {"order_no": "O2"}], scope="", bearer=bearer)

    refunds = [REFUND | {"amount": "99.01"}, REFUND | {"refund_no": "R2", "order_no": "O2"}]
    answer = send(client, "refunds", refunds, scope="", bearer=bearer)

    assert figures(answer) == (2, 0, 0, 0)
    (told,) = answer.json()["warnings"]
    assert (told["index"], told["key"], list(told["fields"])) == (0, "R1", ["amount"])
