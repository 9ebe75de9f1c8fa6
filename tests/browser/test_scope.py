"""What a person may not open, and where they are after the session ended under their hands."""

from typing import Any

import pytest
from django.utils import timezone

from attribution.live_codes.models import LiveCode
from contacts.directory.models import Member
from customers.profile.models import FollowUpNote
from customers.relations.models import FollowRelation
from scrm.accounts.models import PartnerKey, UserSession
from scrm.core.audit.models import AuditEntry
from scrm.core.gateway import wecom
from tests.browser.conftest import DESKTOP, PASSWORD
from tests.browser.guides_phone import WECOM_UA
from tests.factories.attribution import LiveCodeFactory
from tests.factories.customers import ContactFactory, RelationFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
THEIRS = "滨江店的顾客小红"
THEIR_CODE = "滨江店自己的活码"
THEIR_PHONE = "+8613987654321"
# As a script of the page would ask: with the cookie and the token of the person who is logged in.
ASK = """async ([method, path, fields]) => {
  const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
  const headers = { "HX-Request": "true", "X-CSRFToken": token };
  const body = method === "POST" ? new URLSearchParams(fields) : undefined;
  const answer = await fetch(path, { method, headers, body, redirect: "manual" });
  return [answer.status, await answer.text()];
}"""


@pytest.fixture
def store_b(shop: Member, guide_wang: Member) -> FollowRelation:
    """A customer and a code of guide Wang of store B."""
    LiveCodeFactory(name=THEIR_CODE, members=[guide_wang])
    contact = ContactFactory(external_userid="wm-of-b", name=THEIRS)
    return RelationFactory(member=guide_wang, contact=contact, remark_phones=[THEIR_PHONE])


def leaks(text: str) -> list[str]:
    return [word for word in (THEIRS, THEIR_CODE, THEIR_PHONE, THEIR_PHONE[3:]) if word in text]


def ask(me: Any, method: str, path: str, **fields: str) -> tuple[int, str]:
    status, text = me.page.evaluate(ASK, [method, path, fields])
    return int(status), str(text)


@pytest.mark.parametrize(
    ("language", "words"),
    [("zh-hans", "您没有跟进的客户"), ("en", "belongs to a customer you do not follow")],
)
def test_a_guide_of_store_a_cannot_open_store_b(phone, shop, store_b, language, words) -> None:
    me = phone(language=language)
    code = LiveCode.objects.get(name=THEIR_CODE).pk

    # by deep link: the page says it in words, and leads on
    for path in (f"/h5/customers/{store_b.contact_id}/", "/h5/c/wm-of-b/", f"/h5/code/{code}.png"):
        assert me.visit(path) == 404
        assert me.page.locator("[role=alert]").inner_text().strip() != ""
        assert words in me.page.inner_text("main")
        assert leaks(me.page.content()) == []
        assert me.page.locator("main a[href='/h5/']").is_visible()

    # by another id in the address of her own customer's page
    mine = str(shop.relations.get(contact__external_userid="wm1").contact_id)
    assert me.visit(f"/h5/customers/{mine}/?tab=notes") == 200
    changed = me.page.url.replace(mine, str(store_b.contact_id)).removeprefix(me.base)
    assert me.visit(changed) == 404
    assert leaks(me.page.content()) == []


