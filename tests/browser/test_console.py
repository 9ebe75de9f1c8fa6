"""The console as a person meets it: every menu leaf, two sizes, two languages, keyboard, accessibility."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from contacts.org.models import OrgUnit, StoreBinding
from tests.browser.conftest import DESKTOP, PHONE
from tests.factories.attribution import AddEpisodeFactory, LiveCodeFactory, WelcomeTemplateFactory
from tests.factories.core import JobRunFactory
from tests.factories.customers import CrmMemberFactory, MemberFactory, RelationFactory, TagFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SIZES = {"desktop": DESKTOP, "phone": PHONE}
GRAVE = {"serious", "critical"}
LONG_NAME = (
    "A branch whose name is much longer than anybody would like to see in a table on a phone"
)


@pytest.fixture
def company(people) -> None:
    """A little of everything that lists show, with words that are hard to lay out."""
    branch = OrgUnit.objects.create(kind="branch", code="B1", name=LONG_NAME[:64], path="/1/")
    tags = [tag.tag_id for tag in TagFactory.create_batch(4, name="春季新品到店体验客户标签")]
    for number in range(10, 35):
        store = OrgUnit.objects.create(
            kind="store",
            code=f"STORE-WITH-A-LONG-CODE-{number}",
            name=f"上海南京路店 {number}",
            parent=branch,
            path=f"/1/{number}/",
        )
        member = MemberFactory(
            userid=f"a-very-long-userid-of-a-member-{number}", name="王敏", org_path=store.path
        )
        StoreBinding.objects.create(store=store, member=member)
        RelationFactory(
            member=member,
            contact__name="一位昵称很长很长很长很长的客户",
            tag_ids=tags,
            remark="备注" * 20,
        )
        CrmMemberFactory(name="会员", phone="+8613800000000", store_code=store.code)
        JobRunFactory(title="Import", state="failed", message="x" * 120, total=10, processed=4)
    code = LiveCodeFactory(
        name="会员日社群 · 收银台 · 试衣间 · 门口立牌", members=[member], tag_ids=tags
    )
    WelcomeTemplateFactory(text="你好 {nickname}" * 30)
    AddEpisodeFactory.create_batch(3, userid=member.userid, live_code=code)


def leaves(visitor) -> list[str]:
    links = visitor.page.locator(".side-link")
    return [str(link.get_attribute("href")) for link in links.all()]


def grave_findings(page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [
        f"{page.url} {rule['id']}: {node['target']}"
        for rule in found
        if rule["impact"] in GRAVE
        for node in rule["nodes"][:3]
    ]


def faults_of(visitor, path: str, *, axe: bool = True) -> list[str]:
    """Everything wrong with one page."""
    status = visitor.visit(path)
    page = visitor.page
    faults = [] if status == 200 else [f"{path}: status {status}"]
    if page.locator("h1").count() != 1 or not page.locator("h1").inner_text().strip():
        faults.append(f"{path}: not exactly one h1 with words")
    wide, inner = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    if wide > inner:
        faults.append(f"{path}: {wide} wide in a window of {inner}")
    return faults + (grave_findings(page) if axe else [])


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("username", ["hq", "it"])
def test_every_menu_leaf_is_whole(visitor, company, username, size, language):
    somebody = visitor(size=SIZES[size], language=language)
    somebody.log_in(username)
    paths = leaves(somebody)

    # Accessibility does not hang on the language: looked at once.
    faults = [
        fault for path in paths for fault in faults_of(somebody, path, axe=language == "zh-hans")
    ]

    assert len(paths) >= 5
    assert not faults + somebody.complaints, "\n".join(faults + somebody.complaints)


@pytest.mark.parametrize("username", ["hq", "it"])
def test_every_menu_leaf_is_whole_when_there_is_nothing_yet(visitor, people, username):
    somebody = visitor(size=DESKTOP, language="zh-hans")
    somebody.log_in(username)

    faults = [fault for path in leaves(somebody) for fault in faults_of(somebody, path)]

    assert not faults + somebody.complaints, "\n".join(faults + somebody.complaints)


@pytest.mark.parametrize("size", SIZES)
def test_the_first_object_of_each_list_is_whole(visitor, company, size):
    somebody = visitor(size=SIZES[size], language="zh-hans")
    somebody.log_in("hq")
    faults = []

    for path in leaves(somebody):
        somebody.visit(path)
        inside = somebody.page.locator("tbody tr:first-child a[href^='/console/']").first
        if inside.count():
            faults += faults_of(somebody, str(inside.get_attribute("href")))

    assert not faults + somebody.complaints, "\n".join(faults + somebody.complaints)


@pytest.mark.parametrize(
    "path",
    ["/console/live-codes/new/", "/console/roles/new/", "/console/crm-sources/files/members/"],
)
@pytest.mark.parametrize("size", SIZES)
def test_forms_are_whole(visitor, people, size, path):
    somebody = visitor(size=SIZES[size], language="zh-hans")
    somebody.log_in("hq")

    assert faults_of(somebody, path) + somebody.complaints == []


@pytest.mark.parametrize("size", SIZES)
def test_the_log_in_page_is_whole_and_says_what_was_wrong(visitor, people, size):
    somebody = visitor(size=SIZES[size], language="zh-hans")
    assert faults_of(somebody, "/accounts/login/") == []

    somebody.page.fill("#id_username", "hq")
    somebody.page.fill("#id_password", "wrong")
    somebody.page.press("#id_password", "Enter")

    somebody.page.wait_for_selector("[role=alert]")
    assert "/accounts/login/" in somebody.page.url
    assert somebody.complaints == []


def test_the_language_switch_keeps_the_page(visitor, people):
    somebody = visitor(size=DESKTOP, language="zh-hans")
    somebody.log_in("hq")
    somebody.visit("/console/roles/")
    assert somebody.page.locator("html").get_attribute("lang") == "zh-CN"

    somebody.page.click(".top-language button")
    somebody.page.wait_for_load_state()

    assert somebody.page.url.endswith("/console/roles/")
    assert somebody.page.locator("html").get_attribute("lang") == "en"
    assert somebody.page.locator("h1").inner_text() == "Roles"


def test_the_menu_opens_and_closes_on_a_phone(visitor, people):
    somebody = visitor(size=PHONE, language="en")
    somebody.log_in("hq")
    menu = somebody.page.locator("#menu")
    assert menu.is_visible() is False

    somebody.page.click(".top-menu")
    somebody.page.wait_for_selector("#menu", state="visible")
    somebody.page.keyboard.press("Escape")
    somebody.page.wait_for_selector("#menu", state="hidden")

    assert somebody.page.evaluate("document.activeElement.className").endswith("top-menu")


def test_the_keyboard_reaches_the_content_first_and_shows_where_it_is(visitor, people):
    somebody = visitor(size=DESKTOP, language="en")
    somebody.log_in("hq")
    somebody.visit("/console/roles/")

    somebody.page.keyboard.press("Tab")

    assert somebody.page.evaluate("document.activeElement.className") == "skip-link"
    assert (
        somebody.page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    )


def test_log_out_from_the_user_menu(visitor, people):
    somebody = visitor(size=DESKTOP, language="en")
    somebody.log_in("hq")

    somebody.page.click(".top-user")
    somebody.page.click(".dropdown-menu.show button[type=submit]")

    somebody.page.wait_for_url("**/accounts/login/")
    assert somebody.visit("/console/") == 200
    assert "/accounts/login/" in somebody.page.url
