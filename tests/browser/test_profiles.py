"""A template by a person's clicks: too long while it is typed, saved, seen, pushed; the customer's phone shows it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from contacts.directory.models import Member
from contacts.profiles.models import MemberProfile, ProfileTemplate
from contacts.profiles.services import check_start, template_publish
from scrm.core.gateway import wecom
from scrm.core.jobs import services as jobs
from scrm.core.jobs.models import JobRun
from tests.browser.conftest import DESKTOP, PHONE, Visitor
from tests.browser.test_console import faults_of as console_faults_of
from tests.cast import Company, guide

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
TOO_LONG = "一二三四五六七八九十甲乙丙"
MALL = "https://mall.example/s?g={parameter}"


@pytest.fixture
def world(wecom_sandbox_world: Any, company: Company, hq_ops: Any) -> Any:
    """A simulator that knows a guide of store A and one of store B."""
    people = (("guide_li", "李娜", company.store_a), ("guide_wang", "王芳", company.store_b))
    for number, (userid, name, store) in enumerate(people):
        wecom("contacts").user.create(userid, name, [1], mobile=f"1390000000{number}")
        guide(userid, name, store)
    wecom_sandbox_world.control.post("activate", {"all": True})
    return wecom_sandbox_world


def write_line(page: Page, number: int, kind: str, **fields: str) -> None:
    """Fill in one line of the card."""
    page.select_option(f"#id_lines-{number}-kind", kind)
    for name, value in fields.items():
        page.fill(f"#id_lines-{number}-{name}", value)


def write_template(hq: Visitor) -> None:
    """Write a card with a text that is too long first, then as it should be."""
    page = hq.page
    hq.visit("/console/external-profiles/")
    page.get_by_role("link", name="Write a template").first.click()
    page.fill("#id_name", "门店名片")
    write_line(page, 0, "text", name="门店", value=TOO_LONG)
    counter = page.locator("#id_lines-0-value + .char-count")
    expect(counter).to_have_text("13 / 12 · too long")
    expect(counter).to_have_class("char-count is-over")

    # Saved all the same, it is refused at its field and nothing is lost.
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".field-error")).to_have_text("13 characters; WeCom takes at most 12.")
    expect(page.locator("#id_name")).to_have_value("门店名片")
    assert not ProfileTemplate.objects.exists()

    page.fill("#id_lines-0-value", "{store}")
    expect(counter).to_have_text("4 / 12 · longest: 人民路店")
    expect(counter).to_have_class("char-count")
    write_line(page, 1, "web", name="商城", value="我的商城", address=MALL)
    page.fill("#id_position_text", "{store}导购")
    expect(page.locator("[data-card-lines] dd")).to_have_text(["Renmin Road store", "我的商城"])
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/external-profiles/*/")


def finish(world: Any, job: JobRun) -> None:
    """Let WeCom be well again and the beat hand the job over."""
    world.control.delete("faults")
    JobRun.objects.filter(pk=job.pk).update(not_before=timezone.now())
    jobs.sweep()


def test_written_previewed_pushed_and_seen_by_the_customer(
    visitor: Callable[..., Visitor], world: Any
) -> None:
    # given HQ that writes a card
    hq = visitor(size=DESKTOP, language="en")
    hq.log_in("hq")
    write_template(hq)
    page = hq.page

    # then the preview shows the first account's own store
    expect(page.locator(".phone .card-position")).to_have_text("人民路店导购")
    expect(page.locator(".phone dd").first).to_have_text("人民路店")

    # when it is published while WeCom does not answer
    fault = {"endpoint": "user/update", "kind": "reset", "after": True, "count": 2}
    world.control.post("faults", fault)
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Publish").click()
    progress = page.locator("#cards-live")
    expect(progress).to_contain_text("0 of 2 (0%)")

    # and when it does, then the page shows by itself that both cards are up to date
    finish(world, JobRun.objects.get())
    expect(progress).to_have_count(0)
    expect(page.locator(".kpi-value").first).to_have_text("2")

    # and the customer who scans finds the card in WeChat, with the guide's own parameter
    way = wecom().contact_way.add(["guide_li"])
    person = world.control.get("people", limit=1)[0]
    world.control.post("scan", {"config_id": way.config_id, "person_id": person["id"]})
    page.goto(f"{world.base_url}/phone/p/{person['id']}/chat/guide_li/card")
    expect(page.locator(".card .note")).to_have_text("人民路店导购")
    shop = page.get_by_role("link", name="我的商城")
    address = str(shop.get_attribute("href"))
    assert address.startswith("https://mall.example/s?g=")
    assert len(address.rpartition("=")[2]) == 27
    # Chromium says of the form that came back that it was refused, and nothing else.
    assert [each for each in hq.complaints if "422" not in each] == []


def test_a_changed_card_is_accepted_with_a_reason_and_brought_back_with_one_click(
    visitor: Callable[..., Visitor], world: Any, hq_ops: Any
) -> None:
    # given two cards, one of which somebody changed in WeCom
    hq = visitor(size=DESKTOP, language="en")
    hq.log_in("hq")
    line = {"kind": "text", "name": "门店", "value": "{store}", "address": "", "appid": ""}
    template = ProfileTemplate.objects.create(name="门店名片", items=[line])
    template_publish(template=template, actor=hq_ops)
    hq.visit("/console/external-profiles/")
    page = hq.page
    page.get_by_role("button", name="Write now").click()
    expect(page.locator(".kpi-value").first).to_have_text("2")
    own = {"type": 0, "name": "荣誉", "text": {"value": "金牌导购"}}
    wecom("contacts").user.update("guide_li", external_profile={"external_attr": [own]})
    check_start(actor=None)

    # when HQ opens it and lets it be
    page.reload()
    page.locator("a[href$='?state=drifted']").click()
    page.get_by_role("link", name="李娜").click()
    expect(page.get_by_text("金牌导购")).to_be_visible()
    page.get_by_label("Reason").fill("总部授予的荣誉")
    page.get_by_role("button", name="Accept the change").click()
    expect(page.get_by_text("总部授予的荣誉")).to_be_visible()
    assert MemberProfile.objects.get(member__userid="guide_li").state == "accepted"

    # and changes its mind, then one click brings the card back
    page.get_by_role("button", name="Bring it back").click()
    page.wait_for_url("**/accounts/")
    row = wecom().user.get("guide_li").external_profile["external_attr"]
    assert [each["text"]["value"] for each in row] == ["人民路店"]
    assert hq.complaints == []


@pytest.mark.parametrize(("size", "language"), [(DESKTOP, "en"), (PHONE, "zh-hans")])
def test_the_pages_of_cards_are_without_faults(
    visitor: Callable[..., Visitor],
    world: Any,
    hq_ops: Any,
    settings: Any,
    size: Any,
    language: str,
) -> None:
    # given a template, a card that was changed and one that was refused
    settings.PROFILE_ACCOUNTS_ALONE = 1
    line = {"kind": "web", "name": "商城", "value": "{store}", "address": MALL, "appid": ""}
    template = ProfileTemplate.objects.create(name="门店名片", items=[line])
    card = {"position": "", "corp_name": "", "channels": "", "lines": []}
    for userid, state in (("guide_li", "drifted"), ("guide_wang", "refused")):
        member = Member.objects.get(userid=userid)
        MemberProfile.objects.create(
            member=member, template=template, state=state, written=card, written_at=timezone.now(),
            seen=card, seen_at=timezone.now(), code="too_long" if state == "refused" else "", detail="商城",
        )  # fmt: skip
    hq = visitor(size=size, language=language)
    hq.log_in("hq")
    one = Member.objects.get(userid="guide_li").pk
    paths = ("", "new/", "accounts/", f"accounts/{one}/", f"{template.pk}/", f"{template.pk}/edit/", f"{template.pk}/ask/")  # fmt: skip
    for path in paths:
        assert console_faults_of(hq, f"/console/external-profiles/{path}") == []
