"""A dealer's phone sends somebody in from the store, headquarters approves at the desk, WeCom has the account."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from contacts.org.models import OrgUnit
from contacts.roles import services as roles
from contacts.roster.models import RosterPerson
from tests.browser.conftest import DESKTOP, Visitor
from tests.cast import person
from tests.contacts.oa_sync.desk import PEOPLE, Desk, desk
from tests.contacts.roster.people import day, phone_of

__all__ = ["desk"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
HERE = {"latitude": 31.2304, "longitude": 121.4737}


def test_from_a_dealers_phone_to_an_account(
    desk: Desk, phone: Callable[..., Visitor], visitor: Callable[..., Visitor]
) -> None:
    # given a store of the OA whose place is known, its dealer, and headquarters
    roles.presets_load()
    desk.sync(PEOPLE)
    OrgUnit.objects.filter(code="S001").update(
        latitude="31.2304", longitude="121.4737", datum="wgs84"
    )
    dealer = person("dealer", "dealer", OrgUnit.objects.get(code="S001"))
    person("hq", "hq_ops")
    before = desk.members()

    # when the dealer fills in the phone form where the store is
    hand = phone(user=dealer)
    hand.page.context.grant_permissions(["geolocation"])
    hand.page.context.set_geolocation(HERE)
    assert hand.visit("/h5/roster/") == 200
    for field, value in {
        "name": "王小美", "phone": phone_of(1), "post": "导购", "store_code": "S001", "sponsor": "e0001",
        "expires_on": day(90),
    }.items():  # fmt: skip
        hand.page.fill(f"[name={field}]", value)
    hand.page.click("[data-place]")
    expect(hand.page.locator("input[name=datum]")).to_have_value("wgs84")
    hand.page.click("button[type=submit].btn-primary")
    expect(hand.page.locator("p.banner")).to_be_visible()
    expect(hand.page.locator(".rows")).to_contain_text("王小美")
    sent = RosterPerson.objects.get()
    assert (sent.state, sent.distance) == ("waiting", 0)
    assert desk.members() == before

    # and headquarters approves it at the desk
    hq = visitor(size=DESKTOP, language="en")
    hq.page.on("dialog", lambda dialog: dialog.accept())
    hq.log_in("hq")
    hq.visit("/console/roster/")
    hq.page.click("a[href='/console/roster/queue/']")
    expect(hq.page.locator(".table-list")).to_contain_text("0 m from the store")
    hq.page.check("input[name=people]")
    hq.page.click("#queue-form button[type=submit]")
    hq.page.wait_for_url("**/console/roster/queue/")
    expect(hq.page.get_by_text("Nobody waits for a decision")).to_be_visible()

    # then WeCom has exactly one account more, and both see it
    assert sorted(desk.members().keys() - before.keys()) == ["x-s001-01"]
    hq.visit(f"/console/roster/{sent.pk}/")
    expect(hq.page.locator("dl.facts").first).to_contain_text("x-s001-01")
    hand.visit("/h5/roster/")
    expect(hand.page.locator(".rows .tag-ok")).to_have_count(1)
    assert hand.complaints + hq.complaints == []
