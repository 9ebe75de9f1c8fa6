"""A customer's profile in a browser: found, read, noted, on the console; scanned and served on the phone."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from contacts.directory.models import Member
from contacts.feed.models import FeedItem
from customers.crm.fact_models import ServiceReceived
from customers.crm.models import CrmMember
from customers.fields import services as fields
from customers.fields.models import FieldValue
from customers.fields.services import FieldWish
from customers.profile.models import FollowUpNote
from customers.relations.models import ExternalContact
from tests.browser.conftest import DESKTOP, PHONE, Visitor
from tests.browser.guides_phone import WECOM_UA
from tests.factories.customers import (
    AssetFactory,
    CrmMemberFactory,
    OrderFactory,
    OrderLineFactory,
)

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def wardrobe(shop: Member) -> ExternalContact:
    """Customer wm1, member 80021457, with a coat, a service, points and a field."""
    member = CrmMember.objects.get(member_no="80021457")
    for number in range(30):
        bought = OrderFactory(member=member, channel="门店" if number % 2 else "小程序商城")
        OrderLineFactory(
            order=bought,
            sku=f"C{number}",
            name="双面羊绒大衣 春季新品 限量款",
            size="M",
            colour="驼色",
        )
    now = timezone.now()
    ServiceReceived.objects.create(
        service_no="V1", member_no="80021457", member=member, kind="改衣", title="袖长改短",
        userid="guide_li", served_at=now, observed_at=now,
    )  # fmt: skip
    AssetFactory(member=member)
    wish = FieldWish("鞋码", "推荐合脚的鞋", "customer", ("hq_ops", "guide"), ("hq_ops", "guide"))
    fields.field_create(
        actor=None, key="shoes", type="number", data_class="behaviour", record="contact", wish=wish
    )
    CrmMemberFactory(member_no="90000001", store_code="S2")
    return ExternalContact.objects.get(external_userid="wm1")


def fits(visitor: Visitor) -> bool:
    """Tell whether the page needs no scrolling sideways."""
    return bool(visitor.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


def small_targets(visitor: Visitor) -> list[str]:
    """Return what can be pressed and is smaller than a thumb."""
    return visitor.page.eval_on_selector_all(
        "main a, main button, main input:not([type=hidden]), main select, main textarea, main summary",
        """all => all.filter(e => e.offsetParent && !e.closest('label.choice')
             && Math.max(e.getBoundingClientRect().height) < 44)
             .map(e => e.outerHTML.slice(0, 90))""",
    )


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["wide", "narrow"])
def test_headquarters_finds_a_customer_and_notes_when_to_come_back(
    visitor: Callable[..., Visitor], people: Any, wardrobe: ExternalContact, size: dict[str, int]
) -> None:
    # given headquarters at the search
    hq = visitor(size=size, language="zh-hans")
    hq.log_in("hq")
    hq.visit("/console/search/?q=80021457")

    # when the customer is opened from what was found, and every tab looked at
    hq.visit(f"/console/customers/{wardrobe.pk}/")
    for tab in ("orders", "services", "assets", "relations", "identity", "timeline"):
        assert hq.visit(f"/console/customers/{wardrobe.pk}/?tab={tab}") == 200
        assert fits(hq), tab
    # and a note with a day is written
    day = timezone.localdate() + timedelta(days=3)
    hq.page.fill("#id_text", "周五带新款大衣来试")
    hq.page.fill("#id_next_on", day.isoformat())
    hq.page.click("form[action$='/notes/'] button[type=submit]")
    hq.page.wait_for_selector("text=周五带新款大衣来试")

    # then it is kept, and the customer's guide has a task
    note = FollowUpNote.objects.get()
    assert note.next_on == day
    assert FeedItem.objects.filter(key=f"follow_up:{note.pk}", done_at=None).count() == 1
    assert hq.complaints == []


def test_a_scanned_member_code_opens_the_profile(
    phone: Callable[..., Visitor], wardrobe: ExternalContact
) -> None:
    # given a guide in WeCom whose scanner reads the member's code
    me = phone(WECOM_UA)
    me.visit("/h5/?scan=80021457")

    # when she scans
    me.page.click("[data-do=scan]")

    # then the profile is there, with the wardrobe one tap away
    me.page.wait_for_url("**/h5/customers/*/")
    assert "80021457" in me.page.inner_text("main")
    me.page.click("#profile-tab a[href*='tab=orders']")
    me.page.wait_for_selector(".wardrobe figure")
    assert me.page.locator(".wardrobe figure").count() == 24
    assert "门店" in me.page.inner_text(".channels")
    me.page.click("#profile-tab a[href*='after=']")
    me.page.wait_for_selector(".wardrobe figure:nth-child(7)", state="detached")
    assert me.page.locator(".wardrobe figure").count() == 6
    assert me.complaints == []


def test_other_codes_are_answered_honestly(
    phone: Callable[..., Visitor], wardrobe: ExternalContact
) -> None:
    me = phone(WECOM_UA)
    for code, outcome in (
        ("90000001", "elsewhere"),
        ("12345", "unknown"),
        ("http://x", "unreadable"),
    ):
        me.visit(f"/h5/?scan={code}")
        me.page.click("[data-do=scan]")
        me.page.wait_for_selector(f"[data-scan={outcome}]")
        assert (fits(me), small_targets(me)) == (True, [])
    assert me.complaints == []


def test_the_guide_serves_on_the_phone(
    phone: Callable[..., Visitor], wardrobe: ExternalContact
) -> None:
    # given the customer's page on the phone
    me = phone(WECOM_UA)
    page = f"/h5/customers/{wardrobe.pk}/"
    for tab in ("timeline", "orders", "notes", "services", "assets", "details"):
        assert me.visit(f"{page}?tab={tab}") == 200
        assert (tab, fits(me), small_targets(me)) == (tab, True, [])

    # when she fills a field and marks that the customer wants to be left alone
    me.page.fill("input[name='field-shoes']", "38")
    with me.page.expect_response("**/fields/") as answer:
        me.page.click("form[action$='/fields/'] button[type=submit]")
    assert answer.value.status == 200
    assert FieldValue.objects.get().plain == 38
    me.visit(f"{page}?tab=notes")
    me.page.click("details.stop summary")
    me.page.fill("#stop-reason", "客户说太打扰")
    me.page.click("details.stop button[type=submit]")

    # then the page says so, and offers no message any more
    me.page.wait_for_selector(".hint-stop")
    assert me.page.locator("[data-do=chat]").count() == 0
    assert me.complaints == []
