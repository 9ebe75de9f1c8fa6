"""The merge centre by hand: two persons side by side, merged with a reason, and taken back."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from customers.oneid.models import PersonLink
from tests.browser.conftest import DESKTOP, PHONE
from tests.factories.customers import ContactFactory, CrmMemberFactory
from tests.factories.oneid import drain, persons

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_two_persons_are_merged_and_it_is_taken_back(visitor, people, size):
    # given a customer and a member who share no key
    contact = ContactFactory(name="王小花", unionid="ou-merge")
    CrmMemberFactory(member_no="M7788", name="王芳")
    drain()
    before = persons()
    person_id = PersonLink.objects.get(record_id=contact.pk).person_id
    visit = visitor(size=size, language="en")
    visit.log_in("hq")
    page = visit.page

    # when the other one is found and both stand side by side
    visit.visit(f"/console/oneid/persons/{person_id}/")
    page.get_by_role("link", name="Merge with another person").click()
    page.get_by_label("Member number, external userid, unionid or full phone of the other").fill(
        "M7788"
    )
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Person 2")).to_be_visible()
    expect(page.get_by_text("王芳")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert Axe().run(page).response["violations"] == []

    # when they are merged by keyboard
    page.get_by_label("Why").fill("she showed her card")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Merged. It can be taken back")).to_be_visible()
    expect(page.get_by_text("she showed her card")).to_be_visible()
    assert len(persons()) == 1

    # then the decision is taken back where decisions are
    visit.visit("/console/oneid/?tab=decisions")
    page.get_by_label("Why").fill("it was her sister")
    page.get_by_role("button", name="Take back").click()
    expect(page.get_by_text("Done.")).to_be_visible()
    assert persons() == before
    assert visit.complaints == []
