"""What a mall is told: show this entry with these words, or nothing, and why."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from rest_framework.test import APIClient

from attribution.entries.models import Entry, EntryStore
from attribution.entries.tickets import Visitor, visitor_in
from attribution.live_codes.models import LiveCode
from scrm.accounts.services import partner_key_create
from tests.factories.customers import OrderFactory

pytestmark = pytest.mark.django_db
URL = "/api/v1/entries/offers"


@pytest.fixture
def mall() -> APIClient:
    _key, text = partner_key_create(name="mall", scopes=["entries.read"])
    return APIClient(headers={"Authorization": f"Bearer {text}", "Accept-Language": "en"})


def ask(mall: APIClient, **fields: str) -> Any:
    answer = mall.post(URL, fields, format="json")
    assert answer.status_code == 200, answer.json()
    return answer.json()


def test_a_shown_entry_comes_with_its_words_and_an_address_for_this_visitor(
    shown: EntryStore, mall: APIClient, settings: Any
) -> None:
    OrderFactory(order_no="M1", store_code="S1")

    answer = ask(mall, order_no="M1", place="order_result", unionid="u-7", visitor_id="d1")

    ticket = parse_qs(urlsplit(answer.pop("url")).query)["v"][0]
    assert visitor_in(ticket, shown.token) == (
        Visitor(unionid="u-7", visitor_id="d1", order_no="M1"), "",
    )  # fmt: skip
    assert "u-7" not in ticket
    assert visitor_in(ticket, "A" * 27) is None
    assert visitor_in(ticket[:-2] + "AA", shown.token) is None
    assert answer == {
        "shown": True, "entry": "result-gift", "place": "order_result", "hook": "benefit", "store_code": "S1",
        "store_shut": False, "title": shown.entry.title, "text": shown.entry.text, "button": shown.entry.button,
        "token": shown.token, "add_url": "https://work.weixin.qq.com/u/vcabc",
    }  # fmt: skip


def test_an_unknown_visitor_gets_the_plain_address(
    shown: EntryStore, mall: APIClient, settings: Any
) -> None:
    answer = mall.get(URL, {"store_code": "S1", "entry": "result-gift"}).json()

    assert answer["url"] == f"{settings.BASE_URL}/e/{shown.token}/"
    assert mall.get(URL, {"token": shown.token}).json() == answer


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"store_code": "S1", "entry": "none"}, "entry_unknown"),
        ({"store_code": "S2", "entry": "result-gift"}, "store_hidden"),
        ({"store_code": "S9", "entry": "result-gift"}, "store_unknown"),
        ({"store_code": "S2", "place": "order_result"}, "entry_missing"),
        ({"order_no": "M9", "place": "order_result"}, "order_unknown"),
        ({"token": "A" * 27}, "entry_unknown"),
    ],
)
def test_nothing_is_shown_with_the_reason(
    shown: EntryStore, mall: APIClient, asked: dict[str, str], reason: str
) -> None:
    answer = ask(mall, **asked)

    assert (answer["shown"], answer["reason"], set(answer)) == (
        False, reason, {"shown", "reason", "message"},
    )  # fmt: skip


def test_a_hidden_entry_or_a_code_that_does_not_work_is_not_offered(
    shown: EntryStore, mall: APIClient
) -> None:
    asked = {"store_code": "S1", "entry": "result-gift"}
    LiveCode.objects.update(status=LiveCode.Status.EMPTY)
    assert ask(mall, **asked)["reason"] == "no_member"
    LiveCode.objects.update(status=LiveCode.Status.ACTIVE, link="")
    assert ask(mall, **asked)["reason"] == "code_waiting"
    Entry.objects.update(status=Entry.Status.HIDDEN)
    assert ask(mall, **asked)["reason"] == "entry_hidden"


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({}, "store_code"),
        ({"store_code": "S1"}, "place"),
        ({"store_code": "S1", "place": "moon"}, "place"),
        ({"store_code": "S1", "entry": "a", "phone": "1"}, "phone"),
        ({"store_code": "S\n1", "entry": "a"}, "store_code"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused_in_words(
    mall: APIClient, asked: dict[str, str], field: str
) -> None:
    answer = mall.post(URL, asked, format="json")

    assert answer.status_code == 400
    assert list(answer.json()["data"]["fields"]) == [field]


def test_only_a_key_with_the_scope_may_ask(shown: EntryStore) -> None:
    _key, text = partner_key_create(name="CRM", scopes=["members.read"])

    assert APIClient().get(URL).status_code == 401
    other = APIClient(headers={"Authorization": f"Bearer {text}"})
    assert other.get(URL, {"token": shown.token}).status_code == 403


def test_an_answer_takes_few_queries(
    shown: EntryStore, mall: APIClient, django_assert_max_num_queries: Any
) -> None:
    ask(mall, store_code="S1", place="order_result")

    with django_assert_max_num_queries(7):
        ask(mall, store_code="S1", place="order_result", unionid="u1")


@pytest.mark.parametrize("name", ["unionid", "external_userid"])
def test_an_address_may_not_hold_who_somebody_is(
    shown: EntryStore, mall: APIClient, name: str
) -> None:
    answer = mall.get(URL, {"store_code": "S1", "entry": "result-gift", name: "o123"})

    assert answer.status_code == 400
    assert list(answer.json()["data"]["fields"]) == [name]
    assert ask(mall, store_code="S1", entry="result-gift", **{name: "o123"})["shown"]
