"""The mall's till: its words through our mapping are the facts it holds, for whoever has the token."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from customers.intake.models import PullSource
from customers.intake.pulling import rows_of, try_out
from scrm.core.feeds.rest import ROLE_OF_ONE, RestFeed, RestSettings
from scrm.demo.mall.app import Mall, Order
from scrm.demo.mall.client import Product
from scrm.demo.mall.server import MallServer
from scrm.demo.mall.till import MAPPINGS, SALES, STOCK, Till, pieces

ORDER = {
    "order_no": "MALL1", "paid_at": "2026-11-22T10:00:00+00:00", "amount": "4980.00", "unionid": "u-7",
    "channel": "mall", "lines": [
        {"sku": "SF-2401", "name": "云感布艺三人沙发", "size": "2.4 m", "quantity": 1, "amount": "4980.00", "colour": "米白"}
    ],
}  # fmt: skip


@pytest.fixture
def address(settings: Any) -> Iterator[str]:
    mall = Mall(Product("http://127.0.0.1:1", "scrm_none_none"), "", Till("token"))
    mall.orders["MALL1"] = Order(ORDER, "somebody")
    server = MallServer(mall)
    server.start()
    settings.CRM_HOSTS = [server.base_url]
    yield server.base_url
    server.stop()


def source(address: str, what: str, kind: str, lines_path: str = "") -> PullSource:
    options = {
        "origin": address, "paths": {ROLE_OF_ONE: f"/till/{what}"}, "auth": "bearer", "rows_path": "data.rows",
        "ok_check": "code=0", "paging": "page", "size": 200, "total_path": "data.total",
    }  # fmt: skip
    return PullSource(
        name=what, kind=kind, options=options, secret="token", mapping=MAPPINGS[what],
        lines_path=lines_path,
    )  # fmt: skip


@pytest.mark.parametrize("path", ["stock", "sales"])
def test_without_the_token_it_says_nothing(address: str, path: str) -> None:
    wrong = {"Authorization": "Bearer tokem"}

    assert requests.get(f"{address}/till/{path}", timeout=5).status_code == 401
    assert requests.get(f"{address}/till/{path}", headers=wrong, timeout=5).status_code == 401


def test_a_mall_without_a_token_of_its_own_answers_nobody() -> None:
    server = MallServer(Mall(Product("http://127.0.0.1:1", "scrm_none_none")))
    server.start()
    empty = {"Authorization": "Bearer "}

    assert (
        requests.get(f"{server.base_url}/till/stock", headers=empty, timeout=5).status_code == 401
    )
    server.stop()


def test_the_stock_is_read_whole_over_several_pages(address: str) -> None:
    known = source(address, STOCK, "stock")
    feed = RestFeed(RestSettings(**known.options, secret="token", allowed=(address,)))

    rows = [rows_of(known, record)[0] for record in feed.records(ROLE_OF_ONE)]

    held = [(row["sku"], row["store_code"], int(row["quantity"])) for row in rows]
    wanted = [(row["goods"]["no"], row["shopNo"], row["pieces"]) for row in pieces()]
    assert len(wanted) > 200
    assert held == wanted


def test_the_orders_are_those_the_mall_handed_over(address: str) -> None:
    tried = try_out(source(address, SALES, "orders", lines_path="lines"))

    assert (tried.records, tried.problems) == (1, [])
    empty = {name for name, count in tried.filled.items() if not count}
    assert empty == {"store_code", "parameter"}
