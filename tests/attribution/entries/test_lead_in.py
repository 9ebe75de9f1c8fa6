"""The customers' page: words, code, what its script tells, and what is shown when the address is wrong."""

import io
import re
from typing import Any

import pytest
import time_machine
import zxingcpp
from django.core.cache import cache
from django.test import Client
from PIL import Image

from attribution.entries.models import Entry, EntryStore, EntryVisit
from attribution.entries.public import MOST_VISITORS
from attribution.entries.tickets import Visitor, ticket_of
from attribution.live_codes.models import LiveCode
from contacts.parameters import services as parameters

pytestmark = pytest.mark.django_db
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) MicroMessenger/8.0.50"


@pytest.fixture(autouse=True)
def _fresh_counts() -> None:
    cache.clear()


def phone(agent: str = PHONE, language: str = "en") -> Client:
    return Client(headers={"User-Agent": agent, "Accept-Language": language})


def opened(client: Client, url: str) -> str:
    """Open the page and return the ticket its script would send."""
    page = client.get(url)
    assert page.status_code == 200
    found = re.search(r'data-ticket="([^"]+)"', page.content.decode())
    return found.group(1) if found else ""


def told(client: Client, row: EntryStore, ticket: str, what: str) -> int:
    return int(client.post(f"/e/{row.token}/beat", {"what": what, "ticket": ticket}).status_code)


def test_the_page_shows_store_guide_words_and_a_code_that_decodes(shown: EntryStore) -> None:
    LiveCode.objects.update(told_userids=["guide_li"])
    page = phone().get(f"/e/{shown.token}/")

    text = page.content.decode()
    assert all(
        words in text for words in ("人民路店", "Your guide: 李娜", "领取专属福利", "去领取")
    )
    assert 'href="https://work.weixin.qq.com/u/vcabc"' in text
    assert page["Referrer-Policy"] == "no-referrer"
    assert page["Cache-Control"] == "private, no-store"
    picture = phone().get(f"/e/{shown.token}/code.png")
    decoded = zxingcpp.read_barcode(Image.open(io.BytesIO(picture.content)))
    assert decoded
    assert decoded.text == "https://work.weixin.qq.com/u/vcabc"
    chinese = phone(language="zh-CN,zh;q=0.9").get(f"/e/{shown.token}/")
    assert (page["Content-Language"], chinese["Content-Language"]) == ("en", "zh-hans")
    assert '<html lang="zh-CN">' in chinese.content.decode()


def test_the_visitor_of_the_offer_is_counted_once_a_step(shown: EntryStore) -> None:
    client = phone()
    visitor = Visitor(unionid="u-7", visitor_id="d1", order_no="M1")
    ticket = opened(client, f"/e/{shown.token}/?v={ticket_of(visitor, shown.token)}")
    assert not EntryVisit.objects.exists()

    for what in ("seen", "seen", "add", "add"):
        assert told(client, shown, ticket, what) == 204

    kept = EntryVisit.objects.order_by("pk").values_list(
        "kind", "entry", "store", "unionid", "order_no"
    )
    same = (shown.entry_id, shown.store_id, "u-7", "M1")
    assert list(kept) == [("leadin_view", *same), ("add_click", *same)]
    assert "e_visitor" not in client.cookies


def test_without_a_ticket_one_device_is_one_visitor(shown: EntryStore) -> None:
    client, other = phone(), phone()
    for who in (client, client, other):
        assert told(who, shown, opened(who, f"/e/{shown.token}/"), "seen") == 204

    visitors = list(EntryVisit.objects.order_by("pk").values_list("visitor_id", flat=True))
    assert visitors[0] == visitors[1] != visitors[2]
    assert all(visitor.startswith("e:") for visitor in visitors)


@pytest.mark.parametrize("agent", ["Mozilla/5.0 (compatible; Baiduspider/2.0)", ""])
def test_robots_never_count(shown: EntryStore, agent: str) -> None:
    assert opened(phone(agent), f"/e/{shown.token}/") == ""
    ticket = opened(phone(), f"/e/{shown.token}/")

    assert told(phone(agent), shown, ticket, "seen") == 204
    assert not EntryVisit.objects.exists()


