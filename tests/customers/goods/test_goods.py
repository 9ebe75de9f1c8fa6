"""Goods and their stock: replaced, out of order, seen by scope, with pictures of their own."""

import io
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from PIL import Image

from customers.goods import services
from customers.goods.models import Goods, StoreStock
from customers.goods.services import GoodsRow, StockRow
from scrm.accounts.models import User
from scrm.accounts.services import partner_key_create
from scrm.core.audit.models import AuditEntry
from tests.cast import PASSWORD, Company
from tests.factories.customers import NOON, GoodsFactory

pytestmark = pytest.mark.django_db
PAGE = "/console/goods/"


def counts(result: Any) -> tuple[int, int, int]:
    """Return created, updated, unchanged."""
    return result.created, result.updated, result.unchanged


def login(client: Client, username: str) -> None:
    assert client.login(username=username, password=PASSWORD)


def post(client: Client, name: str, rows: Any, *scopes: str) -> Any:
    """Send a batch with a key of these scopes."""
    token = partner_key_create(name="erp", scopes=scopes, actor=None)[1]
    return client.post(
        f"/api/v1/{name}/batch",
        data={name: rows},
        content_type="application/json",
        headers={"Authorization": f"Bearer {token}", "Idempotency-Key": str(uuid4())},
    )


def picture(colour: str = "red", size: tuple[int, int] = (900, 300)) -> bytes:
    """Return a PNG."""
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, "PNG")
    return out.getvalue()


def test_goods_are_replaced_and_unchanged_ones_not_written() -> None:
    coat = GoodsRow("C1", "Coat", size="M", colour="red", price=Decimal("199.50"))
    assert counts(services.goods_upsert([coat, replace(coat, sku="C2")])) == (2, 0, 0)
    stamp = Goods.objects.get(sku="C2").updated_at

    dearer = replace(coat, price=Decimal("299.50"))
    result = services.goods_upsert([dearer, replace(coat, sku="C2"), replace(coat, sku="C3")])

    assert result.outcomes == ["updated", "unchanged", "created"]
    assert Goods.objects.get(sku="C1").price == Decimal("299.50")
    assert Goods.objects.get(sku="C2").updated_at == stamp


def test_counts_that_come_out_of_order_end_with_the_newest() -> None:
    def count(quantity: int, minutes: int) -> Any:
        moment = NOON + timedelta(minutes=minutes)
        return services.stock_upsert([StockRow("C1", "S1", quantity, moment)])

    # given a count of noon, a later one that says the same, and one from between that says something else
    assert counts(count(5, 0)) == (1, 0, 0)
    assert counts(count(5, 10)) == (0, 0, 1)
    assert counts(count(3, 5)) == (0, 0, 1)
    # then the one from between changed nothing
    row = StoreStock.objects.get()
    assert (row.quantity, row.observed_at) == (5, NOON + timedelta(minutes=10))

    assert counts(count(-2, 20)) == (0, 1, 0)
    assert StoreStock.objects.get().quantity == -2


def test_stock_by_api_is_kept_before_its_goods_and_store_and_says_so(
    client: Client, company: Company
) -> None:
    GoodsFactory(sku="C1")
    rows = [
        {"sku": "C1", "store_code": "S1", "quantity": 4, "observed_at": "2025-11-21T12:00:00"},
        {"sku": "NEW", "store_code": "S404", "quantity": 2},
        {"sku": "C1", "store_code": "S1", "quantity": 1},
        {"sku": "C 1", "store_code": "S1", "quantity": 1},
        {"sku": "C1", "store_code": "S2", "quantity": 1.5},
    ]

    answer = post(client, "stock", rows, "stock.write").json()

    assert answer["results"] == ["created", "created", "failed", "failed", "failed"]
    assert [(one["index"], sorted(one["fields"])) for one in answer["errors"]] == [
        (2, ["store_code"]),
        (3, ["sku"]),
        (4, ["quantity"]),
    ]
    assert [(one["index"], sorted(one["fields"])) for one in answer["warnings"]] == [
        (1, ["sku", "store_code"])
    ]
    # a time without an offset is Shanghai's
    first = StoreStock.objects.get(sku="C1")
    assert first.observed_at.isoformat() == "2025-11-21T04:00:00+00:00"
    assert StoreStock.objects.count() == 2


def test_another_scope_stores_no_stock(client: Client) -> None:
    row = {"sku": "C1", "store_code": "S1", "quantity": 4}

    assert post(client, "stock", [row], "goods.write").status_code == 403
    assert StoreStock.objects.count() == 0


