"""The phone face as a guide meets it: every page at 390 pixels, both languages, targets, the chat's side bar."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from contacts.roles import services as roles
from contacts.roles.models import Role
from scrm.accounts.models import User
from scrm.core.gateway import wecom
from tests.browser.conftest import Visitor
from tests.browser.guides_phone import WECOM_UA

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PAGES = ["/h5/", "/h5/customers/", "/h5/code/", "/h5/tasks/", "/h5/me/", "/h5/diag/"]
GRAVE = {"serious", "critical"}
SMALLEST = 44
SMALL_TARGETS = """
() => [...document.querySelectorAll("a[href], button, input, select, summary, [role=button]")]
  .filter((each) => each.checkVisibility && each.checkVisibility() && !each.classList.contains("skip-link"))
  .filter((each) => each.type !== "hidden" && !each.closest(".choice"))
  .map((each) => [each.outerHTML.slice(0, 90), each.getBoundingClientRect()])
  .filter(([, box]) => box.width && (box.height < 44 || box.width < 44)).map(([html, box]) => `${html} ${box.width}x${box.height}`)
"""
SMALL_INPUTS = """
() => [...document.querySelectorAll("input, select, textarea")]
  .filter((each) => parseFloat(getComputedStyle(each).fontSize) < 16).map((each) => each.outerHTML.slice(0, 90))
