"""The public page: what it shows, what counts as a view, and what abuse cannot do (A14, A15, A17)."""

from datetime import timedelta
from typing import Any

import pytest
import requests
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext

from contacts.directory.models import Member
from contacts.feed.models import FeedItem
from customers.timeline.models import TimelineEntry
from materials.tracking import viewing
from materials.tracking.models import Send, View, Who
from materials.tracking.views import COOKIE
from scrm.core.gateway import wecom
from scrm.core.outbox.cards import send_card
from scrm.core.outbox.models import OutboxMessage
from tests.factories.customers import RelationFactory
from tests.factories.materials import MaterialFactory, SendFactory

pytestmark = pytest.mark.django_db
WECHAT = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1 MicroMessenger/8.0.44"
)


class Visitor:
    """A customer's phone: keeps its cookie, runs the page's script or not."""

    def __init__(self, send: Send, agent: str = WECHAT, address: str = "203.0.113.7") -> None:
        self.client = Client(headers={"User-Agent": agent}, REMOTE_ADDR=address)
        self.send = send
        self.view = ""

    def open(self, **headers: str) -> Any:
        answer = self.client.get(
            reverse("materials_public:page", args=[self.send.token]), headers=headers
        )
        view = answer.context["view"] if answer.status_code == 200 else None
        self.view = str(view.pk) if view else ""
        return answer

    def beat(self, view: str | None = None) -> int:
        url = reverse("materials_public:beat", args=[self.send.token])
        return self.client.post(url, {"view": self.view if view is None else view}).status_code


def counted() -> list[tuple[str, int]]:
    return list(
        View.objects.filter(counted=True).order_by("opened_at").values_list("who", "seconds")
    )


def reasons() -> list[str]:
    return list(View.objects.order_by("opened_at", "id").values_list("reason", flat=True))


def test_the_page_shows_the_material_and_nobody(guide_li: Member) -> None:
    # given a send to a customer
    contact = RelationFactory(member=guide_li, contact__name="张三丰").contact
    send = SendFactory(
        member=guide_li, external_userid=contact.external_userid,
        material=MaterialFactory(title="秋冬新品", body="<p>羊绒</p>"),
    )  # fmt: skip

    # when the page is opened without a log-in
    answer = Visitor(send).open()
    page = answer.content.decode()

    # then it names neither the customer nor the guide, and is not for search engines
    assert ("秋冬新品" in page, "<p>羊绒</p>" in page) == (True, True)
    for secret in ("张三丰", contact.external_userid, "guide_li", "李娜"):
        assert secret not in page
    assert 'name="robots" content="noindex' in page
    assert answer["X-Robots-Tag"] == "noindex, nofollow"
    assert (answer["Referrer-Policy"], answer["Cache-Control"]) == (
        "no-referrer",
        "private, no-store",
    )
    cookie = answer.cookies[COOKIE]
    assert (cookie["httponly"], cookie["path"], cookie["samesite"]) == (True, "/m/", "Lax")
    assert not View.objects.filter(visitor=cookie.value).exists()


def test_an_opening_counts_when_the_script_speaks_and_the_server_measures() -> None:
    visitor = Visitor(SendFactory())
    with time_machine.travel("2026-11-21T04:00:00Z", tick=False) as clock:
        # given an opening: kept, not counted
        visitor.open()
        assert (counted(), reasons()) == ([], ["silent"])

        # when the script speaks every five seconds, some doubled, then sleeps a minute, then goes on
        for step in (1, 5, 0, 0.5, 5, 5, 60, 5):
            clock.shift(step)
            assert visitor.beat() == 204

    # then 15 seconds before the sleep (the doubles within them) and 5 after it count
    assert counted() == [("anonymous", 20)] or counted() == [("anonymous", 21)]
    assert reasons() == [""]


def test_a_reload_continues_a_view_for_30_minutes() -> None:
    visitor = Visitor(SendFactory())
    with time_machine.travel("2026-11-21T04:00:00Z", tick=False) as clock:
        visitor.open()
        visitor.beat()
        clock.shift(29 * 60)
        visitor.open()
        visitor.beat()
        clock.shift(5)
        visitor.beat()
        # 30 minutes count from the last sign of life
        clock.shift(29 * 60)
        visitor.open()
        visitor.beat()
        clock.shift(31 * 60)
        visitor.open()
        visitor.beat()

    assert counted() == [("anonymous", 5), ("anonymous", 0)]
    assert reasons() == ["", "repeat", "repeat", ""]


def test_two_materials_and_two_phones_are_four_views() -> None:
    sends = [SendFactory(), SendFactory()]
    for address in ("203.0.113.7", "203.0.113.8"):
        for send in sends:
            visitor = Visitor(send, address=address)
            visitor.open()
            visitor.beat()

    assert len(counted()) == 4


