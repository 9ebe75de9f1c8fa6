"""The global search by hand: keys, mouse, error, both sizes, accessibility."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from customers.lists.refreshing import search_rows_refresh
from customers.relations.models import ExternalContact
from tests.browser.conftest import DESKTOP, PHONE
from tests.factories.attribution import LiveCodeFactory
from tests.factories.customers import ContactFactory, RelationFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def found(people) -> None:
    """Two customers and a code with the same word in their names."""
    for name in ("小花一", "小花二"):
        RelationFactory(contact=ContactFactory(name=name))
    LiveCodeFactory(name="小花的活码")
    search_rows_refresh(ExternalContact.objects.values_list("pk", flat=True))


def test_the_keyboard_opens_chooses_and_goes_there(visitor, found):
    person = visitor(size=DESKTOP, language="en")
    person.log_in("hq")
    page = person.page

    page.keyboard.press("Control+k")
    page.keyboard.type("小花")
    options = page.locator("#search-results [role=option]")
    expect(options).to_have_count(3)
    expect(options.nth(0)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowUp")
    expect(options.nth(2)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")

    page.wait_for_url(re.compile(r"/console/customers/profile/|/console/profile/|/customers/"))
    expect(page.locator("h1")).to_contain_text("小花一")
    assert person.complaints == []


def test_escape_closes_and_forgets_and_the_slash_opens_only_outside_of_fields(visitor, found):
    person = visitor(size=DESKTOP, language="en")
    person.log_in("hq")
    page, dialog = person.page, person.page.locator("#search")
    page.keyboard.press("/")
    expect(dialog).to_be_visible()
    expect(page.locator("#search-input")).to_be_focused()
    page.keyboard.type("小花")
    expect(page.locator("#search-results [role=option]")).to_have_count(3)

    page.keyboard.press("Escape")

    expect(dialog).to_be_hidden()
    assert page.locator("#search-input").input_value() == ""
    assert page.locator("#search-results [role=option]").count() == 0

    person.visit("/console/live-codes/")
    page.locator("form.filters input[name=name]").press("/")
    expect(dialog).to_be_hidden()


def test_an_answer_that_does_not_come_is_said_in_the_dialog_and_can_be_asked_again(visitor, found):
    person = visitor(size=DESKTOP, language="en")
    person.log_in("hq")
    page = person.page
    page.route("**/console/search/", lambda route: route.abort())
    page.keyboard.press("Control+k")
    page.fill("#search-input", "小花")
    # The words are in the page before they are needed: only being seen proves anything.
    expect(page.locator("#search-failed")).to_be_visible()
    expect(page.locator("#search-failed")).to_contain_text("Check the connection")
    assert page.locator(".toast-note").count() == 0

    page.unroute("**/console/search/")
    page.click("#search-again")

    expect(page.locator("#search-results [role=option]")).to_have_count(3)
    expect(page.locator("#search-failed")).to_be_hidden()


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_it_fits_and_is_accessible(visitor, found, size):
    person = visitor(size=size, language="zh-hans")
    person.log_in("hq")
    page = person.page
    page.click("[data-search]")
    page.fill("#search-input", "小花")
    expect(page.locator("#search-results [role=option]")).to_have_count(3)

    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    grave = [
        f"{violation['id']}: {violation['nodes'][0]['html']}"
        for violation in Axe().run(page).response["violations"]
        if violation["impact"] in {"serious", "critical"}
    ]
    assert grave == []
