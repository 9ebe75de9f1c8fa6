"""A tag rule from the builder to the tags, and a segment by keyboard; both sizes without complaints."""

import re
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from playwright.sync_api import expect

from customers.relations.models import FollowRelation
from customers.segments.models import Segment
from customers.segments.senders import MARK_SENDER
from scrm.core.jobs.models import JobRun
from scrm.core.outbox.models import OutboxMessage
from tests.browser.conftest import DESKTOP, PHONE
from tests.factories.customers import ContactFactory, RelationFactory, TagFactory
from tests.factories.segments import buyer, person_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def customers(people: None) -> FollowRelation:
    """A customer who spent 600 and one who spent 60, and a tag."""
    TagFactory(tag_id="et_gold", name="Gold")
    relation: FollowRelation = RelationFactory(contact=ContactFactory(name="小花"))
    person_of(buyer("600.00")[0], relation.contact)
    person_of(buyer("60.00")[0], RelationFactory(contact=ContactFactory(name="小草")).contact)
    return relation


def delivered() -> None:
    """Let the outbox do its work; the job ran with the request, as tasks do in tests."""
    assert JobRun.objects.get(kind="tag_rules.check").state == "done"
    for message in OutboxMessage.objects.filter(kind="tags.mark", status="pending"):
        assert MARK_SENDER.settle is not None
        MARK_SENDER.settle(message.payload, {"at": timezone.now().isoformat()})
        OutboxMessage.objects.filter(pk=message.pk).update(status="sent")


def test_a_rule_is_made_tried_and_switched_on(visitor: Any, customers: FollowRelation) -> None:
    person = visitor(size=DESKTOP, language="en")
    person.log_in("hq")
    page = person.page
    person.visit("/console/segments/rules/new/")

    # when the first condition becomes "spent at least 500"
    page.fill("#id_name", "Big spenders")
    page.get_by_label("Fact").select_option("order_sum")
    number = page.get_by_label("Spent, less refunds (yuan)")
    number.fill("500")
    number.press("Tab")
    expect(page.locator("#builder-count")).to_contain_text("1 person now")
    page.select_option("#id_tag_ids", "et_gold")
    page.get_by_role("button", name="Save").click()

    # then it is a draft that says what it means, and is tried without effect
    expect(page.locator("h1")).to_have_text("Big spenders")
    expect(page.locator(".cond-lines").first).to_contain_text("at least 500")
    page.get_by_role("button", name="Dry run").click()
    expect(page.locator("#tried-persons")).to_have_text("1")
    expect(page.locator("#tried-added")).to_have_text("1")
    assert not OutboxMessage.objects.filter(kind="tags.mark").exists()

    # when it is switched on
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Switch on").click()
    page.wait_for_url(re.compile("/jobs/"))
    delivered()

    # then the tag is on the customer
    customers.refresh_from_db()
    assert customers.tag_ids == ["et_gold"]
    assert FollowRelation.objects.filter(tag_ids__contains=["et_gold"]).count() == 1
    assert person.complaints == []


def test_a_segment_is_built_with_a_group_and_lists_its_customers(
    visitor: Any, customers: FollowRelation
) -> None:
    person = visitor(size=PHONE, language="en")
    person.log_in("hq")
    page = person.page
    person.visit("/console/segments/new/")
    page.fill("#id_name", "Friends who buy little")

    # when two conditions and a group that excludes are made, all by keyboard
    page.get_by_label("Fact").select_option("friend")
    expect(page.get_by_label("Is a friend of a guide")).to_be_visible()
    page.get_by_role("button", name="Add a group").press("Enter")
    group = page.locator(".cond-group").nth(1)
    group.get_by_label("and meets").select_option("none")
    group.get_by_label("Fact").select_option("order_sum")
    number = group.get_by_label("Spent, less refunds (yuan)")
    number.fill("100")
    number.press("Tab")
    expect(page.locator("#builder-count")).to_contain_text("1 person now")
    group.get_by_role("button", name="Add a condition").press("Enter")
    expect(group.locator(".cond-row")).to_have_count(2)
    group.get_by_role("button", name="Remove this condition").nth(1).press("Enter")
    expect(group.locator(".cond-row")).to_have_count(1)
    assert Axe().run(page).response["violations"] == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.get_by_role("button", name="Save").press("Enter")

    # then it lists who meets it, and reads back in the builder
    expect(page.locator("h1")).to_have_text("Friends who buy little")
    expect(page.locator("table")).to_contain_text("小草")
    expect(page.locator("table")).not_to_contain_text("小花")
    saved = Segment.objects.get()
    person.visit(f"/console/segments/{saved.pk}/edit/")
    expect(page.locator(".cond-group").nth(1).get_by_label("and meets")).to_have_value("none")
    expect(page.locator("#builder-count")).to_contain_text("1 person now")
    assert person.complaints == []
