"""Search indexes and digests of customers and follow relations."""

from collections.abc import Iterator
from typing import Any

from customers.relations.models import ExternalContact, FollowRelation
from customers.relations.private import Private, usable_phones
from scrm.core.crypto import blind_index
from scrm.core.keys.keyed import Keyed


def _contact(row: ExternalContact) -> dict[str, Any]:
    return {"phone_index": blind_index("phone", row.phone) if row.phone else None}


def _contact_phones(row: ExternalContact) -> Iterator[tuple[str, str]]:
    if row.phone:
        yield "phone", row.phone


def _relation(row: FollowRelation) -> dict[str, Any]:
    private = Private.of(row)
    digest = None if row.private_digest is None else private.digest
    return {"remark_phone_indexes": private.phone_indexes, "private_digest": digest}


def _relation_phones(row: FollowRelation) -> Iterator[tuple[str, str]]:
    for phone in usable_phones(row.remark_phones):
        yield "phone", phone


CONTACT = Keyed(ExternalContact, ("phone_index",), _contact, sources=_contact_phones)
RELATION = Keyed(
    FollowRelation,
    ("remark_phone_indexes", "private_digest"),
    _relation,
    sources=_relation_phones,
)