def test_forged_foreign_and_old_tickets_count_nothing(shown: EntryStore) -> None:
    client = phone()
    ticket = opened(client, f"/e/{shown.token}/")
    offered = ticket_of(Visitor(unionid="u1"), shown.token)
    foreign = ticket_of(Visitor(unionid="u1"), "A" * 27, number="1")

    for wrong in ("", "x", ticket[:-4] + "AAAA", offered, foreign, "A" * 900):
        assert told(client, shown, wrong, "seen") == 204
    assert told(client, shown, ticket, "other") == 204
    with time_machine.travel("2099-01-01"):
        assert told(client, shown, ticket, "seen") == 204

    assert not EntryVisit.objects.exists()


def test_a_tampered_address_helps_on_and_guessing_is_slowed_down(shown: EntryStore) -> None:
    wrong = shown.token[:-1] + ("A" if shown.token[-1] != "A" else "B")
    other_kind = parameters.issue(kind="live_code")

    first = phone().get(f"/e/{wrong}/")
    assert first.status_code == 404
    assert "Go back to your order" in first.content.decode()
    assert phone().get(f"/e/{other_kind}/").status_code == 404
    assert phone().get(f"/e/{wrong}/code.png").status_code == 404
    codes = [phone().get(f"/e/{wrong}/").status_code for _ in range(20)]
    assert codes[-1] == 429
    assert phone().get(f"/e/{shown.token}/").status_code == 200


def test_a_closed_entry_says_so(shown: EntryStore) -> None:
    Entry.objects.update(status=Entry.Status.HIDDEN)

    page = phone().get(f"/e/{shown.token}/")

    assert page.status_code == 404
    assert "The store takes nobody here now" in page.content.decode()


def test_too_many_signals_from_one_address_are_refused(shown: EntryStore) -> None:
    client = phone()
    ticket = opened(client, f"/e/{shown.token}/")

    codes = [told(client, shown, ticket, "seen") for _ in range(121)]

    assert codes == [204] * 120 + [429]


def test_the_mini_program_jump_names_the_token_and_keeps_the_other_way(shown: EntryStore) -> None:
    Entry.objects.update(mini_program_url="weixin://dl/business/?t={token}")

    text = phone().get(f"/e/{shown.token}/").content.decode()

    assert f'href="weixin://dl/business/?t={shown.token}" data-jump' in text
    assert "data-failed hidden" in text
    assert 'href="https://work.weixin.qq.com/u/vcabc"' in text


def test_the_page_takes_few_queries(shown: EntryStore, django_assert_max_num_queries: Any) -> None:
    with django_assert_max_num_queries(5):
        assert phone().get(f"/e/{shown.token}/").status_code == 200


def test_new_devices_of_one_address_count_up_to_a_limit_and_known_ones_go_on(
    shown: EntryStore,
) -> None:
    # given as many devices as one shop has
    known = phone()
    told(known, shown, opened(known, f"/e/{shown.token}/"), "seen")
    for _turn in range(MOST_VISITORS - 1):
        client = phone()
        assert told(client, shown, opened(client, f"/e/{shown.token}/"), "seen") == 204

    # when more come in a moment
    page = phone().get(f"/e/{shown.token}/")

    # then they are led on and not counted; a known device, a visitor of an offer and another address are
    assert page.status_code == 200
    assert "data-ticket" not in page.content.decode()
    assert EntryVisit.objects.count() == MOST_VISITORS
    cache.delete_many([f"limits:entries.beat:{one}" for one in ("127.0.0.1",)])
    assert opened(known, f"/e/{shown.token}/")
    offered = ticket_of(Visitor(unionid="u1"), shown.token)
    assert opened(phone(), f"/e/{shown.token}/?v={offered}")
    elsewhere = Client(headers={"User-Agent": PHONE}, REMOTE_ADDR="10.9.8.7")
    assert opened(elsewhere, f"/e/{shown.token}/")


def test_a_made_up_cookie_is_no_known_device(shown: EntryStore) -> None:
    for number in range(MOST_VISITORS + 20):
        client = phone()
        client.cookies["e_visitor"] = f"{number:022d}"
        told(client, shown, opened(client, f"/e/{shown.token}/"), "seen")

    assert EntryVisit.objects.count() <= MOST_VISITORS
