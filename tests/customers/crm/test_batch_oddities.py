"""What no well-behaved sender sends: each odd row is an error of its own in words, and nothing else is touched."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import models
from django.test import Client
from django.utils import timezone

from customers.crm import serializers as crm
from customers.crm.api import MemberSerializer
from customers.crm.fact_models import Asset, MemberTags, ServiceReceived
from customers.crm.models import CrmMember, Order, Refund
from customers.goods import serializers as goods
from customers.goods.models import Goods, StoreStock
from scrm.accounts.services import partner_key_create

pytestmark = pytest.mark.django_db
AT = "2026-11-21T12:00:00+08:00"
# A good row of each batch, its table, and the field that names it.
GOOD: dict[str, tuple[str, type[models.Model], str, dict[str, Any]]] = {
    "members": ("members.write", CrmMember, "member_no", {"member_no": "K1"}),
    "orders": ("orders.write", Order, "order_no", {"order_no": "K1", "paid_at": AT, "amount": "9.90"}),
    "refunds": (
        "orders.write", Refund, "refund_no",
        {"refund_no": "K1", "order_no": "O1", "refunded_at": AT, "amount": "9.90"},
    ),
    "goods": ("goods.write", Goods, "sku", {"sku": "K1", "name": "Coat"}),
    "stock": ("stock.write", StoreStock, "sku", {"sku": "K1", "store_code": "S1", "quantity": 3}),
    "assets": ("assets.write", Asset, "member_no", {"member_no": "K1", "kind": "points", "amount": "3"}),
    "member_tags": ("member_tags.write", MemberTags, "member_no", {"member_no": "K1", "tags": ["gold"]}),
    "services": (
        "services.write", ServiceReceived, "service_no",
        {"service_no": "K1", "kind": "repair", "served_at": AT},
    ),
}  # fmt: skip
ODD: tuple[Any, ...] = (
    None, True, 1.5, -1, 10**30, [], ["K1"], {}, {"a": {"b": 1}}, "", " ", "\x00", "a\x00b", "NaN", "Infinity",
    "-Infinity", "sNaN", "1e999999", "9" * 5000, "0001-01-01T00:00:00", "9999-12-31T23:59:59", "0001-01-01T00:00",
    "2026-02-30", "2026-11-21T12:00:00+99:00", "2150-01-01T00:00:00Z", "\u202e\ufffe", "😀" * 600, "<b>'\"\\t",
)  # fmt: skip


def send(client: Client, name: str, rows: Any) -> Any:
    """Post a batch with a key of its scope."""
    token = partner_key_create(name="mall", scopes=[GOOD[name][0]], actor=None)[1]
    return client.post(
        f"/api/v1/{name}/batch",
        data={name: rows},
        content_type="application/json",
        headers={"Authorization": f"Bearer {token}", "Idempotency-Key": str(uuid4())},
    )


def fields_of(name: str) -> set[str]:
    """Return every field of a batch that a row may have."""

    return set(
        {
            "members": MemberSerializer,
            "orders": crm.OrderSerializer,
            "refunds": crm.RefundSerializer,
            "goods": goods.GoodsSerializer,
            "stock": goods.StockSerializer,
            "assets": crm.AssetSerializer,
            "member_tags": crm.TagsSerializer,
            "services": crm.ServiceSerializer,
        }[name]().fields
    )


@pytest.mark.parametrize("name", GOOD)
def test_no_value_of_no_field_breaks_a_batch(client: Client, name: str) -> None:
    # given a good row, and one for each field and each odd value
    _scope, table, key, good = GOOD[name]
    odd = [
        {**good, key: f"X{number}", field: value}
        for number, (field, value) in enumerate(
            (field, value) for field in sorted(fields_of(name)) for value in ODD
        )
    ]
    assert len(odd) < 1000

    # when
    answer = send(client, name, [*odd, good])

    # then the good one is stored, every row has its own result, and every error says why
    assert answer.status_code == 200, answer.content[:500]
    body = answer.json()
    assert len(body["results"]) == len(odd) + 1
    assert body["results"][-1] == "created"
    assert table._default_manager.filter(**{key: "K1"}).count() == 1
    assert body["failed"] == len(body["errors"]) > len(odd) // 3
    assert all(words for error in body["errors"] for words in error["fields"].values())
    assert body["created"] == table._default_manager.count()


@pytest.mark.parametrize("name", GOOD)
def test_blanks_around_a_key_make_no_second_row(client: Client, name: str) -> None:
    # given one key in three spellings that are stored alike
    _scope, table, key, good = GOOD[name]
    rows = [good, {**good, key: " K1"}, {**good, key: "K1\u3000"}, {**good, key: "K2"}]

    # when
    answer = send(client, name, rows)

    # then the first counts, the repeats are named, and nobody else is stopped
    assert answer.status_code == 200, answer.content[:500]
    body = answer.json()
    assert body["results"] == ["created", "failed", "failed", "created"]
    assert [error["index"] for error in body["errors"]] == [1, 2]
    stored = table._default_manager.order_by(key).values_list(key, flat=True)
    assert list(stored) == ["K1", "K2"]


@pytest.mark.parametrize(
    ("name", "clock"),
    [
        ("orders", "as_of"), ("stock", "observed_at"), ("assets", "as_of"), ("member_tags", "as_of"),
        ("services", "as_of"),
    ],
)  # fmt: skip
def test_a_state_of_the_future_never_shuts_out_what_comes_later(
    client: Client, name: str, clock: str
) -> None:
    _scope, table, _key, good = GOOD[name]
    future = (timezone.now() + timedelta(days=400)).isoformat()
    near = (timezone.now() + timedelta(minutes=5)).isoformat()

    # when a sender's clock is wrong by a year, then by minutes
    wrong = send(client, name, [{**good, clock: future}]).json()
    assert (wrong["failed"], list(wrong["errors"][0]["fields"])) == (1, [clock])
    assert table._default_manager.count() == 0

    # then only the first is refused
    assert send(client, name, [{**good, clock: near}]).json()["created"] == 1


@pytest.mark.parametrize("body", [b'{"orders":[{"order_no":"\\ud800"}]}', b'{"orders":[{"amount":NaN}]}', b"[" * 9000])  # fmt: skip
def test_a_body_that_is_no_json_is_refused_in_words(client: Client, body: bytes) -> None:
    token = partner_key_create(name="mall", scopes=["orders.write"], actor=None)[1]

    answer = client.generic(
        "POST", "/api/v1/orders/batch", body, content_type="application/json",
        headers={"Authorization": f"Bearer {token}", "Idempotency-Key": str(uuid4())},
    )  # fmt: skip

    assert (answer.status_code, Order.objects.count()) == (400, 0)
    assert answer.json()["message"]
