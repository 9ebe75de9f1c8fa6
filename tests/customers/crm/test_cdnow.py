"""The CDNOW purchases, a public file of real sales, go in by the partner API and come out to the cent."""

from collections import defaultdict
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.db.models import Count, Sum
from django.test import Client

from benchmarks import cdnow
from customers.crm.models import Order, OrderLine
from customers.crm.rows import MemberRow
from customers.crm.services import members_upsert
from scrm.accounts.services import partner_key_create

pytestmark = pytest.mark.django_db
CUSTOMERS = 1000


def test_purchases_come_out_as_they_are_in_the_file(client: Client) -> None:
    # given every purchase of the first thousand customers, of whom half are members already
    whole = cdnow.purchases()
    assert (len(whole), len({each.customer for each in whole})) == (69_659, 23_570)
    names = sorted({each.customer for each in whole})[:CUSTOMERS]
    chosen = set(names)
    found = [each for each in whole if each.customer in chosen]
    members_upsert([_member(name) for name in names[::2]], source="api")
    token = partner_key_create(name="till", scopes=["orders.write"], actor=None)[1]

    def post(batch: list[dict[str, Any]]) -> dict[str, Any]:
        answer = client.post(
            "/api/v1/orders/batch",
            data={"orders": batch},
            content_type="application/json",
            headers={"Authorization": f"Bearer {token}", "Idempotency-Key": str(uuid4())},
        )
        return dict(answer.json())

    # when they are sent, sent again, and the other members come after their orders
    rows = cdnow.orders(found)
    first, again = cdnow.send(rows, post), cdnow.send(rows[:1000], post)
    members_upsert([_member(name) for name in names[1::2]], source="api")

    # then nothing is missing, doubled or rounded, customer by customer
    assert (first["created"], first["failed"], again["unchanged"]) == (len(found), 0, 1000)
    expected: dict[str, tuple[int, Decimal]] = defaultdict(lambda: (0, Decimal(0)))
    for each in found:
        count, amount = expected[f"CD{each.customer}"]
        expected[f"CD{each.customer}"] = (count + 1, amount + each.amount)
    stored = Order.objects.values_list("member__member_no").annotate(Count("pk"), Sum("amount"))
    assert {row[0]: (row[1], row[2]) for row in stored.order_by()} == dict(expected)
    pieces = sum(each.pieces for each in found)
    assert OrderLine.objects.aggregate(n=Sum("quantity"))["n"] == pieces


def _member(name: str) -> MemberRow:
    return MemberRow(f"CD{name}", {"member_no": f"CD{name}"})
