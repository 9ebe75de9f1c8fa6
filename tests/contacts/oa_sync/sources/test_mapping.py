"""Paths, cells and words of a mapping."""

from decimal import Decimal

import pytest
from django.utils import translation

from contacts.oa_sync.sources.mapping import FieldMapping, guess, read_words, words_text
from scrm.core.exceptions import ValidationFailed
from scrm.core.feeds.paths import find, leaves, parse, text_of

RECORD = {
    "no": 17, "dept": {"code": "D1", "tags": []}, "phones": [{"kind": "home"}, {"number": "138"}],
    "odd.key": "x", "手机(主)": "139", "on": True,
}  # fmt: skip


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("no", 17), ("$.no", 17), ("dept.code", "D1"), ("$.dept['code']", "D1"), ("phones[1].number", "138"),
        ("phones[-1].number", "138"), ("phones[9].number", None), ("odd.key", "x"), ("['odd.key']", "x"),
        ("手机(主)", "139"), ("dept.none.deeper", None), ("no.deeper", None), ("no[0]", 17), ("no[1]", None), ("dept[0]", None),
    ],
)  # fmt: skip
def test_a_path_finds_what_stands_there(path: str, expected: object) -> None:
    assert find(RECORD, path) == expected


@pytest.mark.parametrize("path", ["a[", "a..b", "a[x]", "a]", "['", "a." * 200, "a[0]]"])
def test_a_path_that_cannot_be_read_is_refused(path: str) -> None:
    with pytest.raises(ValidationFailed) as refusal:
        parse(path)
    assert refusal.value.code == "path_unreadable"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, ""), (True, "1"), (False, "0"), (17, "17"), (17.0, "17"), (1.5, "1.5"), ("a\nb\x00", "a b"),
        ({"a": 1}, ""), (["a", None, 2], "a, 2"), (b"\x01\xff", "01ff"),
        (Decimal("1001.00"), "1001"), (Decimal("1E+3"), "1000"), (Decimal("1.50"), "1.50"), (Decimal("0.00"), "0"),
        (Decimal("12345678901234567890"), "12345678901234567890"), (Decimal("NaN"), "NaN"),
    ],
)  # fmt: skip
def test_a_value_becomes_one_cell(value: object, expected: str) -> None:
    assert text_of(value) == expected


def test_leaves_are_the_paths_one_can_map() -> None:
    assert leaves(RECORD) == [
        "no",
        "dept.code",
        "dept.tags",
        "phones[0].kind",
        "['odd.key']",
        "手机(主)",
        "on",
    ]


def test_a_mapping_is_guessed_from_known_spellings() -> None:
    # given
    record = {
        "employee_id": "1",
        "basic": {"姓名": "a", "mobile": "b"},
        "department": "d",
        "nothing": 1,
    }

    # then
    assert guess("employees", record) == {
        "job_number": "employee_id", "name": "basic.姓名", "phone": "basic.mobile",
        "department_code": "department",
    }  # fmt: skip


def test_words_of_the_source_become_ours() -> None:
    # given ecology's numbers: 5 has resigned, 0 is on trial
    words = read_words("employees", "state: 5 = left\n state: 0 = 在职 \ngender: F=女\n")
    mapping = FieldMapping(
        {"employees": {"state": "status", "gender": "sex"}}, {"employees": words}
    )

    # then
    assert words == {"state": {"5": "left", "0": "active"}, "gender": {"f": "2"}}
    assert read_words("employees", words_text(words)) == words
    assert mapping.values("employees", {"status": 5, "sex": "f"}) == {
        "state": "left",
        "gender": "2",
    }
    assert mapping.values("employees", {"status": 0, "sex": None}) == {
        "state": "active",
        "gender": "",
    }
    assert mapping.values("employees", {"status": 7})["state"] == "7"


@pytest.mark.parametrize(
    "line", ["state 5 left", "state: = left", "state: 5 = gone", "name: a = b"]
)
def test_a_word_line_that_says_nothing_is_named(line: str) -> None:
    with pytest.raises(ValidationFailed, match="not understood"):
        read_words("employees", f"state: 5 = left\n{line}")


def test_needed_fields_are_named_when_missing() -> None:
    # given
    mapping = FieldMapping({"departments": {"code": "c", "name": "n", "parent_code": "p"}})

    # then
    assert mapping.needs("employees") == ["job_number", "name", "phone", "department_code"]
    with translation.override("en"), pytest.raises(ValidationFailed, match="Job number, Full name"):
        mapping.check()
