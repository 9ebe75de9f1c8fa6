"""Cancelled and late orders, and what hangs on members: before them, out of order, item by item."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from customers.crm import services
from customers.crm.fact_models import Asset, MemberTags, ServiceReceived
from customers.crm.facts import AssetRow, ServiceRow, TagsRow
from customers.crm.models import CrmMember, Order, Refund
from customers.crm.orders import OrderRow, RefundRow
from customers.crm.rows import MemberRow
from customers.crm.selectors import services_visible_to
from customers.timeline.models import TimelineEntry
from customers.timeline.services import collect
from scrm.accounts.models import User
from scrm.accounts.services import partner_key_create
from scrm.core.scope import EMPTY_SCOPE, scope_of
from tests.cast import Company
from tests.factories.customers import NOON, CrmMemberFactory, GoodsFactory

pytestmark = pytest.mark.django_db


def order(**changes: Any) -> OrderRow:
    """Return an order of 100 yuan."""
    values: dict[str, Any] = {"order_no": "O1", "paid_at": NOON, "amount": Decimal("100.00")}
    return OrderRow(**values | changes)


def later(minutes: int) -> Any:
    return NOON + timedelta(minutes=minutes)


def member(member_no: str) -> None:
    services.members_upsert([MemberRow(member_no, {"member_no": member_no})], source="api")


def post(client: Client, name: str, rows: Any, scope: str, key: str = "") -> Any:
    token = partner_key_create(name="crm", scopes=[scope], actor=None)[1]
    return client.post(
        f"/api/v1/{name}/batch",
        data={name: rows},
        content_type="application/json",
        headers={"Authorization": f"Bearer {token}", "Idempotency-Key": key or str(uuid4())},
    )


def test_a_cancelled_order_keeps_nothing_whenever_its_refunds_come() -> None:
    refund = RefundRow("R1", "O1", NOON, Decimal("30.00"))
    services.orders_upsert([order(cancelled_at=later(5))])
    ours = Refund.objects.get()
    assert (ours.amount, ours.is_cancellation, ours.refunded_at) == (
        Decimal("100.00"),
        True,
        later(5),
    )

    # a refund that comes after it is no second one
    services.refunds_upsert([refund])
    found = Order.objects.get()
    assert (found.refunded, found.kept, found.status) == (Decimal("100.00"), 0, "refunded")
    assert Refund.objects.get(is_cancellation=True).amount == Decimal("70.00")
    # whole by itself, ours goes; and so it does when the order is not cancelled any more
    services.refunds_upsert([RefundRow("R1", "O1", NOON, Decimal("100.00"))])
    assert not Refund.objects.filter(is_cancellation=True).exists()
    services.refunds_upsert([refund])
    services.orders_upsert([order()])
    found = Order.objects.get()
    assert (found.refunded, found.status, found.cancelled_at) == (
        Decimal("30.00"),
        "partly_refunded",
        None,
    )
    assert not Refund.objects.filter(is_cancellation=True).exists()


def test_an_older_state_of_an_order_changes_nothing() -> None:
    def send(amount: str, minutes: int) -> Any:
        return services.orders_upsert(
            [order(amount=Decimal(amount), as_of=later(minutes))]
        ).outcomes

    assert [send("100.00", 0), send("90.00", 10), send("100.00", 5)] == [
        ["created"],
        ["updated"],
        ["unchanged"],
    ]
    # told again later, it is known to hold until then
    assert (send("90.00", 30), send("80.00", 20)) == (["unchanged"], ["unchanged"])
    found = Order.objects.get()
    assert (found.amount, found.as_of) == (Decimal("90.00"), later(30))


def test_what_comes_before_its_member_is_joined_when_it_comes() -> None:
    services.assets_upsert([AssetRow("M1", "points", amount=Decimal("5"))])
    services.tags_upsert([TagsRow("M1", ["VIP", "VIP", "cats"])])
    services.services_upsert([ServiceRow("F1", "repair", NOON, member_no="M1", userid="li")])
    assert collect() == 0
    CrmMemberFactory(member_no="M2")

    member("M1")

    joined = CrmMember.objects.get(member_no="M1")
    for model in (Asset, MemberTags, ServiceReceived):
        assert [row.member_id for row in model.objects.all()] == [joined.pk]
    assert MemberTags.objects.get().tags == ["VIP", "cats"]
    collect()
    entry = TimelineEntry.objects.get(kind="service.done")
    assert (entry.record_id, entry.actor_userid, entry.occurred_at) == (joined.pk, "li", NOON)


def test_tags_and_services_are_states_and_the_newest_counts() -> None:
    member("M1")
    tags = [
        services.tags_upsert([TagsRow("M1", said, later(at))]).outcomes[0]
        for said, at in ((["a"], 0), (["a", "b"], 10), (["c"], 5), ([], 20))
    ]
    assert (tags, MemberTags.objects.get().tags) == (
        ["created", "updated", "unchanged", "updated"],
        [],
    )

    def serve(state: str, at: int) -> str:
        row = ServiceRow("F1", "repair", NOON, member_no="M1", state=state, as_of=later(at))
        return services.services_upsert([row]).outcomes[0]

    assert [serve("booked", 0), serve("done", 10), serve("booked", 5)] == [
        "created",
        "updated",
        "unchanged",
    ]
    assert ServiceReceived.objects.get().state == "done"


def test_a_batch_answers_item_by_item_and_a_repeat_the_same(client: Client) -> None:
    CrmMemberFactory(member_no="M1")
    GoodsFactory(sku="C1")
    line = {"sku": "NEW", "amount": "1.00"}
    rows = [
        {"order_no": "O1", "paid_at": "2026-11-21T12:00:00", "amount": "1.00", "member_no": "M1"},
        {"order_no": "O2", "paid_at": "yesterday", "amount": "1.00"},
        {
            "order_no": "O3",
            "paid_at": "2026-11-21T12:00:00+09:00",
            "amount": "1.00",
            "member_no": "M9",
            "lines": [{"sku": "C1", "amount": "1.00"}, line],
        },
    ]

    answer = post(client, "orders", rows, "orders.write").json()

    assert answer["results"] == ["created", "failed", "created"]
    assert [(one["index"], one["key"], sorted(one["fields"])) for one in answer["warnings"]] == [
        (2, "O3", ["lines.1.sku", "member_no"])
    ]
    # without an offset it is Shanghai's time; the order with the unknown SKU is kept
    moments = dict(Order.objects.values_list("order_no", "paid_at"))
    assert {number: at.isoformat() for number, at in moments.items()} == {
        "O1": "2026-11-21T04:00:00+00:00",
        "O3": "2026-11-21T03:00:00+00:00",
    }
    assert Order.objects.get(order_no="O3").lines.count() == 2


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("member_tags", {"member_no": "M1", "tags": ["VIP"]}),
        ("services", {"service_no": "F1", "kind": "repair", "served_at": "2026-11-21T12:00:00"}),
    ],
)
def test_each_batch_needs_its_own_scope(client: Client, name: str, row: Any) -> None:
    refused = post(client, name, [row], "members.write")
    assert refused.status_code == 403
    assert (MemberTags.objects.count(), ServiceReceived.objects.count()) == (0, 0)

    assert post(client, name, [row], f"{name}.write").json()["results"] == ["created"]


def test_no_sender_takes_the_numbers_of_our_own_refunds(client: Client) -> None:
    row = {
        "refund_no": "~cancelled-1",
        "order_no": "O1",
        "refunded_at": "2026-11-21T12:00:00",
        "amount": "1.00",
    }
    assert post(client, "refunds", [row], "orders.write").json()["results"] == ["failed"]
    assert Refund.objects.count() == 0


def test_a_partner_reads_an_order_with_its_lines_and_refunds(client: Client) -> None:
    services.orders_upsert([order(cancelled_at=later(5))])
    token = partner_key_create(name="mall", scopes=["orders.read"], actor=None)[1]

    def get(number: str, bearer: str) -> Any:
        return client.get(f"/api/v1/orders/{number}", headers={"Authorization": f"Bearer {bearer}"})

    found = get("O1", token).json()
    assert (found["refunded"], found["is_joined"], len(found["refunds"])) == ("100.00", False, 1)
    assert get("O2", token).status_code == 404
    writer = partner_key_create(name="till", scopes=["orders.write"], actor=None)[1]
    assert get("O1", writer).status_code == 403


def test_every_scope_sees_its_own_services(
    hq_ops: User, branch_ops: User, outsider: User, company: Company
) -> None:
    CrmMemberFactory(member_no="M1", store_code="S1")
    rows = [
        ServiceRow("F1", "repair", NOON, member_no="M1", store_code="S3"),
        ServiceRow("F2", "repair", NOON, store_code="S1"),
        ServiceRow("F3", "repair", NOON),
    ]
    services.services_upsert(rows)

    def seen(user: User) -> list[str]:
        found = services_visible_to(scope_of(user)).order_by("service_no")
        return list(found.values_list("service_no", flat=True))

    assert (seen(hq_ops), seen(branch_ops), seen(outsider)) == (
        ["F1", "F2", "F3"],
        ["F1", "F2"],
        ["F1"],
    )
    assert services_visible_to(EMPTY_SCOPE).count() == 0