def test_a_partner_reads_goods_with_stock(client: Client) -> None:
    GoodsFactory(sku="C/1", price=Decimal("9.90"))
    GoodsFactory(sku="C1", price=Decimal("9.90"))
    services.stock_upsert([StockRow("C1", "S2", 1, NOON), StockRow("C1", "S1", 3, NOON)])
    reader = partner_key_create(name="mall", scopes=["goods.read"], actor=None)[1]
    writer = partner_key_create(name="erp", scopes=["goods.write"], actor=None)[1]

    def get(token: str, sku: str) -> Any:
        return client.get(f"/api/v1/goods/{sku}", headers={"Authorization": f"Bearer {token}"})

    found = get(reader, "C1").json()
    assert (found["price"], [line["store_code"] for line in found["stock"]]) == (
        "9.90",
        ["S1", "S2"],
    )
    assert get(reader, "none").status_code == 404
    assert get(writer, "C1").status_code == 403


def test_pages_show_the_stock_of_ones_own_stores(
    client: Client, hq_ops: User, branch_ops: User, outsider: User, company: Company
) -> None:
    goods = GoodsFactory(sku="C1", name="羊毛大衣", model="W1")
    GoodsFactory(sku="C2", name="短袖", model="T1")
    services.stock_upsert([StockRow("C1", "S1", 5, NOON), StockRow("C1", "S3", 7, NOON)])

    def pieces(username: str) -> int:
        login(client, username)
        return int(client.get(f"{PAGE}{goods.pk}/").context["pieces"])

    assert (pieces("hq"), pieces(branch_ops.username), pieces(outsider.username)) == (12, 5, 7)
    login(client, "hq")
    html = client.get(PAGE, {"q": "w1"}).content.decode()
    assert ("羊毛大衣" in html, "短袖" in html) == (True, False)
    rows = client.get(PAGE, {"stock": "none"}).context["list"].rows
    assert [row.sku for row in rows] == ["C2"]


def test_the_list_asks_as_often_for_many_as_for_few(client: Client, hq_ops: User) -> None:
    login(client, "hq")
    client.get(PAGE)

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            client.get(PAGE, {"size": 100})
        return len(queries)

    GoodsFactory.create_batch(2)
    few = cost()
    GoodsFactory.create_batch(60)
    assert cost() == few


def test_a_picture_is_made_small_given_out_and_goes_behind_the_senders(
    client: Client, hq_ops: User, tmp_path: Any, settings: Any
) -> None:
    settings.MEDIA_ROOT = str(tmp_path)
    goods = GoodsFactory(sku="C1")
    login(client, "hq")

    answer = client.post(f"{PAGE}{goods.pk}/", {"picture": SimpleUploadedFile("a.png", picture())})
    goods.refresh_from_db()

    assert answer.status_code == 302
    assert AuditEntry.objects.filter(action="goods.picture_set").count() == 1
    given = Client().get(goods.picture)
    assert (given.status_code, given["Content-Type"]) == (200, "image/jpeg")
    assert Image.open(io.BytesIO(given.content)).size == (640, 213)
    # sent again without a picture the uploaded one stays; with one, that one counts
    services.goods_upsert([GoodsRow("C1", "Coat")])
    goods.refresh_from_db()
    assert goods.picture.startswith("/goods-pictures/")
    services.goods_upsert([GoodsRow("C1", "Coat", picture_url="https://img.example/1.jpg")])
    goods.refresh_from_db()
    assert goods.picture == "https://img.example/1.jpg"


def test_what_is_no_picture_changes_nothing(client: Client, hq_ops: User) -> None:
    goods = GoodsFactory(sku="C1")
    login(client, "hq")

    file = SimpleUploadedFile("a.png", b"<svg onload=alert(1)>")
    answer = client.post(f"{PAGE}{goods.pk}/", {"picture": file})

    goods.refresh_from_db()
    assert (answer.status_code, goods.picture_token) == (422, "")


def test_who_may_not_import_gives_no_picture(
    client: Client, branch_ops: User, company: Company
) -> None:
    goods = GoodsFactory(sku="C1")
    login(client, branch_ops.username)

    file = SimpleUploadedFile("a.png", picture())
    assert client.post(f"{PAGE}{goods.pk}/", {"picture": file}).status_code == 404

    goods.refresh_from_db()
    assert goods.picture_token == ""
    assert not AuditEntry.objects.filter(action="goods.picture_set").exists()
