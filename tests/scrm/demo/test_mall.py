"""The demo mall against the real product over HTTP: an order, its result, the entry, the mini program."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from attribution.entries.models import Entry, EntryStore, EntryVisit
from customers.crm.models import Order
from scrm.accounts.models import PartnerKey
from scrm.demo.mall.app import Mall
from scrm.demo.mall.client import Product
from scrm.demo.mall.server import MallServer
from scrm.demo.mall_key import SCOPES, ensure_mall_key
from scrm.demo.story.shopper import Shopper
from tests.factories.attribution import EntryFactory, EntryStoreFactory

pytestmark = pytest.mark.django_db(transaction=True)
KEY = "scrm_0123456789ab_a-secret_with_signs"
SKU = "SF-2401"


@pytest.fixture
def mall(live_server: Any, settings: Any) -> Iterator[str]:
    """A running mall that talks to a running product."""
    settings.BASE_URL = live_server.url
    ensure_mall_key(KEY)
    server = MallServer(Mall(Product(live_server.url, KEY)))
    server.start()
    yield server.base_url
    server.stop()


@pytest.fixture
def shown(company: Any, guide_li: Any) -> EntryStore:
    return EntryStoreFactory(entry=EntryFactory(code="order-gift"), store=company.store_a)


def kinds() -> list[tuple[str, str]]:
    return list(EntryVisit.objects.order_by("pk").values_list("kind", "unionid"))


def test_an_order_reaches_the_product_with_the_guides_parameter(
    mall: str, shown: EntryStore
) -> None:
    shopper = Shopper(mall, "u-7")
    shopper.browse(SKU, p="a-guides-parameter")

    shopper.buy(SKU, "S1")

    order = Order.objects.get(order_no=shopper.order_no)
    assert (order.unionid, order.store_code, order.parameter, str(order.amount)) == (
        "u-7", "S1", "a-guides-parameter", "4980.00",
    )  # fmt: skip
    assert order.lines.get().sku == SKU


def test_the_result_shows_the_entry_only_when_the_product_says_so(
    mall: str, shown: EntryStore
) -> None:
    assert Shopper(mall, "u-1").buy(SKU, "S2") == ""
    Entry.objects.update(status=Entry.Status.HIDDEN)
    assert Shopper(mall, "u-2").buy(SKU, "S1") == ""
    Entry.objects.update(status=Entry.Status.SHOWN)
    assert Shopper(mall, "u-3").buy(SKU, "S1") == "order-gift"

    assert kinds() == [("result_view", "u-1"), ("result_view", "u-2"), ("result_view", "u-3")]
    assert list(EntryVisit.objects.order_by("pk").values_list("entry", flat=True)) == [
        None, None, shown.entry_id,
    ]  # fmt: skip


def test_the_whole_way_to_the_code_is_one_visitors(mall: str, shown: EntryStore) -> None:
    shopper = Shopper(mall, "u-7")
    shopper.buy(SKU, "S1")

    shopper.click_entry()
    shopper.open_again()
    link = shopper.press_code()

    assert link == "https://work.weixin.qq.com/u/vcabc"
    assert kinds() == [
        (kind, "u-7")
        for kind in ("result_view", "entry_click", "leadin_view", "leadin_view", "add_click")
    ]


def test_the_mini_program_shows_the_guide_and_tells_of_the_click(
    mall: str, shown: EntryStore
) -> None:
    page = requests.get(
        f"{mall}/mini", params={"t": shown.token, "u": "u-7", "lang": "en"}, timeout=9
    )
    assert "Mini program" in page.text
    assert shown.entry.button in page.text

    answer = requests.get(
        f"{mall}/mini/add",
        params={"t": shown.token},
        cookies=page.cookies,
        timeout=9,
        allow_redirects=False,
    )

    assert answer.headers["Location"] == "https://work.weixin.qq.com/u/vcabc"
    assert kinds() == [("add_click", "u-7")]
    closed = requests.get(f"{mall}/mini", params={"t": "A" * 27, "lang": "en"}, timeout=9)
    assert "No guide of this store can be added now" in closed.text


def test_nobody_sees_the_orders_of_others(mall: str, shown: EntryStore) -> None:
    shopper = Shopper(mall)
    shopper.buy(SKU, "S1")

    other = requests.get(f"{mall}/result/{shopper.order_no}", params={"lang": "en"}, timeout=9)

    assert (other.status_code, "There is no such order" in other.text) == (404, True)


def test_without_the_product_nothing_is_charged_and_the_page_says_so(mall: str) -> None:
    PartnerKey.objects.all().delete()

    answer = requests.post(f"{mall}/buy?lang=en", data={"sku": SKU, "store": "S1"}, timeout=20)

    assert answer.status_code == 502
    assert "nothing was charged" in answer.text
    assert not Order.objects.exists()
    assert requests.get(f"{mall}/p/{SKU}", timeout=20).status_code == 200


@pytest.mark.parametrize("path", ["/p/none", "/nowhere", "/result/none"])
def test_what_is_not_there_is_said_in_both_languages(mall: str, path: str) -> None:
    chinese, english = (
        requests.get(mall + path, params={"lang": lang}, timeout=9) for lang in ("zh", "en")
    )

    assert (chinese.status_code, english.status_code) == (404, 404)
    assert "没有找到" in chinese.text
    assert "not there" in english.text or "no such" in english.text


def test_the_key_is_made_once_with_its_scopes(db: Any) -> None:
    ensure_mall_key(KEY)
    ensure_mall_key(KEY)
    ensure_mall_key("")

    assert list(PartnerKey.objects.values_list("prefix", "scopes")) == [
        ("0123456789ab", list(SCOPES))
    ]
