"""Is what WeCom lists what we hold? Compared as plain values, so that what is unchanged costs no model and no write."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID

from customers.relations.models import FollowRelation
from customers.relations.private import Private
from customers.relations.selectors import rows_by_arrays
from customers.relations.ways import ASSIGNED
from scrm.wecom.types import ExternalContact as ContactRead
from scrm.wecom.types import FollowInfo

Pair = tuple[int, UUID]
Status = FollowRelation.Status


@dataclass(frozen=True, slots=True)
class Facts:
    """A row as compared: its key and the values a read is set against."""

    pk: UUID
    values: tuple[Any, ...]


class What(StrEnum):
    """In which way a relation was not as we held it."""

    ADDED = "added"
    ADDED_AGAIN = "again"
    RECEIVED = "received"
    TAGS = "tags"
    REMARK = "remark"


@dataclass(frozen=True, slots=True)
class Change:
    """One difference found at one relation; detail has tag ids by "added" and "removed"."""

    relation_id: UUID
    member_id: int
    what: What
    detail: Mapping[str, list[str]] = field(default_factory=dict)


def contact_facts(external_userids: Iterable[str]) -> dict[str, Facts]:
    """Return what we hold of these customers, by id."""
    rows = rows_by_arrays(
        "SELECT external_userid, id, name, avatar, type, gender, unionid, corp_name "
        "FROM customers_externalcontact WHERE external_userid = ANY(%s)",
        [sorted(external_userids)],
    )
    return {name: Facts(pk, tuple(values)) for name, pk, *values in rows}


def contact_as_read(read: ContactRead) -> tuple[Any, ...]:
    """Return a read in the order of `contact_facts`; a unionid that is not given differs from a known one."""
    return (
        read.name[:128],
        read.avatar[:512],
        read.type,
        read.gender,
        read.unionid or "",
        (read.corp_name or read.corp_full_name)[:128],
    )


def relation_facts(contact_ids: Iterable[UUID]) -> dict[Pair, Facts]:
    """Return what we hold of these customers' relations, by member and customer.

    Not asked for the members as well: PostgreSQL might walk through all their relations instead.
    """
    rows = rows_by_arrays(
        "SELECT member_id, contact_id, id, status, state, add_way, created_time, private_digest, tag_ids "
        "FROM customers_followrelation WHERE contact_id = ANY(%s::uuid[])",
        [sorted(contact_ids)],
    )
    return {
        (member_id, contact_id): Facts(
            pk, (*values, None if digest is None else bytes(digest), tuple(tags))
        )
        for member_id, contact_id, pk, *values, digest, tags in rows
    }


def relation_as_read(follow: FollowInfo) -> tuple[Any, ...]:
    """Return a listed relation in the order of `relation_facts`."""
    private = Private(
        follow.remark, follow.remark_mobiles, follow.remark_corp_name, follow.description
    )
    return (
        Status.ACTIVE.value,
        follow.state[:64],
        follow.add_way,
        follow.created_at,
        private.digest,
        tuple(sorted(follow.tag_ids)),
    )


def changes_of(
    new: Iterable[FollowRelation], changed: Iterable[FollowRelation], known: Mapping[Pair, Facts]
) -> list[Change]:
    """Say what was different, relation by relation; one that a deletion has ended since is no news."""
    found = [
        Change(
            relation.pk,
            relation.member_id,
            What.RECEIVED if relation.add_way == ASSIGNED else What.ADDED,
        )
        for relation in new
        if relation.status == Status.ACTIVE
    ]
    for relation in changed:
        if relation.status == Status.ACTIVE:
            before = known[relation.member_id, relation.contact_id].values
            found += _differences(relation, before)
    return found


def _differences(relation: FollowRelation, before: tuple[Any, ...]) -> list[Change]:
    status, _state, _way, created_time, digest, tags = before
    if status != Status.ACTIVE or created_time != relation.created_time:
        again = What.RECEIVED if relation.add_way == ASSIGNED else What.ADDED_AGAIN
        return [Change(relation.pk, relation.member_id, again)]
    found = []
    if tuple(relation.tag_ids) != tags:
        detail = {
            "added": sorted(set(relation.tag_ids) - set(tags)),
            "removed": sorted(set(tags) - set(relation.tag_ids)),
        }
        found.append(Change(relation.pk, relation.member_id, What.TAGS, detail))
    now = relation.private_digest
    if (None if now is None else bytes(now)) != digest:
        found.append(Change(relation.pk, relation.member_id, What.REMARK))
    return found
