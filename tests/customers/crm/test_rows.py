"""Cells as people write them."""

from datetime import date

import pytest
from django.utils import translation

from customers.crm.rows import read_row


def test_a_whole_row_in_chinese_words() -> None:
    read = read_row(
        {
            "member_no": " 0001 ",
            "name": "张 三",
            "phone": "１３８ 0013-8000",
            "phone_verified": "是",
            "unionid": "ou1",
            "external_userid": "wm1",
            "level": "金卡",
            "store_code": "S1",
            "state": "已注销",
            "joined_on": "2024/3/1",
        }
    )

    assert read.errors == {}
    assert read.row is not None
    assert dict(read.row.values) == {
        "member_no": "0001",
        "name": "张 三",
        "phone": "+8613800138000",
        "phone_verified": True,
        "unionid": "ou1",
        "external_userid": "wm1",
        "level": "金卡",
        "store_code": "S1",
        "state": "closed",
        "joined_on": date(2024, 3, 1),
    }


@pytest.mark.parametrize(
    ("field", "text", "words"),
    [
        ("member_no", "", "This is needed."),
        ("member_no", "00 01", "Letters, digits and signs only, without blanks."),
        ("member_no", "x" * 65, "At most 64 characters."),
        ("phone", "12345", "This is not a phone number."),
        (
            "phone_verified",
            "maybe",
            "Not understood; use one of: 1, true, yes, y, 是, 已验证, √, 0, false, no, n, 否, 未验证",
        ),
        (
            "state",
            "sleeping",
            "Not understood; use one of: active, 正常, 有效, 启用, 1, closed, 注销, 已注销, 停用, 失效, 0",
        ),
        ("joined_on", "31.12.2024", "Not a date; write it as 2026-11-21."),
        ("joined_on", "0001-01-01", "Not a date; write it as 2026-11-21."),
        ("unionid", "包子", "Letters, digits and signs only, without blanks."),
    ],
)
def test_each_wrong_cell_says_what_is_wrong(field: str, text: str, words: str) -> None:
    with translation.override("en"):
        read = read_row({"member_no": "M1"} | {field: text})

    assert read.row is None
    assert list(read.errors) == [field]
    assert read.errors[field].rstrip(".") == words.rstrip(".")


def test_all_wrong_cells_are_named_at_once() -> None:
    read = read_row({"member_no": "M1", "phone": "1", "joined_on": "x"})

    assert list(read.errors) == ["phone", "joined_on"]


def test_what_is_not_given_is_not_there() -> None:
    read = read_row({"member_no": "M1", "name": ""})

    assert read.row is not None
    assert dict(read.row.values) == {"member_no": "M1", "name": ""}
