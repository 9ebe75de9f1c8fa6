"""From phone to phone by clicks: the guide's WeCom, our page in its tool bar, the customer's WeChat, and back."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from csp.constants import NONCE, SELF
from playwright.sync_api import Browser, Page, expect

from contacts.directory.models import Member
from materials.tracking.models import Send, View
from scrm.core.gateway import wecom
from scrm.inbox.worker import drain
from tests.browser.conftest import PHONE
from tests.browser.guides_phone import NORMAL
from tests.factories.materials import MaterialFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
TITLE = "羊绒大衣的三种穿法"


@pytest.fixture
def world(wecom_sandbox_world: Any, live_server: Any, settings: Any, guide_li: Member) -> Any:
    """A demo: a simulator with guide Li, our pages in her client, and one customer of hers."""
    settings.DEMO_MODE = True
    settings.BASE_URL = live_server.url
    settings.DEMO_WORLD_URL = wecom_sandbox_world.base_url
    settings.CONTENT_SECURITY_POLICY = {
        "DIRECTIVES": {
            "default-src": [SELF],
            "script-src": [SELF, NONCE],
            "style-src": [SELF, NONCE],
            "img-src": [SELF, "data:"],
            "connect-src": [SELF, wecom_sandbox_world.base_url],
        }
    }
    wecom("contacts").user.create(
        userid=guide_li.userid, name=guide_li.name, department=[1], mobile="+8613900000001"
    )
    control = wecom_sandbox_world.control
    control.post("activate", {"all": True})
    for app in ("scrm", "contacts"):
        url = f"{live_server.url}/wecom/callback/{app}/"
        assert control.post("callback_urls", {"app": app, "url": url})["ok"]
    tool = f"{live_server.url}/h5/m/?entry=single_chat_tools&ext={{external_userid}}"
    control.post("app_pages", {"chat_tools": [{"name": "素材库", "url": tool}]})
    control.post("add", {"userid": guide_li.userid, "person_id": "p000001"})
    assert control.post("wait_idle", {"timeout": 20})["idle"]
    drain()
    yield wecom_sandbox_world
    View.objects.all().delete()


@pytest.fixture
def hands(browser: Browser) -> Iterator[list[Page]]:
    """Two phones, the guide's and the customer's, each with its own cookies."""
    contexts = [browser.new_context(viewport=PHONE, user_agent=NORMAL) for _ in range(2)]
    yield [context.new_page() for context in contexts]
    for context in contexts:
        context.close()


def opened_by(page: Page, name: str) -> Page:
    """Tap a link that opens another page, and return that."""
    with page.context.expect_page() as opened:
        page.get_by_role("link", name=name).last.click()
    return opened.value


def test_a_guide_sends_and_the_customer_reads_by_clicks_alone(
    world: Any, hands: list[Page], live_server: Any, guide_li: Member
) -> None:
    guide, customer = hands
    MaterialFactory(title=TITLE, summary="到店试穿", body="<p>第一段</p>")
    name = world.control.get("people", limit=1)[0]["name"]

    # given guide Li in the chat with her customer, in WeCom
    guide.goto(f"{world.base_url}/phone/m/{guide_li.userid}")
    guide.get_by_role("link", name=name).last.click()
    guide.get_by_role("link", name="进入聊天").click()

    # when she opens our page from the tool bar, which first asks WeCom who she is, and sends
    tool = opened_by(guide, "素材库")
    tool.get_by_role("button", name=re.compile(guide_li.name)).first.click()
    tool.get_by_role("button", name="发送").first.click()
    expect(tool.locator("[data-told]").first).to_be_visible()

    # then the card stands in both chats, and the customer opens and reads it
    guide.reload()
    expect(guide.locator(".mine .linkcard")).to_contain_text(TITLE)
    customer.goto(f"{world.base_url}/phone/p/p000001")
    expect(customer.get_by_text(TITLE)).to_be_visible()
    customer.get_by_role("link", name=guide_li.name).last.click()
    page = opened_by(customer, TITLE)
    expect(page.get_by_text("第一段")).to_be_visible()
    page.wait_for_timeout(6500)
    page.close()

    # and the guide sees who viewed, and hears of it in WeCom
    send = Send.objects.get()
    assert (send.status, send.member, bool(send.external_userid)) == ("sent", guide_li, True)
    tool.goto(f"{live_server.url}/h5/materials/viewers/")
    expect(tool.locator(".m-feed li")).to_have_count(1)
    expect(tool.locator(".m-feed li")).to_contain_text(name)
    drain()
    guide.goto(f"{world.base_url}/phone/m/{guide_li.userid}?tab=messages")
    expect(guide.locator(".message")).to_contain_text(name)