def test_nor_by_the_requests_that_pages_make(phone, shop, store_b) -> None:
    me = phone()
    mine = shop.relations.get(contact__external_userid="wm1").contact_id
    me.visit(f"/h5/customers/{mine}/?tab=notes")
    theirs = f"/h5/customers/{store_b.contact_id}/"

    answers = [
        ask(me, "GET", theirs),
        ask(me, "GET", f"{theirs}?tab=notes"),
        ask(me, "GET", "/h5/c/wm-of-b/"),
        ask(me, "POST", f"{theirs}reveal/", reason="call"),
        ask(me, "POST", f"{theirs}notes/", text="mine now", userid="guide_li"),
    ]

    assert [status for status, _text in answers] == [404] * 5
    assert [leaks(text) for _status, text in answers] == [[]] * 5
    assert FollowUpNote.objects.count() == 0
    assert not AuditEntry.objects.filter(action="relations.reveal").exists()
    # lists and searches that ask for the other store, the console and the partners' API
    for path in (
        "/h5/customers/?q=小红&store=S2&userid=guide_wang", "/h5/?store=S2", "/h5/code/?member=guide_wang",
        "/console/relations/", "/console/live-codes/", "/api/v1/members/?store_code=S2",
    ):  # fmt: skip
        status, text = ask(me, "GET", path)
        assert (status in {200, 401, 403, 404, 405}, leaks(text)) == (True, [])
        assert status != 200 or path.startswith("/h5/")


def test_nor_by_the_side_bar_of_somebody_elses_chat(phone, shop, store_b) -> None:
    me = phone(WECOM_UA)

    me.visit("/h5/c/?entry=single_chat_tools&ext=wm-of-b")

    box = me.page.wait_for_selector("[data-trouble]:not([hidden])")
    assert box.get_attribute("data-kind") == "unknown"
    assert box.query_selector("[data-trouble-text]").inner_text().strip() != ""
    assert leaks(me.page.content()) == []


def sessions_end_now() -> None:
    """Let half an hour pass for everybody who is logged in."""
    UserSession.objects.filter(user__isnull=False).update(expire_date=timezone.now())


def log_in_here(me: Any, username: str) -> None:
    """Type the password on the page one was sent to."""
    me.page.wait_for_url("**/accounts/login/**")
    me.page.fill("#id_username", username)
    me.page.fill("#id_password", PASSWORD)
    me.page.press("#id_password", "Enter")


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_a_session_that_ends_in_the_middle_of_a_form_leads_back_to_the_form(
    visitor, people, language
) -> None:
    me = visitor(size=DESKTOP, language=language)
    me.log_in("it")
    me.visit("/console/api-keys/new/?from=guide")
    me.page.fill("#id_name", "收银系统")
    me.page.check("[name=scopes] >> nth=0")
    sessions_end_now()

    me.page.click("main form button[type=submit]")
    me.page.wait_for_url("**/accounts/login/**")
    told = me.page.inner_text("main")
    log_in_here(me, "it")

    # then she was told, is on the page of the form, and nothing was saved behind her back
    assert ("没有保存" if language == "zh-hans" else "not saved") in told
    me.page.wait_for_url("**/console/api-keys/new/?from=guide")
    assert PartnerKey.objects.count() == 0


def test_a_button_pressed_after_the_session_ended_leads_back_to_its_page(visitor, people) -> None:
    other, me = (visitor(size=DESKTOP, language="en") for _each in range(2))
    for somebody in (other, me):
        somebody.log_in("it")
    me.visit("/console/account/")
    sessions_end_now()

    me.page.click("form[action$='end-others/'] button")
    log_in_here(me, "it")

    me.page.wait_for_url("**/console/account/")
    assert me.page.locator("h1").inner_text() == "My account"


def test_a_guides_session_that_ends_while_she_writes_comes_back_by_itself(
    phone, shop, wecom_sandbox_world
) -> None:
    wecom("contacts").user.create("guide_li", "李娜", [1], mobile="+8613800000001")
    wecom_sandbox_world.control.post("activate", {"userids": ["guide_li"]})
    me = phone()
    mine = shop.relations.get(contact__external_userid="wm1").contact_id
    path = f"/h5/customers/{mine}/?tab=notes"
    me.visit(path)
    me.page.fill(".note-form [name=text]", "周末到店")
    sessions_end_now()

    me.page.click(".note-form button[type=submit]")
    me.page.click("[name=sandbox_userid][value=guide_li]")

    me.page.wait_for_url(f"**{path}")
    assert "没有保存" in me.page.locator(".banner[role=status]:not([hidden])").inner_text()
    assert FollowUpNote.objects.count() == 0
