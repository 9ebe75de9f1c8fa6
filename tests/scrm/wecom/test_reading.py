"""Fields of WeCom's JSON, whatever is in them."""

import pytest

from scrm.wecom.reading import flag, moment, number, numbers


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (7, 7),
        ("7", 7),
        (" -7 ", -7),
        (True, 1),
        ("--1", 0),
        ("-", 0),
        ("²", 0),
        ("٣", 0),
        ("1_000", 0),
        ("9" * 5000, 0),
        ("", 0),
        (None, 0),
        (1.5, 0),
        ({}, 0),
    ],
)
def test_a_number_is_one_or_nothing(value: object, read: int) -> None:
    row = {"n": value}
    assert number(row, "n") == read
    assert flag(row, "n") is bool(read)
    moment(row, "n")


def test_numbers_of_any_list() -> None:
    assert numbers({"n": ["--5", "²", 3, "4", [], None]}, "n") == [0, 0, 3, 4]
