"""What WeCom takes on a card, said before anything is pushed; and how a card is filled in."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from django.utils import translation

from contacts.profiles.cards import CardRefused, Facts, card_of, card_read, differs, wecom_fields
from contacts.profiles.limits import address_problem, item_problems, lines_problems, text_problem
from contacts.profiles.models import ProfileTemplate
from scrm.wecom.types import Member as WeComMember
from tests.contacts.profiles.cards_desk import text_line, web_line

FACTS = Facts("李娜", "导购", "E0001", "人民路店", "S1", "华东分公司", "t" * 27)
PROGRAM = {
    "kind": "miniprogram", "name": "小程序", "value": "到店预约", "address": "pages/book?g={parameter}",
    "appid": "wx8bd80126147d0001",
}  # fmt: skip


@pytest.fixture(autouse=True)
def english() -> Any:
    """Say everything in English."""
    with translation.override("en"):
        yield


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("一二三四五六七八九十甲乙", ""),
        ("一二三四五六七八九十甲乙丙", "13 characters; WeCom takes at most 12."),
        ("{store}专属导购", ""),
        ("{nickname}您好", "There is no variable {nickname} here. Use {guide}, {position}, {job_number}, {store}, {store_code}, {branch}."),
        ("{store", "A brace is missing: variables look like {guide}."),
    ],
)  # fmt: skip
def test_texts_are_counted_without_their_variables(text: str, words: str) -> None:
    assert text_problem(text) == words


@pytest.mark.parametrize(
    ("address", "is_web", "words"),
    [
        ("https://mall.example/s?g={parameter}&s={store_code}", True, ""),
        ("pages/book?g={parameter}", False, ""),
        ("", True, "The address is missing."),
        ("", False, "The page of the mini program is missing."),
        ("javascript:alert(1)", True, "A web address begins with https://."),
        ("https://{store_code}.example/", True, "A variable cannot stand for the host of an address."),
        ("https://[1", True, "This is not a web address."),
        ("https://mall.example/a b", True, "An address has no spaces and at most 1024 characters."),
        ("https://mall.example/?s={store}", True, "There is no variable {store} here. Use {parameter}, {store_code}, {job_number}."),
    ],
)  # fmt: skip
def test_addresses(address: str, is_web: bool, words: str) -> None:
    assert address_problem(address, is_web=is_web) == words


def test_lines_are_checked_field_by_field() -> None:
    lines = [
        text_line("门店", ""),
        web_line("门店", "商城"),
        PROGRAM | {"appid": "gh_1"},
        text_line("", "您好"),
    ]
    assert lines_problems(lines) == {
        0: {"value": "What customers read is missing."},
        1: {"name": "Another line has this name."},
        2: {"appid": "The AppID of a mini program is wx and 16 letters or digits."},
        3: {"name": "The name of the line is missing."},
    }
    assert item_problems(PROGRAM) == {}


def test_a_card_is_filled_in_and_read_back_the_same() -> None:
    # given a template with every kind of line
    template = ProfileTemplate(
        position_text="{store}导购",
        items=[text_line("门店", "{store}"), web_line("商城", "商城", "https://m.example/{job_number}?g={parameter}"), PROGRAM],
    )  # fmt: skip

    # when it is made for one account, written and read
    card = card_of(
        template, FACTS, {"corp_name": "小店", "position": "旧", "channels": "", "lines": []}
    )
    fields = wecom_fields(card)

    # then WeCom gets what it asks for, and what the template leaves blank stays
    assert fields["external_position"] == "人民路店导购"
    assert fields["external_profile"] == {
        "external_corp_name": "小店",
        "external_attr": [
            {"type": 0, "name": "门店", "text": {"value": "人民路店"}},
            {"type": 1, "name": "商城", "web": {"url": f"https://m.example/E0001?g={'t' * 27}", "title": "商城"}},
            {"type": 2, "name": "小程序", "miniprogram": {
                "appid": "wx8bd80126147d0001", "pagepath": f"pages/book?g={'t' * 27}", "title": "到店预约"}},
        ],
    }  # fmt: skip
    seen = card_read(_as_read(fields))
    assert not differs(card, seen)
    assert differs(card, seen | {"position": "自称店长"})


def test_a_line_that_is_empty_for_an_account_is_left_out() -> None:
    template = ProfileTemplate(items=[text_line("门店", "{store}"), text_line("问候", "您好")])
    card = card_of(template, replace(FACTS, store=""), None)
    assert [line["name"] for line in card["lines"]] == ["问候"]


def test_a_filled_text_that_is_too_long_is_refused_by_its_line() -> None:
    template = ProfileTemplate(items=[text_line("门店", "{store}")])
    with pytest.raises(CardRefused) as refusal:
        card_of(template, replace(FACTS, store="上海市南京东路步行街旗舰店"), None)
    assert (refusal.value.code, refusal.value.line) == ("too_long", "门店")


def test_values_in_addresses_are_escaped() -> None:
    template = ProfileTemplate(
        items=[web_line("商城", "商城", "https://m.example/?s={store_code}")]
    )
    card = card_of(template, replace(FACTS, store_code="A&b=1"), None)
    assert card["lines"][0]["address"] == "https://m.example/?s=A%26b%3D1"


def _as_read(fields: dict[str, Any]) -> WeComMember:
    return WeComMember.read({"userid": "li", **fields}, datetime.now(UTC))
