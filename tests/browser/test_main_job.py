"""The main job by a person's clicks: HQ at the console, customers on the simulator's phone, WeCom between them."""

import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from openpyxl import Workbook
from playwright.sync_api import Page, expect

from contacts.directory.models import Member
from contacts.org.models import StoreBinding
from contacts.roles import services as roles
from contacts.roles.models import Role
from customers.relations.models import FollowRelation
from scrm.accounts.models import User
from scrm.core.gateway import wecom
from scrm.inbox.worker import drain
from tests.browser.conftest import DESKTOP, PASSWORD, PHONE, Visitor
from wecom_sandbox import defaults

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@pytest.fixture
def world(wecom_sandbox_world: Any, live_server: Any, settings: Any, company: Any, guide_li: Member, guide_wang: Member) -> Any:  # fmt: skip
    """A simulator that knows three guides and our address; the third one serves no store yet."""
    settings.BASE_URL = live_server.url
    zhao = Member.objects.create(
        userid="guide_zhao", name="赵敏", status=Member.Status.ACTIVE, can_follow=True,
        department_ids=guide_li.department_ids, main_department_id=guide_li.main_department_id,
    )  # fmt: skip
    for number, member in enumerate((guide_li, guide_wang, zhao)):
        wecom("contacts").user.create(
            userid=member.userid, name=member.name, department=[1], mobile=f"+861390000000{number}"
        )
    control = wecom_sandbox_world.control
    control.post("activate", {"all": True})
    for app in ("scrm", "contacts"):
        url = f"{live_server.url}/wecom/callback/{app}/"
        assert control.post("callback_urls", {"app": app, "url": url})["ok"]
    return wecom_sandbox_world


@pytest.fixture
def hq(visitor: Callable[..., Visitor], world: Any) -> Visitor:
    """Headquarters, logged in, at the console in English; says yes to every question."""
    user = User(username="ops", name="OPS")
    user.set_password(PASSWORD)
    user.save()
    roles.grant(user=user, role=Role.objects.get(code="hq_ops"), org_unit=None, actor=None)
    me = visitor(size=DESKTOP, language="en")
    me.log_in("ops")
    me.page.on("dialog", lambda asked: asked.accept())
    return me


@pytest.fixture
def customer(browser: Any, world: Any) -> Iterator[Callable[[int], Page]]:
    """Open the simulator's phone of the n-th person."""
    context = browser.new_context(viewport=PHONE, has_touch=True)
    context.add_cookies([{"name": "lang", "value": "en", "url": world.base_url}])
    people = world.control.get("people", limit=20)

    def pick_up(number: int) -> Page:
        page = context.new_page()
        page.goto(f"{world.base_url}/phone/p/{people[number]['id']}")
        return page

    yield pick_up
    context.close()


def settle(world: Any) -> None:
    """Deliver everything and work until nothing is due."""
    assert world.control.post("wait_idle", {"timeout": 30})["idle"]
    drain()


def bindings(*rows: tuple[str, str, int]) -> dict[str, Any]:
    """Return a file of bindings as a browser uploads it."""
    book = Workbook()
    for row in (("门店编码", "企微账号", "顺序"), *rows):
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return {"name": "bindings.xlsx", "mimeType": XLSX, "buffer": out.getvalue()}


def menu(me: Visitor, leaf: str) -> None:
    """Click an entry of the console's menu."""
    me.page.locator(".sidebar, aside, nav").get_by_role("link", name=leaf, exact=True).first.click()
    expect(me.page.locator("h1")).to_have_text(leaf)


def make_code(
    me: Visitor, name: str, member: str, *, backup: str = "", welcome: str = "", tag: str = ""
) -> None:
    """Make a live code by clicks; the page of the code is open afterwards."""
    page = me.page
    menu(me, "Live codes")
    page.get_by_role("link", name="Make a live code").first.click()
    page.get_by_label("Name", exact=False).first.fill(name)
    page.locator("#member-choices").get_by_text(member).click()
    if backup:
        page.locator("details.more > summary").first.click()
        page.locator("#backup-choices").get_by_text(backup).click()
    if welcome:
        page.locator("[name=welcome_text]").fill(welcome)
    if tag:
        page.locator("details.more > summary").last.click()
        page.locator(".choices label", has_text=tag).click()
    page.get_by_role("button", name="Make the code").click()
    expect(page.locator("h1")).to_have_text(name)


