"""The door of customers: what WeCom says of somebody who was forgotten stays outside.

A relation made after the erasure passes: the customer came back by themself (ADR-0016).
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from customers.relations.models import ExternalContact, RelationEvent
from customers.relations.private import usable_phones
from scrm.core.erased import EXTERNAL_USERID, PHONE, UNIONID, Erased, Name, erased
from scrm.core.exceptions import ValidationFailed
from scrm.core.phone import normalise_phone
from scrm.wecom.types import ExternalContact as ContactRead
from scrm.wecom.types import (
    ExternalContactDetail,
    ExternalContactPage,
    ExternalContactRow,
    FollowInfo,
)

ADDITIONS = frozenset({RelationEvent.Kind.ADD, RelationEvent.Kind.HALF_ADD})


def pages_known(pages: Sequence[ExternalContactPage]) -> list[ExternalContactPage]:
    """Return pages without the rows of forgotten people; one query for all."""
    found = erased(
        name for page in pages for row in page.rows for name in _names(row.contact, [row.follow])
    )
    if not found:
        return list(pages)
    return [replace(page, rows=_rows_known(page.rows, found)) for page in pages]


def _rows_known(
    rows: Sequence[ExternalContactRow], found: Erased
) -> tuple[ExternalContactRow, ...]:
    return tuple(
        replace(row, follow=_without_phones(row.follow, found))
        for row in rows
        if not _is_erased(row.contact, row.follow, found)
    )


def detail_known(detail: ExternalContactDetail) -> ExternalContactDetail | None:
    """Return a read of a customer without relations from before their erasure; None where nothing is left."""
    found = erased(_names(detail.contact, detail.follow_users))
    if not found:
        return detail
    follows = tuple(
        _without_phones(follow, found)
        for follow in detail.follow_users
        if not _is_erased(detail.contact, follow, found)
    )
    gone = found.at(*_identity(detail.contact)) is not None and not follows
    return None if gone else replace(detail, follow_users=follows)


def is_forgotten_event(external_userid: str, kind: str, occurred_at: object) -> bool:
    """Tell whether an event is about somebody who was forgotten and did not come back."""
    found = erased([(EXTERNAL_USERID, external_userid)])
    if not found:
        return False
    erased_at = found.at((EXTERNAL_USERID, external_userid))
    if erased_at is not None and kind in ADDITIONS and occurred_at > erased_at:  # type: ignore[operator]
        return False
    return not ExternalContact.objects.filter(external_userid=external_userid).exists()


def _identity(contact: ContactRead) -> list[Name]:
    return [(EXTERNAL_USERID, contact.external_userid), (UNIONID, contact.unionid or "")]


def _names(contact: ContactRead, follows: Iterable[FollowInfo]) -> list[Name]:
    phones = {phone for follow in follows for phone in usable_phones(follow.remark_mobiles)}
    return [*_identity(contact), *((PHONE, phone) for phone in phones)]


def _is_erased(contact: ContactRead, follow: FollowInfo, found: Erased) -> bool:
    return found.before(follow.created_at, *_identity(contact))


def _without_phones(follow: FollowInfo, found: Erased) -> FollowInfo:
    """Leave a forgotten person's phone out of what a guide wrote about somebody else."""
    kept = tuple(text for text in follow.remark_mobiles if found.at((PHONE, _number(text))) is None)
    return (
        follow if len(kept) == len(follow.remark_mobiles) else replace(follow, remark_mobiles=kept)
    )


def _number(text: str) -> str:
    try:
        return normalise_phone(text)
    except ValidationFailed:
        return ""
