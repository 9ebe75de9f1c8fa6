"""One row of member data as it is sent in, by file or API: read once, checked cell by cell."""

import tomllib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from importlib import resources
from typing import Any

from django.utils.translation import gettext as _

from customers.batch_fields import ID_TEXT
from scrm.core.crypto import blind_index
from scrm.core.exceptions import ValidationFailed
from scrm.core.phone import normalise_phone

FIELDS = (
    "member_no",
    "name",
    "phone",
    "phone_verified",
    "unionid",
    "external_userid",
    "level",
    "store_code",
    "state",
    "joined_on",
)
# Kept as a keyed hash only; never shown, and not part of what a whole row gives.
ID_CARD = "id_card"
ID_CARD_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
ID_CARD_CHECKS = "10X98765432"
LIMITS = {
    "member_no": 64,
    "name": 64,
    "unionid": 64,
    "external_userid": 64,
    "level": 32,
    "store_code": 64,
}
ISO_LENGTH = len("2026-11-21")
DATE_FORMATS = (
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%Y%m%d",
    "%Y.%m.%d",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
)


@dataclass(frozen=True)
class MemberRow:
    """The fields that were given, with their values; a field not given stays as it is."""

    member_no: str
    values: Mapping[str, Any]


@dataclass(frozen=True)
class ReadRow:
    """A row that is usable (`row`), or what is wrong with it by field."""

    row: MemberRow | None
    errors: Mapping[str, str]


@cache
def table() -> dict[str, Any]:
    """Return columns.toml."""
    return tomllib.loads(
        resources.files("customers.crm").joinpath("columns.toml").read_text(encoding="utf-8")
    )


def read_row(cells: Mapping[str, Any]) -> ReadRow:
    """Check the given fields (by field name, text or JSON values) and return them in one spelling.

    Phones become E.164, dates `date`, words for yes and no `bool`. A phone is verified only when the row
    says so and gives one.
    """
    values: dict[str, Any] = {}
    errors: dict[str, str] = {}
    for name, read in READERS.items():
        if name not in cells:
            continue
        try:
            values[name] = read(name, cells[name])
        except ValidationFailed as error:
            errors[name] = error.message
    if "member_no" not in cells:
        errors["member_no"] = _("This is needed.")
    if errors:
        return ReadRow(None, errors)
    return ReadRow(MemberRow(values["member_no"], values), {})


def read_item(item: Mapping[str, Any]) -> tuple[MemberRow | None, Mapping[str, list[str]]]:
    """Check one JSON object as partners send it: `read_row`, and nothing that is no text, number or yes or no."""
    wrong = {name: _kind_error(name, value) for name, value in item.items()}
    errors = {name: [words] for name, words in wrong.items() if words}
    if errors:
        return None, errors
    read = read_row(item)
    return read.row, {name: [words] for name, words in read.errors.items()}


def _kind_error(name: str, value: Any) -> str:
    if name not in READERS:
        return _("This field is not known.")
    if type(value) is str or (value is None and name == "joined_on"):
        return ""
    if value is None:
        return _("This may not be null.")
    allowed: tuple[type, ...] = (bool, int) if name == "phone_verified" else (int, float)
    return "" if type(value) in allowed else _("Text is needed here.")


def _text_of(value: Any) -> str:
    return "" if value is None else " ".join(str(value).split())


def _plain(name: str, value: Any) -> str:
    text = _text_of(value)
    if "\0" in text:
        raise ValidationFailed(_("Null characters are not allowed."))
    if len(text) > LIMITS[name]:
        raise ValidationFailed(_("At most %(limit)d characters.") % {"limit": LIMITS[name]})
    return text


def _identifier(name: str, value: Any) -> str:
    text = _plain(name, value)
    if text and not ID_TEXT.fullmatch(text):
        raise ValidationFailed(_("Letters, digits and signs only, without blanks."))
    return text


def _member_no(name: str, value: Any) -> str:
    text = _identifier(name, value)
    if not text:
        raise ValidationFailed(_("This is needed."))
    return text


def _phone(name: str, value: Any) -> str:
    text = _text_of(value)
    return normalise_phone(text) if text else ""


def _verified(name: str, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    return _word(name, value) == "true"


@cache
def _meanings(name: str) -> dict[str, str]:
    words = table()["words"][name]
    return {each: meaning for meaning, spellings in words.items() for each in spellings}


def _word(name: str, value: Any) -> str:
    meaning = _meanings(name).get(_text_of(value).lower())
    if meaning is not None:
        return meaning
    words: Mapping[str, Sequence[str]] = table()["words"][name]
    allowed = ", ".join(each for spellings in words.values() for each in spellings if each)
    raise ValidationFailed(_("Not understood; use one of: %(words)s.") % {"words": allowed})


def _date(name: str, value: Any) -> date | None:
    text = _text_of(value)
    if not text:
        return None
    if len(text) == ISO_LENGTH:
        # What most senders write, without trying all spellings.
        with suppress(ValueError):
            return _sane(date.fromisoformat(text))
    for form in DATE_FORMATS:
        try:
            found = datetime.strptime(text, form).date()  # noqa: DTZ007 - a calendar day has no zone
        except ValueError:
            continue
        return _sane(found)
    raise _no_date()


def _sane(day: date) -> date:
    if 1900 <= day.year <= 2100:
        return day
    raise _no_date()


def _no_date() -> ValidationFailed:
    return ValidationFailed(_("Not a date; write it as 2026-11-21."))


def _id_card(_field: str, value: Any) -> str:
    """Return the keyed hash of a resident's identity number; the number itself goes no further."""
    text = "".join(str(value).split()).upper()
    if not text:
        return ""
    body = text[:-1]
    if len(text) != len(ID_CARD_WEIGHTS) + 1 or not (body.isascii() and body.isdigit()):
        raise ValidationFailed(_("Not an identity number of 18 characters."))
    total = sum(int(digit) * weight for digit, weight in zip(body, ID_CARD_WEIGHTS, strict=True))
    if text[-1] != ID_CARD_CHECKS[total % 11]:
        raise ValidationFailed(_("The check digit of the identity number is wrong."))
    return blind_index("id_card", text).hex()


READERS: Mapping[str, Callable[[str, Any], Any]] = {
    "member_no": _member_no,
    "name": _plain,
    "phone": _phone,
    "phone_verified": _verified,
    "unionid": _identifier,
    "external_userid": _identifier,
    "level": _plain,
    "store_code": _identifier,
    "state": _word,
    "joined_on": _date,
    ID_CARD: _id_card,
}
