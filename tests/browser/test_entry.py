"""Step 10 by a person's clicks: headquarters shows an entry, a customer of the mall follows it and adds the guide."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from attribution.entries.models import EntryStore, EntryVisit
from scrm.core.gateway import wecom
from scrm.demo.mall.app import Mall
from scrm.demo.mall.client import Product
from scrm.demo.mall.server import MallServer
from scrm.demo.mall_key import ensure_mall_key
from scrm.inbox.worker import drain
from tests.browser.conftest import DESKTOP, PHONE, Visitor
from tests.browser.test_console import faults_of as console_faults_of
from tests.factories.attribution import EntryFactory, EntryStoreFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
KEY = "scrm_0123456789ab_a-secret"
WECHAT = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 MicroMessenger/8.0.44"


@pytest.fixture
def world(wecom_sandbox_world: Any, live_server: Any, settings: Any, guide_li: Any) -> Any:
    """A simulator that knows guide Li of store A and where our callbacks are."""
    settings.BASE_URL = live_server.url
    wecom("contacts").user.create("guide_li", "李娜", [1], mobile="13900000000")
    control = wecom_sandbox_world.control
    control.post("activate", {"all": True})
    for app in ("scrm", "contacts"):
        url = f"{live_server.url}/wecom/callback/{app}/"
        assert control.post("callback_urls", {"app": app, "url": url})["ok"]
    return wecom_sandbox_world


@pytest.fixture
def mall(live_server: Any) -> Any:
    """The demo mall, talking to the product over HTTP."""
    ensure_mall_key(KEY)
    server = MallServer(Mall(Product(live_server.url, KEY)))
    server.start()
    yield server.base_url
    server.stop()


def customer_of(browser: Any, language: str = "zh-CN") -> Page:
    """Return a customer's phone."""
    return browser.new_context(
        viewport=PHONE, user_agent=WECHAT, locale=language, has_touch=True
    ).new_page()


def buy(page: Page, mall: str, unionid: str) -> None:
    """Choose a thing, a store, and pay."""
    page.goto(f"{mall}/login?u={unionid}&s=S1")
    page.locator(".tile").first.click()
    page.get_by_role("button", name="立即购买").click()
    expect(page.get_by_role("heading", name="支付成功")).to_be_visible()


def show_by_clicks(hq: Visitor) -> None:
    """Make an entry, check its words, check the store."""
    hq.visit("/console/entries/")
    hq.page.get_by_role("link", name="Make an entry").first.click()
    for field, value in {
        "name": "下单入口",
        "code": "order-gift",
        "title": "领福利",
        "button": "去领取",
    }.items():
        hq.page.fill(f"#id_{field}", value)
    expect(hq.page.locator("[data-preview-of='title']")).to_have_text("领福利")
    hq.page.select_option("#id_place", "order_result")
    hq.page.get_by_role("button", name="Make the entry").click()
    hq.page.get_by_role("button", name="The words are checked: show").click()
    hq.page.get_by_label("人民路店").check()
    hq.page.get_by_role("button", name="Check and show").click()
    hq.page.wait_for_url("**/console/jobs/**")


def test_hidden_then_shown_then_added(
    visitor: Any, browser: Any, world: Any, mall: str, hq_ops: Any
) -> None:
    # given a mall whose result page shows nothing yet
    person = world.control.get("people", limit=1)[0]
    customer = customer_of(browser)
    buy(customer, mall, person["unionid"])
    expect(customer.locator(".entry")).to_have_count(0)

    # when headquarters makes the entry and checks it at the store
    hq = visitor(size=DESKTOP, language="en")
    hq.log_in("hq")
    show_by_clicks(hq)
    assert EntryStore.objects.get().problem == ""

    # and the customer buys again, follows the entry and adds the guide in WeChat
    buy(customer, mall, person["unionid"])
    customer.get_by_role("link", name="去领取").click()
    expect(customer.get_by_text("李娜")).to_be_visible()
    expect(customer.locator(".e-code")).to_have_js_property("naturalWidth", 600)
    customer.get_by_role("link", name="去领取").click()
    customer.locator(f"a[href*='as={person['id']}']").first.click()
    customer.locator("form.actions button").click()
    customer.wait_for_timeout(500)
    assert world.control.post("wait_idle", {"timeout": 30})["idle"]
    drain()

    # then each step counts that one person, and the console shows it
    seen = list(EntryVisit.objects.order_by("pk").values_list("kind", "unionid"))
    assert seen == [
        (kind, person["unionid"])
        for kind in ("result_view", "result_view", "entry_click", "leadin_view", "add_click")
    ]
    hq.visit("/console/entries/figures/")
    expect(hq.page.locator(".funnel .num")).to_have_text(["1", "1", "1", "1", "1"])
    expect(hq.page.locator(".kpi-value")).to_have_text(["100.0%", "100.0%", "100.0%", "0.0%"])
    assert hq.complaints == []
    customer.context.close()


def test_when_the_mini_program_does_not_open_another_way_is_shown(
    browser: Any, live_server: Any, company: Any, guide_li: Any
) -> None:
    entry = EntryFactory(mini_program_url="weixin://dl/business/?t={token}")
    row = EntryStoreFactory(entry=entry, store=company.store_a)
    customer = customer_of(browser, "en-US")
    customer.goto(f"{live_server.url}/e/{row.token}/")
    failed = customer.get_by_role("alert")
    expect(failed).to_be_hidden()

    customer.locator("[data-jump]").click(no_wait_after=True)
    customer.wait_for_timeout(1000)
    expect(failed).to_be_hidden()

    expect(failed).to_be_visible(timeout=3000)
    expect(failed).to_contain_text("The mini program did not open")
    assert set(EntryVisit.objects.values_list("kind", flat=True)) == {"leadin_view", "add_click"}
    customer.context.close()


@pytest.mark.parametrize(("size", "language"), [(DESKTOP, "en"), (PHONE, "zh-hans")])
def test_the_pages_of_entries_are_without_faults(
    visitor: Any, company: Any, guide_li: Any, hq_ops: Any, size: Any, language: str
) -> None:
    row = EntryStoreFactory(entry=EntryFactory(), store=company.store_a)
    hq = visitor(size=size, language=language)
    hq.log_in("hq")
    for path in ("", "new/", "figures/", f"{row.entry_id}/", f"{row.entry_id}/edit/"):
        assert console_faults_of(hq, f"/console/entries/{path}") == []
    assert hq.complaints == []
