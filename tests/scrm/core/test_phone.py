"""Phone numbers: one spelling inside, one mask outside."""

import pytest

from scrm.core.exceptions import ValidationFailed
from scrm.core.phone import mask_phone, normalise_phone

GOOD = [
    ("13800138000", "+8613800138000"),
    (" 138 0013 8000 ", "+8613800138000"),
    ("138-0013-8000", "+8613800138000"),
    ("+86 138 0013 8000", "+8613800138000"),
    ("+86-13800138000", "+8613800138000"),
    ("8613800138000", "+8613800138000"),
    ("008613800138000", "+8613800138000"),
    ("１３８００１３８０００", "+8613800138000"),
    ("＋８６１３８００１３８０００", "+8613800138000"),
    ("（+86）13800138000", "+8613800138000"),
    ("\u200b13800138000\u202c", "+8613800138000"),
    ("13800138000\t", "+8613800138000"),
    ("17012345678", "+8617012345678"),
    ("19912345678", "+8619912345678"),
    ("010-62780000", "+861062780000"),
    ("021 6278 0000", "+862162780000"),
    ("+852 9123 4567", "+85291234567"),
    ("0085291234567", "+85291234567"),
    ("+853 6612 3456", "+85366123456"),
    ("+886 912 345 678", "+886912345678"),
    ("+1 650 253 0000", "+16502530000"),
]
BAD = [
    "",
    " ",
    "1380013800",
    "138001380001",
    "12345678901",
    "abc",
    "13800138000 ext. 5",
    "+86",
    "无",
    "1.38E+10",
    "0",
]


@pytest.mark.parametrize(("raw", "expected"), GOOD)
def test_a_number_has_one_spelling(raw: str, expected: str) -> None:
    assert normalise_phone(raw) == expected


@pytest.mark.parametrize("raw", BAD)
def test_what_is_no_number_is_refused(raw: str) -> None:
    with pytest.raises(ValidationFailed) as caught:
        normalise_phone(raw)

    assert caught.value.code == "phone_invalid"


def test_a_number_without_a_country_is_read_in_the_region() -> None:
    assert normalise_phone("9123 4567", region="HK") == "+85291234567"


@pytest.mark.parametrize(
    ("e164", "expected"),
    [
        ("+8613800138000", "138****8000"),
        ("+85291234567", "+85****4567"),
        ("+861062780000", "106****0000"),
        ("", ""),
        ("1234567", "*******"),
    ],
)
def test_the_mask_hides_the_middle(e164: str, expected: str) -> None:
    assert mask_phone(e164) == expected


def test_the_short_way_for_chinese_mobiles_says_what_the_library_says() -> None:
    # given one number of every range of four digits, and a blank that makes the long way go over it
    for prefix in range(10_000):
        number = f"{prefix:04d}1234567"

        def said(raw: str) -> str:
            try:
                return normalise_phone(raw)
            except ValidationFailed as refused:
                return refused.message

        assert said(number) == said(f"{number} "), number