@pytest.mark.parametrize(
    "agent",
    ["", "Googlebot/2.1", "Mozilla/5.0 HeadlessChrome/120", "curl/8.0", "python-requests/2.31", "Baiduspider", "Slackbot-LinkExpanding"],
)  # fmt: skip
def test_robots_are_kept_and_never_count(agent: str) -> None:
    visitor = Visitor(SendFactory(), agent=agent)

    assert visitor.open().status_code == 200
    visitor.beat()

    assert (counted(), reasons()) == ([], ["robot"])


def test_prefetches_and_head_never_count() -> None:
    send = SendFactory()
    visitor = Visitor(send)

    assert (
        visitor.client.head(reverse("materials_public:page", args=[send.token])).status_code == 200
    )
    assert View.objects.count() == 0
    visitor.open(**{"Sec-Purpose": "prefetch;prerender"})
    visitor.beat()

    assert (counted(), reasons()) == ([], ["robot"])


def test_a_colleague_in_wecom_never_counts(guide_li: Member) -> None:
    visitor = Visitor(SendFactory(), agent=WECHAT + " wxwork/4.1")
    assert guide_li.user is not None
    visitor.client.force_login(guide_li.user)

    visitor.open()
    visitor.beat()

    assert (counted(), reasons()) == ([], ["staff"])


@pytest.mark.parametrize("view", ["", "x", "00000000-0000-0000-0000-000000000000", "' OR 1=1 --"])
def test_a_forged_sign_of_life_does_nothing(view: str) -> None:
    visitor = Visitor(SendFactory())
    visitor.open()

    assert visitor.beat(view) == 204

    assert (counted(), reasons()) == ([], ["silent"])


def test_another_device_cannot_speak_for_an_opening() -> None:
    send = SendFactory()
    visitor, thief, other = Visitor(send), Visitor(send), Visitor(SendFactory())
    visitor.open()
    thief.open()
    other.open()

    thief.beat(visitor.view)
    other.beat(visitor.view)
    Visitor(send).beat(visitor.view)

    assert counted() == []


def test_a_flood_of_new_devices_from_one_address_stops_counting(monkeypatch: Any) -> None:
    monkeypatch.setattr(viewing, "MOST_VISITORS", 3)
    send = SendFactory()
    for _number in range(6):
        visitor = Visitor(send)
        visitor.open()
        visitor.beat()

    assert len(counted()) == 3
    assert reasons() == [""] * 3 + ["flood"] * 3


def test_openings_beyond_a_minutes_share_show_the_page_and_keep_no_row(monkeypatch: Any) -> None:
    monkeypatch.setattr(viewing, "MOST_OPENINGS", 4)
    visitor = Visitor(SendFactory())

    answers = [visitor.open().status_code for _number in range(7)]

    assert answers == [200] * 7
    assert View.objects.count() == 4


def test_guessing_is_answered_alike_and_slowed_down() -> None:
    # given what never was, is over, is archived
    over = SendFactory(material__valid_until=timezone.now() - timedelta(minutes=1))
    archived = SendFactory(material__status="archived")
    client = Client(headers={"User-Agent": WECHAT})

    # when all are opened
    answers = [
        client.get(reverse("materials_public:page", args=[token]))
        for token in ("A" * 22, over.token, archived.token, "x", "%00")
    ]

    # then nothing tells them apart, and nothing is kept
    assert [answer.status_code for answer in answers] == [404] * 5
    assert len({answer.content for answer in answers}) == 1
    assert View.objects.count() == 0

    # and the 21st miss of a minute is told to wait, while a right address still opens
    rest = [client.get(f"/m/guess{number}/").status_code for number in range(17)]
    assert rest == [404] * 15 + [429] * 2
    assert (
        client.get(reverse("materials_public:page", args=[SendFactory().token])).status_code == 200
    )


@pytest.mark.parametrize(
    "query", ["", "?u=https://evil.example", "?url=//evil.example", "?next=https://evil.example"]
)
def test_going_on_leads_to_the_stored_address_only(query: str) -> None:
    link = SendFactory(
        material__kind="link", material__url="https://shop.example/a", material__body=""
    )
    article = SendFactory()

    led = Client().get(reverse("materials_public:go", args=[link.token]) + query)
    nowhere = Client().get(reverse("materials_public:go", args=[article.token]) + query)
    page = Visitor(link).open().content.decode()

    assert (led.status_code, led["Location"]) == (302, "https://shop.example/a")
    assert nowhere.status_code == 404
    # a host headquarters does not vouch for is named before anybody goes there
    assert "shop.example" in page
    assert "evil.example" not in page


# --- who it was, and who is told -----------------------------------------------------------------------------