"""


def faults_of(me: Visitor, path: str) -> list[str]:
    """Everything wrong with one page."""
    status = me.visit(path)
    page = me.page
    faults = [] if status == 200 else [f"{path}: status {status}"]
    if page.locator("h1").count() != 1 or not page.locator("h1").inner_text().strip():
        faults.append(f"{path}: not exactly one h1 with words")
    wide, inner = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    if wide > inner:
        faults.append(f"{path}: {wide} wide in a window of {inner}")
    faults += [f"{path}: small target {each}" for each in page.evaluate(SMALL_TARGETS)]
    faults += [f"{path}: small input {each}" for each in page.evaluate(SMALL_INPUTS)]
    found = Axe().run(page).response["violations"]
    return faults + [
        f"{path} {rule['id']}: {node['target']}"
        for rule in found
        if rule["impact"] in GRAVE
        for node in rule["nodes"][:3]
    ]


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_every_page_is_whole_on_a_phone(phone, shop, language):
    me = phone(language=language)
    profile = f"/h5/customers/{shop.relations.first().contact_id}/"

    faults = [fault for path in [*PAGES, profile, "/h5/c/wm1/"] for fault in faults_of(me, path)]

    assert not faults + me.complaints, "\n".join(faults + me.complaints)


def test_every_page_is_whole_when_there_is_nothing_yet(phone, company, guide_li):
    me = phone()

    faults = [fault for path in PAGES for fault in faults_of(me, path)]

    assert not faults + me.complaints, "\n".join(faults + me.complaints)


def test_the_side_bar_shows_the_customer_of_the_chat(phone, shop):
    me = phone(WECOM_UA)

    me.visit("/h5/c/?entry=single_chat_tools&ext=wm1")

    me.page.wait_for_selector("[data-profile] .card")
    assert "80021457" in me.page.inner_text("[data-profile]")
    assert me.page.locator(".h5-tabs").count() == 0
    assert me.complaints == []


def test_the_side_bar_shows_the_group_of_a_group_chat(phone, shop):
    me = phone(WECOM_UA)

    me.visit("/h5/c/?entry=group_chat_tools&ext=wm1")

    card = me.page.wait_for_selector("[data-group]:not([hidden])")
    assert card.query_selector("[data-group-id]").inner_text() == "wrDEMO"
    assert me.page.locator("[data-trouble]:not([hidden])").count() == 0
    assert me.page.locator("[data-profile] .card").count() == 0
    card.query_selector("a.btn").click()
    me.page.wait_for_url("**/h5/m/**")
    assert me.complaints == []


@pytest.mark.parametrize(
    ("query", "kind"),
    [
        ("entry=group_chat_tools&outcome=no_permission", "permission"),
        ("entry=normal&ext=wm1", "context"),
        ("entry=single_chat_tools&ext=wm1&outcome=no_permission", "permission"),
        ("entry=single_chat_tools&ext=wm1&outcome=timeout", "timeout"),
        ("entry=single_chat_tools&ext=wm1&outcome=bad_signature", "signature"),
        ("entry=single_chat_tools&ext=wm-of-wang", "unknown"),
        ("entry=single_chat_tools&ext=wm-nobody", "unknown"),
    ],
)
def test_the_side_bar_says_why_it_shows_nobody(phone, shop, query, kind):
    me = phone(WECOM_UA)

    me.visit(f"/h5/c/?{query}")

    box = me.page.wait_for_selector("[data-trouble]:not([hidden])")
    assert box.get_attribute("data-kind") == kind
    assert box.query_selector("[data-trouble-text]").inner_text().strip() != ""
    assert me.page.locator("[data-profile] .card").count() == 0


def test_the_list_grows_while_one_scrolls_and_the_search_narrows_it(phone, shop):
    me = phone()
    me.visit("/h5/customers/")
    rows = me.page.locator("#customers li")
    assert rows.count() == 20

    me.page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    expect(rows).to_have_count(30)
    me.page.fill("#q", "小明3")
    expect(rows).to_have_count(1)

    assert "小明" not in me.page.url
    assert "q=" not in me.page.url
    assert me.complaints == []


def test_a_phone_number_is_shown_after_a_reason(phone, shop):
    me = phone()
    me.visit("/h5/c/wm1/")
    assert "+8613812345678" not in me.page.content()

    me.page.click("[data-do=sheet]")
    me.page.check("dialog input[value=delivery]")
    me.page.click("dialog button[type=submit]")

    me.page.wait_for_selector("a[href='tel:+8613812345678']")
    assert me.page.locator("dialog[open]").count() == 0
    assert me.complaints == []


def test_beyond_the_quota_the_words_stand_where_the_number_would(phone, shop, settings):
    settings.H5_REVEALS_PER_DAY = 0
    me = phone()
    me.visit("/h5/c/wm1/")

    me.page.click("[data-do=sheet]")
    me.page.check("dialog input[value=call]")
    me.page.click("dialog button[type=submit]")

    assert me.page.wait_for_selector("[data-words]").inner_text().strip() != ""


def test_a_task_is_ticked_off_in_place(phone, shop):
    me = phone()
    me.visit("/h5/tasks/")

    me.page.locator("li form button").first.click()

    me.page.wait_for_selector("li [role=status]")
    assert me.complaints == []


def test_a_person_who_is_not_logged_in_sees_how_to_get_inside(phone, shop, settings, live_server):
    settings.DEMO_MODE = False
    me = phone(user=shop.user)
    me.page.context.clear_cookies()

    assert me.visit("/h5/code/") == 200

    assert me.page.locator("img.qr").is_visible()
    assert f"{live_server.url}/h5/code/" in me.page.inner_text("main")
    assert faults_of(me, "/h5/code/") + me.complaints == []


def test_a_guide_logs_in_through_the_sandbox_and_comes_back(phone, shop, wecom_sandbox_world):
    wecom("contacts").user.create("guide_li", "李娜", [1], mobile="+8613800000001")
    wecom_sandbox_world.control.post("activate", {"userids": ["guide_li"]})
    me = phone()
    me.page.context.clear_cookies()

    me.visit("/h5/customers/?chip=today")
    me.page.click("[name=sandbox_userid][value=guide_li]")

    me.page.wait_for_url("**/h5/customers/?chip=today")
    assert me.page.locator("#customers").is_visible()


def test_headquarters_is_told_where_its_pages_are(phone, shop):
    roles.presets_load()
    user = User.objects.create(username="hq", name="HQ")
    roles.grant(user=user, role=Role.objects.get(code="hq_ops"), org_unit=None, actor=None)
    me = phone(user=user)

    assert me.visit("/h5/") == 403
    assert me.page.locator("a[href='/console/']").count() == 1


def test_diagnostics_fill_themselves_and_can_be_copied(phone, shop):
    me = phone(WECOM_UA)
    me.visit("/h5/diag/?entry=single_chat_tools")

    me.page.wait_for_selector("[data-diag][data-done]")

    table = me.page.inner_text("[data-diag]")
    assert "single_chat_tools" in table
    assert me.page.locator("[data-value=agent][data-verdict=ok]").count() == 1
    assert me.page.locator("[data-apis] li[data-verdict=ok]").count() > 10
    assert "sendChatMessage" in str(me.page.get_attribute("[data-copy-diag]", "data-copy"))
    assert me.complaints == []
