"""Judges people sent in against stores, sponsors, phones and accounts; pure."""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from contacts.directory.models import Member
from contacts.org.models import OrgUnit
from contacts.roster.rules import LONGEST, day_problem, may_answer, userid_valid
from scrm.core.crypto import blind_indexes
from scrm.core.days import day_of
from scrm.core.exceptions import ValidationFailed
from scrm.core.phone import normalise_phone

MOST_NAME, MOST_POST = 64, 128
FIELDS = ("name", "phone", "post", "store_code", "sponsor", "expires_on", "userid")


@dataclass(frozen=True)
class Known:
    """What people are judged against.

    stores: those in reach, by code; sponsors: by lower-cased userid and job number; phones: why a phone's blind
    index is taken (a code of words.py); userids: lower-cased, with job numbers, which the OA turns into userids.
    """

    stores: Mapping[str, OrgUnit]
    sponsors: Mapping[str, Member]
    phones: Mapping[bytes, str]
    userids: frozenset[str]
    today: date
    rostered: frozenset[int] = frozenset()
    # Userids of one member that are another's job number.
    ambiguous: frozenset[str] = frozenset()


@dataclass
class Judged:
    """One person as sent; `code` and `params` say why they are refused."""

    number: int
    cells: Mapping[str, str]
    code: str = ""
    params: dict[str, Any] = field(default_factory=dict)
    name: str = ""
    phone: str = ""
    phone_index: bytes = b""
    post: str = ""
    store: OrgUnit | None = None
    sponsor: Member | None = None
    expires_on: date | None = None
    userid: str = ""


def judge(rows: Sequence[tuple[int, Mapping[str, str]]], known: Known) -> list[Judged]:
    """Return each row with what it says, or why it is refused; linear in rows."""
    judged = [_read(number, cells, known) for number, cells in rows]
    _refuse_twins(judged, "phone_twice", lambda row: row.phone_index or None)
    _refuse_twins(judged, "userid_twice", lambda row: row.userid.lower() or None)
    return judged


def _read(number: int, cells: Mapping[str, str], known: Known) -> Judged:
    row = Judged(number, cells)
    for read in (_read_name, _read_phone, _read_store, _read_sponsor, _read_day, _read_userid):
        row.code = read(row, known)
        if row.code:
            return row
    return row


def _cell(row: Judged, name: str) -> str:
    text = unicodedata.normalize("NFKC", row.cells.get(name, ""))
    shown = "".join(char for char in text if char.isspace() or unicodedata.category(char)[0] != "C")
    return " ".join(shown.split())


def _read_name(row: Judged, _known: Known) -> str:
    row.name, row.post = _cell(row, "name"), _cell(row, "post")
    if not row.name:
        return "name_blank"
    if len(row.name) > MOST_NAME:
        return "name_long"
    return "post_long" if len(row.post) > MOST_POST else ""


def _read_phone(row: Judged, known: Known) -> str:
    text = _cell(row, "phone")
    if not text:
        return "phone_blank"
    try:
        row.phone = normalise_phone(text)
    except ValidationFailed:
        return "phone_invalid"
    indexes = blind_indexes("phone", row.phone)
    row.phone_index = indexes[0]
    return next((known.phones[each] for each in indexes if each in known.phones), "")


def _read_store(row: Judged, known: Known) -> str:
    code = _cell(row, "store_code")
    row.store = known.stores.get(code)
    if not code:
        return "store_blank"
    if row.store is None:
        return "store_unknown"
    return "store_closed" if row.store.status != OrgUnit.Status.OPEN else ""


def _read_sponsor(row: Judged, known: Known) -> str:
    account = _cell(row, "sponsor")
    row.sponsor = known.sponsors.get(account.lower())
    if not account:
        return "sponsor_blank"
    if account.lower() in known.ambiguous:
        return "sponsor_ambiguous"
    if row.sponsor is None or row.store is None:
        return "sponsor_unknown"
    if row.sponsor.pk in known.rostered:
        return "sponsor_rostered"
    # Where a neighbour's people are is no business of the sender's: they do not exist.
    if not may_answer(row.sponsor.org_path, row.store.path):
        return "sponsor_unknown"
    return "" if row.sponsor.is_serving else "sponsor_gone"


def _read_day(row: Judged, known: Known) -> str:
    text = _cell(row, "expires_on")
    if not text:
        return "day_blank"
    row.expires_on = day_of(text)
    if row.expires_on is None:
        return "day_invalid"
    row.params = {"days": LONGEST.days}
    return day_problem(row.expires_on, known.today)


def _read_userid(row: Judged, known: Known) -> str:
    row.userid = _cell(row, "userid")
    if not row.userid:
        return ""
    if not userid_valid(row.userid):
        return "userid_invalid"
    return "userid_taken" if row.userid.lower() in known.userids else ""


def _refuse_twins(judged: Iterable[Judged], code: str, key: Any) -> None:
    groups: dict[Any, list[Judged]] = {}
    for row in judged:
        if not row.code and (value := key(row)) is not None:
            groups.setdefault(value, []).append(row)
    for sharers in groups.values():
        if len(sharers) > 1:
            numbers = ", ".join(str(row.number) for row in sharers)
            for row in sharers:
                row.code, row.params = code, {"rows": numbers}
