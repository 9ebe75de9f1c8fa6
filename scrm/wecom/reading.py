"""Reads fields out of WeCom's JSON: nulls, missing fields and wrong types become the empty value."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

Row = Mapping[str, Any]
# NUL, and halves of characters that came without their other half.
_UNSTORABLE = re.compile("[\\x00\\ud800-\\udfff]")
_WHOLE = re.compile(r"\s*-?[0-9]{1,18}\s*")


def text(row: Row, key: str) -> str:
    """Return the field as text; ids that came as numbers keep their digits."""
    value = row.get(key)
    if isinstance(value, str):
        return _storable(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return ""


def _storable(value: str) -> str:
    """Return a text without what no database and no JSON can hold; customers' names bring it."""
    return _UNSTORABLE.sub("", value)


def optional(row: Row, key: str) -> str | None:
    """Return the field as text, None where WeCom gave nothing."""
    return text(row, key) or None


def number(row: Row, key: str, default: int = 0) -> int:
    """Return the field as a whole number; WeCom sends some of them as text."""
    return _whole(row.get(key), default)


def _whole(value: object, default: int = 0) -> int:
    if isinstance(value, int):
        return int(value)
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        return int(value)
    return default


def flag(row: Row, key: str) -> bool:
    """Return the field as yes/no; 0/1 and false/true both occur."""
    return bool(_whole(row.get(key)))


def table(row: Row, key: str) -> Row:
    """Return an object field, an empty one where it is missing."""
    value = row.get(key)
    return value if isinstance(value, dict) else {}


def _list(row: Row, key: str) -> list[Any]:
    value = row.get(key)
    return value if isinstance(value, list) else []


def items(row: Row, key: str) -> Iterator[Row]:
    """Yield the objects of a list field."""
    return (item for item in _list(row, key) if isinstance(item, dict))


def texts(row: Row, key: str) -> list[str]:
    """Return the texts of a list field."""
    return [_storable(item) for item in _list(row, key) if isinstance(item, str)]


def numbers(row: Row, key: str) -> list[int]:
    """Return the whole numbers of a list field."""
    return [_whole(item) for item in _list(row, key) if isinstance(item, int | str)]


def joined(row: Row, key: str) -> tuple[str, ...]:
    """Return a field whose values WeCom joins by `|`."""
    return tuple(part for part in text(row, key).split("|") if part)


def moment(row: Row, key: str) -> datetime | None:
    """Return Unix seconds as an aware UTC time; None for zero, nothing or nonsense."""
    seconds = number(row, key)
    if not 0 < seconds < 253_402_300_800:
        return None
    return datetime.fromtimestamp(seconds, UTC)
