"""Check-in and points by people's taps: a customer in WeChat, headquarters at the desk, a guide with the phone."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from customers.checkin.models import Checkin
from customers.groups.models import CustomerGroup
from customers.groups.services import group_refresh
from customers.points.models import PointsAccount, Redemption
from scrm.core.gateway import forget_clients, wecom
from tests.browser.conftest import DESKTOP, PHONE
from tests.factories.groups import CampaignFactory, PlaceFactory, RewardFactory, rich
from wecom_sandbox.wechat.accounts import SERVICE

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
WECHAT = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 MicroMessenger/8.0.44"
MOST_BYTES = 150_000


@pytest.fixture
def world(wecom_sandbox_world: Any, live_server: Any, settings: Any, guide_li: Any) -> Any:
    """A corp with guide Li, whose group has one customer; the service account is ours."""
    settings.BASE_URL = live_server.url
    base = f"{wecom_sandbox_world.base_url}/wechat"
    settings.WECHAT_API_BASE = settings.WECHAT_OAUTH_BASE = settings.WECHAT_MP_BASE = base
    settings.WECHAT_APPS = {"service": {"appid": SERVICE.appid, "secret": SERVICE.secret}}
    forget_clients()
    wecom("contacts").user.create("guide_li", "李娜", [1], mobile="13900000000")
    control = wecom_sandbox_world.control
    control.post("activate", {"all": True})
    way = wecom().contact_way.add(["guide_li"], scene=2, type=2)
    person = control.get("people", limit=1)[0]
    control.post("scan", {"config_id": way.config_id, "person_id": person["id"]})
    made = control.post("group", {"owner": "guide_li", "name": "会员群", "people": [person["id"]]})
    assert group_refresh(made["chat_id"])
    return wecom_sandbox_world


@pytest.fixture
def person(world: Any) -> Any:
    """The customer of the group."""
    return world.control.get("people", limit=1)[0]


@pytest.fixture
def place(world: Any) -> Any:
    """A campaign that is open, and a cup for what a customer has after one check-in."""
    today = timezone.localdate()
    RewardFactory(name="马克杯", cost=12)
    return PlaceFactory(
        campaign=CampaignFactory(
            name="天天打卡", starts_on=today, ends_on=today + timedelta(days=6)
        ),
        group=CustomerGroup.objects.get(),
    )


def customers_phone(browser: Any, world: Any, person: Any) -> Page:
    """A phone WeChat knows the owner of; its language is English, so that words are looked for in one."""
    context = browser.new_context(viewport=PHONE, user_agent=WECHAT, locale="en-GB", has_touch=True)
    context.add_cookies([{"name": "person", "value": person["id"], "url": world.base_url}])
    return context.new_page()


def test_check_in_then_redeem_then_the_guide_hands_out(
    visitor: Any,
    browser: Any,
    world: Any,
    place: Any,
    person: Any,
    live_server: Any,
    guide_li: Any,
    phone: Any,
) -> None:
    # given a customer with some points from before
    rich(person["unionid"], 7)
    page = customers_phone(browser, world, person)
    received: list[int] = []
    page.on(
        "response", lambda answer: received.append(int(answer.headers.get("content-length", 0)))
    )

    # when they open the link of the group, let WeChat say who they are, and tap
    page.goto(f"{live_server.url}/g/{place.token}/")
    page.get_by_role("link", name="Continue with WeChat").click()
    page.locator("button[value='accept']").first.click()
    page.get_by_role("button", name="Check in, +5 points").click()

    # then the streak shows, once
    expect(page.get_by_text("Checked in today: +5")).to_be_visible()
    expect(page.locator("#streak")).to_have_text("1")
    expect(page.locator("#balance")).to_have_text("12")
    assert Checkin.objects.count() == 1
    assert sum(received) < MOST_BYTES
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]

    # when they redeem
    link = page.get_by_role("link", name="Redeem")
    assert (link.bounding_box() or {})["height"] >= 44
    link.click()
    button = page.get_by_role("button", name="Spend 12 points")
    assert (button.bounding_box() or {})["height"] >= 44
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert not Redemption.objects.exists()
    button.click()
    code = page.locator(".g-code").inner_text()
    assert code == Redemption.objects.get().code

    # then the guide checks the code and hands the cup out
    guide = phone(language="en")
    guide.visit("/h5/pickup/")
    guide.page.fill("#pickup-code", code.lower())
    guide.page.get_by_role("button", name="Check the code").click()
    expect(guide.page.get_by_role("heading", name="马克杯")).to_be_visible()
    guide.page.get_by_role("button", name="Hand it out").click()
    expect(guide.page.get_by_text("Handed out: 马克杯")).to_be_visible()
    page.reload()
    expect(page.locator(".g-code")).to_have_count(0)
    assert PointsAccount.objects.get(kind="customer").balance == 0
    page.context.close()


def test_headquarters_makes_an_activity(visitor: Any, world: Any, hq_ops: Any) -> None:
    hq = visitor(size=DESKTOP, language="en")
    hq.log_in("hq")
    hq.visit("/console/checkin/new/")
    hq.page.fill("#id_name", "天天打卡")
    hq.page.fill("#id_ends_on", (timezone.localdate() + timedelta(days=6)).isoformat())
    hq.page.get_by_label("会员群").check()
    hq.page.get_by_role("button", name="Keep the activity").click()
    hq.page.get_by_role("button", name="Open it").click()
    expect(hq.page.get_by_role("button", name="Stop")).to_be_visible()
    expect(hq.page.get_by_text("/g/")).to_be_visible()
    for path in (
        "/console/groups/",
        "/console/groups/figures/",
        "/console/points/",
        "/console/points/rewards/",
    ):
        assert hq.visit(path) == 200
    assert hq.complaints == []