def scan(page: Page, code: str) -> None:
    """Scan one of the corp's codes and add whoever WeCom picks."""
    page.get_by_role("link", name="Scan a code").click()
    page.get_by_role("link", name=code).click()
    page.get_by_role("button", name="Add to contacts").click()


def test_stores_are_bound_a_live_code_is_made_and_a_customer_scans_it(hq, customer, world):
    page = hq.page

    # when HQ sends in the bindings and approves them
    menu(hq, "Stores")
    page.get_by_role("link", name="Send in bindings").click()
    page.set_input_files("input[type=file]", bindings(("S1", "guide_zhao", 2), ("S9", "guide_zhao", 1)))  # fmt: skip
    page.get_by_role("button", name="Check the file").click()
    page.get_by_role("button", name="Approve and bind").click()

    # then the good row holds, the row of an unknown store is refused in words
    expect(page.locator("main")).to_contain_text("S9")
    assert set(StoreBinding.objects.filter(store__code="S1").values_list("member__userid", flat=True)) == {
        "guide_li",
        "guide_zhao",
    }  # fmt: skip

    # when she makes a tag and a live code of the new guide
    menu(hq, "Tags")
    page.get_by_role("link", name="New tags").first.click()
    page.locator("[name=group_name]").fill("Channel")
    page.locator("[name=names]").fill("Counter")
    page.get_by_role("button", name="Make tags").click()
    make_code(hq, "Anniversary", "赵敏", welcome="Hello, I am {guide}", tag="Counter")

    # then the code works and has a picture
    settle(world)
    page.reload()
    expect(page.locator("dl.facts")).to_contain_text("Working")
    assert page.locator("img.qr").evaluate("each => each.naturalWidth") == 300

    # when a customer scans it on the phone
    phone = customer(0)
    scan(phone, "Anniversary")
    settle(world)
    phone.reload()

    # then she reads the welcome, and HQ counts one add and finds the customer with the tag
    expect(phone.locator(".chat")).to_contain_text("Hello, I am 赵敏")
    page.reload()
    expect(page.locator(".kpi-value").first).to_have_text("1")
    relation = FollowRelation.objects.get()
    assert relation.member.userid == "guide_zhao"
    menu(hq, "Customer list")
    page.get_by_role("link", name=relation.contact.name).first.click()
    expect(page.locator("main")).to_contain_text("Counter")
    assert hq.complaints == []


def test_an_account_crosses_70_percent_and_the_code_takes_the_backup(hq, customer, world, settings):
    page = hq.page

    # given a monitor group, a code with a backup, and one account that may have ten customers
    menu(hq, "Alerts")
    page.get_by_role("link", name="New channel").click()
    page.locator("[name=name]").fill("Monitor group")
    page.locator("[name=url]").fill(
        f"{world.base_url}/cgi-bin/webhook/send?key={defaults.ROBOT_KEY}"
    )
    page.locator("[name=level]").select_option("warning")
    page.locator("main form button[type=submit]").last.click()
    make_code(hq, "Counter stand", "李娜", backup="王芳")
    settle(world)
    scan(customer(0), "Counter stand")
    settle(world)
    menu(hq, "Account capacity")
    page.get_by_role("link", name="李娜").first.click()
    page.locator("[name=limit]").fill("10")
    page.locator("[name=swap_percent]").fill("70")
    page.locator("[name=reason]").fill("demo")
    page.get_by_role("button", name="Save").click()

    # when six more customers scan
    for number in range(1, 7):
        scan(customer(number), "Counter stand")
    settle(world)

    # then the group has the one alert word by word, HQ sees it, and the eighth comes to the backup
    said = world.control.get(f"robot/{defaults.ROBOT_KEY}/messages")
    assert [each["content"]["text"]["content"] for each in said] == [
        "李娜(账号:guide_li)客户容量已达到70%,请及时处理。"
    ]
    menu(hq, "Alerts")
    expect(page.locator("main")).to_contain_text("70%")
    eighth = customer(7)
    scan(eighth, "Counter stand")
    settle(world)
    assert (
        FollowRelation.objects.order_by("-created_time", "-id").first().member.userid
        == "guide_wang"
    )
    menu(hq, "Live codes")
    page.get_by_role("link", name="Counter stand").first.click()
    expect(page.locator(".people li", has_text="李娜")).to_contain_text("The account is full.")
    expect(page.locator(".people li", has_text="王芳")).to_contain_text("Receives customers")
    assert len(world.control.get(f"robot/{defaults.ROBOT_KEY}/messages")) == 1
    assert hq.complaints == []