@pytest.fixture
def told(guide_li: Member) -> Send:
    """A send of guide Li to her customer, not confirmed yet."""
    contact = RelationFactory(member=guide_li, contact__name="张三丰").contact
    return SendFactory(
        member=guide_li, external_userid=contact.external_userid, entry="single_chat_tools",
        material=MaterialFactory(title="秋冬新品"), status="prepared", confirmed_at=None,
    )  # fmt: skip


def test_the_first_device_is_inferred_to_be_the_customer_others_are_anonymous(told: Send) -> None:
    first, passed_on = Visitor(told), Visitor(told)
    first.open()
    passed_on.open()

    first.beat()
    passed_on.beat()

    rows = View.objects.filter(counted=True).order_by("opened_at")
    assert [(row.who, row.external_userid) for row in rows] == [
        (Who.INFERRED, told.external_userid),
        (Who.ANONYMOUS, ""),
    ]
    # what is read was sent, even when the client never reported
    told.refresh_from_db()
    assert told.status == "sent"


def test_a_view_stands_in_the_timeline_once(told: Send) -> None:
    visitor = Visitor(told)
    with time_machine.travel("2026-11-21T04:00:00Z", tick=False) as clock:
        visitor.open()
        for _number in range(3):
            visitor.beat()
            clock.shift(5)
        visitor.open()
        visitor.beat()

    entries = TimelineEntry.objects.filter(kind="material.viewed")
    assert [(e.data["title"], e.actor_userid) for e in entries] == [("秋冬新品", "guide_li")]


def test_the_guide_is_told_once_in_30_minutes_of_one_customer_and_one_material(told: Send) -> None:
    # given a second send of the same material to the same customer
    again = SendFactory(
        member=told.member, material=told.material, external_userid=told.external_userid,
        entry="single_chat_tools",
    )  # fmt: skip
    other_item = SendFactory(
        member=told.member, external_userid=told.external_userid, entry="single_chat_tools"
    )

    # when she opens all of them, and the first again after 29 and 31 minutes on new phones
    with time_machine.travel("2026-11-21T04:00:00Z", tick=False) as clock:
        for send in (told, again, other_item):
            visitor = Visitor(send)
            visitor.open()
            visitor.beat()
        clock.shift(29 * 60)
        Send.objects.update(first_visitor="")
        quiet = Visitor(told)
        quiet.open()
        quiet.beat()
        before = OutboxMessage.objects.filter(kind="message.app").count()
        clock.shift(2 * 60)
        Send.objects.update(first_visitor="")
        late = Visitor(told)
        late.open()
        late.beat()

    # then there are two messages, and a third half an hour later
    messages = list(OutboxMessage.objects.filter(kind="message.app").order_by("created_at"))
    assert (before, len(messages)) == (2, 3)
    payload = messages[0].payload
    assert payload["userids"] == ["guide_li"]
    with translation.override("zh-hans"):
        assert payload["title"] == gettext("%(name)s views what you sent") % {"name": "张三丰"}
    assert payload["description"] == "秋冬新品"
    assert payload["url"].endswith(reverse("h5:material_viewers"))
    # and her list of things to do names the customer once for each material
    items = FeedItem.objects.filter(member_id=told.member_id, kind="material.viewed")
    assert {(item.data["customer"], item.data["material"]) for item in items} == {
        ("张三丰", "秋冬新品"),
        ("张三丰", other_item.material.title),
    }
    assert items.count() == 2


def test_the_message_speaks_the_guides_language(told: Send) -> None:
    user = told.member.user
    assert user is not None
    user.language = "en"
    user.save()
    visitor = Visitor(told)
    visitor.open()
    visitor.beat()

    assert (
        OutboxMessage.objects.get(kind="message.app").payload["title"]
        == "张三丰 views what you sent"
    )


def test_the_message_arrives_on_the_guides_phone_once(wecom_sandbox_world: Any) -> None:
    # given the guide in WeCom
    wecom("contacts").user.create("li_at_wecom", "李娜", [1], mobile="13800000001")
    wecom_sandbox_world.control.post("activate", {"userids": ["li_at_wecom"]})
    payload = {
        "userids": ["li_at_wecom"], "title": "张三丰 views what you sent", "description": "秋冬新品",
        "url": "https://scrm.example/h5/materials/viewers/",
    }  # fmt: skip

    # when the outbox sends twice, for the first answer was lost
    send_card(payload)
    send_card(payload)

    # then her phone shows it once
    page = requests.get(
        f"{wecom_sandbox_world.base_url}/phone/m/li_at_wecom?tab=messages", timeout=5
    ).text
    assert page.count("张三丰 views what you sent") == 1


def test_a_guide_who_left_is_not_told(told: Send) -> None:
    Member.objects.filter(pk=told.member_id).update(status=Member.Status.LEFT)
    visitor = Visitor(told)
    visitor.open()
    visitor.beat()

    assert len(counted()) == 1
    assert not OutboxMessage.objects.filter(kind="message.app").exists()
