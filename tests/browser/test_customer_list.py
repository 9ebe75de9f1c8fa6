"""Search leads to a profile; tags for many, counted first; the address never holds what was searched."""

import re

import pytest
from playwright.sync_api import expect

from customers.lists.refreshing import search_rows_refresh
from customers.relations.models import ExternalContact
from customers.tags.models import TagWish
from scrm.core.crypto import blind_index
from scrm.core.jobs.models import JobRun
from tests.browser.conftest import DESKTOP, PHONE
from tests.factories.customers import ContactFactory, MemberFactory, RelationFactory, TagFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
NUMBER = "+8613800138000"


@pytest.fixture
def customers(people) -> None:
    """Thirty customers of one guide; one with a phone, a remark and the tag already."""
    tag = TagFactory(tag_id="et1", name="VIP")
    guide = MemberFactory(userid="LiNa", name="李娜")
    for number in range(29):
        RelationFactory(member=guide, contact=ContactFactory(name=f"顾客{number}"))
    contact = ContactFactory(name="张三丰", phone=NUMBER, phone_index=blind_index("phone", NUMBER))
    RelationFactory(member=guide, contact=contact, remark="王总", tag_ids=[tag.tag_id])
    search_rows_refresh(ExternalContact.objects.values_list("pk", flat=True))


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("text", ["zhangsanfeng", "王总", "8000"])
def test_a_search_in_the_list_opens_the_profile(visitor, customers, size, text):
    person = visitor(size=size, language="zh-hans")
    person.log_in("hq")
    person.visit("/console/customers/")
    page = person.page

    page.fill("form.filters[role=search] input[name=q]", text)
    page.press("form.filters[role=search] input[name=q]", "Enter")
    expect(page.locator("tbody tr")).to_have_count(1)
    assert text not in page.url
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.click("tbody a:has-text('张三丰')")

    expect(page.locator("h1")).to_contain_text("张三丰")
    assert person.complaints == []


def test_the_box_finds_by_pinyin_and_last_four(visitor, customers):
    person = visitor(size=DESKTOP, language="en")
    person.log_in("hq")
    page = person.page
    for text in ("zsf", "8000"):
        page.keyboard.press("Control+k")
        page.fill("#search-input", text)
        option = page.locator("#search-results [role=option]", has_text="张三丰")
        expect(option).to_have_count(1)
        page.keyboard.press("Escape")
        expect(page.locator("#search")).to_be_hidden()
    page.keyboard.press("Control+k")
    page.fill("#search-input", "zsf")
    page.click("#search-results [role=option]:has-text('张三丰')")

    page.wait_for_url(re.compile(r"/console/customers/[0-9a-f-]{36}/"))
    assert person.complaints == []


def test_all_that_match_are_tagged_after_a_count(visitor, customers):
    person = visitor(size=DESKTOP, language="en")
    person.log_in("hq")
    person.visit("/console/customers/")
    page = person.page

    # ticks count, and "all that match" takes over
    page.check("[data-tick-page]")
    expect(page.locator("[data-tick-count]")).to_have_text("ticked: 20")
    page.check("[data-tick-all]")
    expect(page.locator("[data-tick-count]")).to_have_text("")
    page.click("#bulk-form button:has-text('Put tags')")
    expect(page.locator("h1")).to_contain_text("Tag 30 customers")

    # choosing a tag counts, without anything happening
    page.select_option("#id_add", "et1")
    start = page.locator("button:has-text('Tag 29 customers now')")
    expect(start).to_be_visible()
    assert JobRun.objects.count() == 0

    start.click()

    page.wait_for_url(re.compile(r"/console/jobs/"))
    assert TagWish.objects.count() == 29
    assert JobRun.objects.get().total == 29
    assert person.complaints == []
