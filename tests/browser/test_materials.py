"""A guide sends a material from the chat's side bar, the customer reads it, the guide sees how long."""

import pytest
from playwright.sync_api import expect

from materials.tracking.models import Send, View
from scrm.core.outbox.models import OutboxMessage
from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.test_console import faults_of as console_faults_of
from tests.browser.test_h5 import faults_of
from tests.factories.materials import (
    CategoryFactory,
    MaterialFactory,
    SendFactory,
    stored_picture,
    view,
)

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
WECHAT = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 MicroMessenger/8.0.44"


@pytest.fixture
def library(shop, settings, tmp_path):
    """An article with a cover, a text, and a name that is hard to lay out."""
    settings.MEDIA_ROOT = str(tmp_path)
    MaterialFactory(
        title="一份标题非常非常非常非常非常非常非常非常长的素材",
        category=CategoryFactory(),
        kind="text",
        text="您好",
    )
    yield MaterialFactory(
        title="羊绒大衣的三种穿法", summary="到店试穿", cover=stored_picture(), body="<p>第一段</p>"
    )
    # Django does not manage the partitioned table, so it does not empty it either.
    View.objects.all().delete()


def test_from_the_side_bar_to_who_viewed(phone, library, browser):
    # given guide Li in the chat with her customer
    guide = phone()
    guide.visit("/h5/m/?entry=single_chat_tools&ext=wm1")

    # when she taps send on the card
    guide.page.get_by_role("button", name="发送").first.click()
    expect(guide.page.locator("[data-told]").first).to_be_visible()
    link = guide.page.evaluate(
        "window.wecomDemo.log.find(([name]) => name === 'sendChatMessage')[1].news.link"
    )
    send = Send.objects.get()
    assert (send.status, send.external_userid, send.token in link) == ("sent", "wm1", True)

    # and the customer reads it for a while, on a phone that knows nothing of us
    customer = browser.new_context(viewport=PHONE, user_agent=WECHAT).new_page()
    customer.goto(link)
    expect(customer.get_by_text("第一段")).to_be_visible()
    customer.wait_for_timeout(6500)
    customer.reload()
    customer.wait_for_timeout(500)
    customer.context.close()

    # then it is one view of some seconds, and the guide sees and hears of it
    seen = View.objects.get(send_id=send.pk, counted=True)
    assert (seen.who, seen.external_userid, 4 <= seen.seconds <= 9) == ("inferred", "wm1", True)
    assert View.objects.filter(send_id=send.pk).count() == 2
    assert OutboxMessage.objects.filter(kind="message.app").count() == 1
    guide.visit("/h5/materials/viewers/")
    expect(guide.page.locator(".m-feed li")).to_have_count(1)
    assert guide.complaints == []


@pytest.mark.parametrize(
    ("outcome", "status"),
    [("cancel", "cancelled"), ("no_permission", "failed"), ("no_context", "failed")],
)
def test_what_was_not_sent_is_not_counted_as_sent(phone, library, outcome, status):
    guide = phone()
    guide.visit(f"/h5/m/?entry=group_chat_tools&outcome={outcome}")

    with guide.page.expect_response(lambda answer: answer.url.endswith("/confirm")) as told:
        guide.page.get_by_role("button", name="发送").first.click()

    assert told.value.json() == {"status": status}
    assert Send.objects.get().status == status
    expect(guide.page.locator("[data-told]").first).to_be_hidden()
    assert guide.complaints == []


def test_a_favourite_is_kept_by_one_tap_and_nothing_else_happens(phone, library):
    guide = phone(language="en")
    guide.visit("/h5/materials/")

    guide.page.get_by_role("button", name="Keep as a favourite").first.click()
    expect(guide.page.get_by_role("button", name="Remove from the favourites")).to_have_count(1)
    guide.page.locator("#materials").click(position={"x": 2, "y": 2})

    guide.visit("/h5/materials/?tab=favourites")
    expect(guide.page.locator(".m-card")).to_have_count(1)
    assert (Send.objects.count(), guide.complaints) == (0, [])


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_every_page_of_the_guide_is_whole(phone, shop, library, language):
    view(SendFactory(material=library, member=shop))
    guide = phone(language=language)
    paths = [
        "/h5/materials/", "/h5/materials/?q=没有", "/h5/materials/?tab=favourites", "/h5/materials/?tab=recent",
        f"/h5/materials/{library.pk}/", "/h5/materials/viewers/",
    ]  # fmt: skip

    faults = [fault for path in paths for fault in faults_of(guide, path)]

    assert not faults + guide.complaints, "\n".join(faults + guide.complaints)


@pytest.mark.parametrize(
    "kind", ["text", "image", "link", "article", "mini_program", "video", "file"]
)
def test_the_console_forms_are_whole(visitor, people, kind):
    somebody = visitor(size=DESKTOP, language="zh-hans")
    somebody.log_in("hq")

    faults = console_faults_of(somebody, f"/console/materials/new/{kind}/")

    assert faults + somebody.complaints == []
