"""The table of WeCom's codes: complete, in both languages, and what a reader makes of a stored text."""

import ast
import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest

from scrm.wecom.errors import CLASSES, LOOKUP, WeComError, causes, error_for, explained, hint_for
from wecom_sandbox.errors import TEXTS

ROOT = Path(__file__).parents[3]
CHINESE = re.compile(r"[\u4e00-\u9fff]")
CODES = sorted(code for code in causes() if not code.startswith("default-"))
# The codes a client must treat specially, as the fact files list them (README.md §5).
SPECIAL = (
    "-1 6000 40001 40003 40007 40008 40035 40058 40063 40013 40091 40014 40029 40031 40032 40066 40068 40073 "
    "40088 40089 40093 40094 40096 40097 40098 40099 40100 40128 41001 41002 41004 41024 41006 41008 41009 41010 "
    "41011 41016 41017 41019 41033 41042 41043 41044 41045 41046 41047 41048 41050 41051 41053 41055 41059 41060 "
    "41061 41062 41063 41064 41065 41066 41067 41078 41079 41089 41093 41096 42001 42009 43004 45002 45008 45009 "
    "45024 45026 45033 45035 46004 48002 48005 50001 50002 50003 60003 60004 60005 60006 60007 60008 60009 60010 "
    "60011 60020 60102 60104 60106 60103 60105 60107 60110 60112 60111 60123 60124 60125 60127 60129 80001 81001 "
    "81002 81011 81013 81014 81017 82001 82002 82003 84014 84015 84061 84074 84083 84084 86001 86003 86004 86005 "
    "86006 86007 86008 86217 86220 90100 90101 90102 90103 90104 90105 90106 90500 90501 90502 90507 90508 91040 "
    "301002 301005 301012 301013 301014 301015 301021 302003 302004 302005 302006 302007 701008 95017"
)
NO_CODES = {86_400}


def test_every_code_a_client_must_know_is_in_the_table() -> None:
    assert [code for code in SPECIAL.split() if code not in causes()] == []


def test_every_code_the_simulator_answers_with_is_in_the_table() -> None:
    assert [code for code in TEXTS if str(code) not in causes()] == []


def named() -> Iterator[tuple[str, int]]:
    """Yield the numbers of the product's files about WeCom's errors that look like one of its codes."""
    for package in ("scrm", "contacts", "customers", "attribution", "materials", "risk"):
        for path in sorted((ROOT / package).rglob("*.py")):
            text = path.read_text(encoding="utf-8")
            # WeChat's codes are other ones, with a table of their own.
            if "wechat" in path.parts or ("errcode" not in text and "_CODE" not in text):
                continue
            for node in ast.walk(ast.parse(text)):
                value = node.value if isinstance(node, ast.Constant) else None
                if type(value) is int and re.fullmatch(r"[4-9]\d{4}|30\d{4}", str(value)):
                    yield path.name, value


def test_every_code_the_product_names_is_in_the_table() -> None:
    found = [(name, value) for name, value in named() if value not in NO_CODES]

    assert len(found) > 20
    assert [(name, value) for name, value in found if str(value) not in causes()] == []


@pytest.mark.parametrize("code", [*CODES, *sorted(set(causes()) - set(CODES))])
def test_a_row_says_in_both_languages_what_it_is_and_what_to_do(code: str) -> None:
    cause = causes()[code]
    hint = cause.hint

    assert cause.kind in CLASSES
    assert (cause.retry_after > 0) == (cause.kind in {"retryable", "quota"})
    for text in (hint.meaning["en"], hint.action["en"]):
        assert text.endswith(".")
        assert not CHINESE.search(text)
    for text in (hint.meaning["zh"], hint.action["zh"]):
        assert text.endswith("。")
        assert CHINESE.search(text)
    # It goes into columns of 300 characters, with its code.
    assert max(len(hint.words("en")), len(hint.words("zh"))) <= 290


@pytest.mark.parametrize("code", CODES)
def test_a_code_is_raised_as_its_class_with_its_link(code: str) -> None:
    error = error_for(int(code), "as WeCom says", "some/endpoint")

    assert type(error) is CLASSES[causes()[code].kind]
    assert error.link == f"{LOOKUP}{code}"
    assert error.words("zh-hans").endswith(f"[{code}]")
    assert str(error).startswith(f"WeCom some/endpoint: {code} (as WeCom says). ")


def test_what_a_person_mends_in_wecom_says_where_to_click() -> None:
    # Three have no page in the admin console: a product to update, licences to buy, an account elsewhere to verify.
    elsewhere = {"48005", "41057", "42015", "86008", "86101", "610015", "610017", "701008"}
    lost = [
        code
        for code in CODES
        if causes()[code].kind in {"auth", "permission"} and causes()[code].hint.place is None
    ]

    assert set(lost) == elsewhere
    for code in CODES:
        place = causes()[code].hint.place
        if place is not None:
            assert not CHINESE.search(place.words("en"))
            assert CHINESE.search(place.words("zh"))
            assert place.link == "" or place.link.startswith(
                ("https://work.weixin.qq.com/", "https://open.work.weixin.qq.com/")
            )


def test_an_unknown_code_is_final_and_keeps_its_number() -> None:
    error = error_for(987_654, "new", "some/endpoint")

    assert (error.kind, error.retry_after) == ("permanent", 0)
    assert error.words("en").endswith("[987654]")
    assert error.hint == hint_for(None, "permanent")


@pytest.mark.parametrize("code", CODES)
def test_a_stored_text_is_read_in_the_readers_language(code: str) -> None:
    # given the words of an error, stored by a task of one language, within a longer text
    hint, error = causes()[code].hint, error_for(int(code), "", "e")

    # then each reader sees them in their own, with the code, the place and WeCom's page
    for written, reader in product(("en", "zh"), ("en", "zh-hans")):
        told = explained(f"{error.words(written)} 12:05", reader)
        assert told.text == f"{hint.advice(reader)} [{code}] 12:05"
        assert told.lookup == f"{LOOKUP}{code}"
        assert told.place == (hint.place.words(reader) if hint.place else "")


@pytest.mark.parametrize("text", ["", "no answer came", "row [12] of [abc]", "[987654]", "[]", "["])
def test_a_text_without_a_code_of_wecoms_stays_as_it_is(text: str) -> None:
    told = explained(text, "zh-hans")

    assert (told.text, told.place, told.lookup) == (text, "", "")


def test_words_of_an_older_table_keep_their_text_and_get_the_links() -> None:
    told = explained("An older wording. [60020]", "zh-hans")

    assert told.text == "An older wording. [60020]"
    assert "企业可信IP" in told.place
    assert told.lookup.endswith("=60020")


def test_an_error_without_an_answer_has_no_link() -> None:
    assert WeComError(None, "time is over", "some/endpoint").link == ""
