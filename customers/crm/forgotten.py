"""The door of the member system: rows about somebody who was forgotten change nothing.

A membership begun after the day of the erasure passes: the person came back by themself (ADR-0016).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time
from typing import Any, TypeVar
from uuid import UUID

from django.utils import timezone

from customers.crm.rows import MemberRow
from customers.results import UNCHANGED
from scrm.core.erased import EXTERNAL_USERID, MEMBER_NO, PHONE, UNIONID, Erased, Name, erased

Row = TypeVar("Row")
NAMES = {
    "member_no": MEMBER_NO,
    "unionid": UNIONID,
    "external_userid": EXTERNAL_USERID,
    "phone": PHONE,
}


def members_forgotten(rows: Sequence[MemberRow], known: Iterable[str]) -> set[str]:
    """Return the member numbers of rows that would bring somebody back, in one query.

    A member who is there keeps their row: a phone may have become theirs.
    """
    here = set(known)
    new = [row for row in rows if row.member_no not in here]
    found = erased(name for row in new for name in _names_of(row))
    if not found:
        return set()
    return {
        row.member_no
        for row in new
        if found.before(_moment(row.values.get("joined_on")), *_names_of(row))
    }


def _names_of(row: MemberRow) -> list[Name]:
    values = {**row.values, "member_no": row.member_no}
    return [(kind, values.get(field) or "") for field, kind in NAMES.items()]


def _moment(joined_on: date | None) -> datetime | None:
    """Return the beginning of the day somebody joined."""
    if joined_on is None:
        return None
    return timezone.make_aware(datetime.combine(joined_on, time.min))


def orders_forgotten(rows: Sequence[Any]) -> set[str]:
    """Return the numbers of orders paid before their buyer was forgotten, in one query."""
    found = erased(name for row in rows for name in _buyer(row))
    if not found:
        return set()
    return {row.order_no for row in rows if found.before(row.paid_at, *_buyer(row))}


def _buyer(row: Any) -> list[Name]:
    return [
        (MEMBER_NO, row.member_no),
        (UNIONID, row.unionid),
        (EXTERNAL_USERID, row.external_userid),
    ]


def facts_known(
    rows: Sequence[Row],
    members: Mapping[str, UUID],
    upsert: Callable[[Sequence[Row]], Sequence[str]],
) -> list[str]:
    """Store the rows of those who are not forgotten, or are members again; return the outcomes of all rows."""
    found = erased(name for row in rows for name in _of_fact(row))
    if not found:
        return list(upsert(rows))
    here = [not _is_forgotten(row, members, found) for row in rows]
    outcomes: Iterator[str] = iter(
        upsert([row for row, is_here in zip(rows, here, strict=True) if is_here])
    )
    return [next(outcomes) if is_here else UNCHANGED for is_here in here]


def _of_fact(row: Any) -> list[Name]:
    return [(MEMBER_NO, row.member_no), (UNIONID, getattr(row, "unionid", ""))]


def _is_forgotten(row: Any, members: Mapping[str, UUID], found: Erased) -> bool:
    return row.member_no not in members and found.at(*_of_fact(row)) is not None
