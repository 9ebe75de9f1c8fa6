"""One row of member data as it is sent in, by file or API: read once, checked cell by cell."""

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from importlib import resources
from typing import Any

from django.utils.translation import gettext as _

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
LIMITS = {
    "member_no": 64,
    "name": 64,
    "unionid": 64,
    "external_userid": 64,
    "level": 32,
    "store_code": 64,
}
ID_TEXT = re.compile(r"[!-~]+")
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

    @property
    def words(self) -> str:
        """Return all that is wrong in one line."""
        return " ".join(f"{name}: {text}" for name, text in self.errors.items())


@cache
def table() -> dict[str, Any]:
    """Return columns.toml."""
    return tomllib.loads(
        resources.files("customers.crm").joinpath("columns.toml").read_text(encoding="utf-8")
    )


@cache
def _fields_by_header() -> dict[str, str]:
    return {
        _folded(header): name for name, headers in table()["headers"].items() for header in headers
    }


def _folded(text: str) -> str:
    return "".join(text.split()).replace("_", "").lower()


def fields_of(headers: Sequence[str]) -> dict[str, str]:
    """Return header → field for the headers we know; raises ValidationFailed without the member number."""
    known = _fields_by_header()
    found = {header: known[_folded(header)] for header in headers if _folded(header) in known}
    if "member_no" not in found.values():
        raise ValidationFailed(
            _("The file has no column for the member number. Its header may be: %(names)s.")
            % {"names": ", ".join(table()["headers"]["member_no"])},
            code="member_no_column_missing",
        )
    twice = sorted({field for field in found.values() if list(found.values()).count(field) > 1})
    if twice:
        raise ValidationFailed(
            _("Two columns of the file mean the same: %(names)s.")
            % {"names": ", ".join(header for header, field in found.items() if field in twice)},
            code="column_twice",
        )
    return found


def read_row(cells: Mapping[str, Any]) -> ReadRow:
    """Check the given fields (by field name, text or JSON values) and return them in one spelling.

    Phones become E.164, dates `date`, words for yes and no `bool`. A phone is verified only when the row
    says so and gives one.
    """
    values: dict[str, Any] = {}
    errors: dict[str, str] = {}
    for name in FIELDS:
        if name not in cells:
            continue
        try:
            values[name] = READERS[name](name, cells[name])
        except ValidationFailed as error:
            errors[name] = error.message
    if "member_no" not in cells:
        errors["member_no"] = _("This is needed.")
    if errors:
        return ReadRow(None, errors)
    return ReadRow(MemberRow(values["member_no"], values), {})


def _text_of(value: Any) -> str:
    return "" if value is None else " ".join(str(value).split())


def _plain(name: str, value: Any) -> str:
    text = _text_of(value)
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


def _word(name: str, value: Any) -> str:
    text = _text_of(value).lower()
    words: Mapping[str, Sequence[str]] = table()["words"][name]
    for meaning, spellings in words.items():
        if text in spellings:
            return meaning
    allowed = ", ".join(each for spellings in words.values() for each in spellings if each)
    raise ValidationFailed(_("Not understood; use one of: %(words)s.") % {"words": allowed})


def _date(name: str, value: Any) -> date | None:
    text = _text_of(value)
    if not text:
        return None
    for form in DATE_FORMATS:
        try:
            found = datetime.strptime(text, form).date()  # noqa: DTZ007 - a calendar day has no zone
        except ValueError:
            continue
        if 1900 <= found.year <= 2100:
            return found
    raise ValidationFailed(_("Not a date; write it as 2026-11-21."))


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
}
