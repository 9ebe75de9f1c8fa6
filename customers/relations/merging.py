"""How a read changes what is stored: pure, on unsaved rows; an older observation changes nothing."""

from collections.abc import Mapping
from datetime import datetime

from customers.relations.models import ExternalContact, FollowRelation
from customers.relations.private import Private
from customers.relations.states import Loss, loss_of
from scrm.wecom.types import ExternalContact as ContactRead
from scrm.wecom.types import FollowInfo


def is_newer(observed_at: datetime, stored: datetime | None) -> bool:
    """Tell whether an observation is newer than the stored one."""
    return stored is None or observed_at > stored


def contact_merge(contact: ExternalContact, read: ContactRead, observed_at: datetime) -> bool:
    """Put a read on a customer; return whether a column besides `observed_at` changed.

    A unionid once known is kept when WeCom stops giving it, and taken from an older read when missing.
    """
    if not is_newer(observed_at, contact.observed_at):
        if contact.unionid or not read.unionid:
            return False
        contact.unionid = read.unionid
        return True
    values: dict[str, object] = {
        "name": read.name[:128],
        "avatar": read.avatar[:512],
        "type": read.type,
        "gender": read.gender,
        "unionid": read.unionid or contact.unionid,
        "corp_name": (read.corp_name or read.corp_full_name)[:128],
    }
    changed = any(getattr(contact, name) != value for name, value in values.items())
    for name, value in values.items():
        setattr(contact, name, value)
    contact.observed_at = observed_at
    return changed


def follow_merge(
    relation: FollowRelation,
    follow: FollowInfo,
    observed_at: datetime,
    deletions: Mapping[str, datetime],
) -> bool:
    """Put a listed relation's fields on its row, each group by its own clock, then settle its status.

    Return whether a column besides the clocks changed.
    """
    before = _comparable(relation)
    if is_newer(observed_at, relation.observed_at):
        relation.state = follow.state[:64]
        relation.add_way = follow.add_way
        relation.created_time = follow.created_at or relation.created_time or observed_at
        relation.observed_at = observed_at
    if is_newer(observed_at, relation.tags_observed_at):
        relation.tag_ids = sorted(follow.tag_ids)
        relation.tags_observed_at = observed_at
    if is_newer(observed_at, relation.remark_observed_at):
        Private(
            follow.remark, follow.remark_mobiles, follow.remark_corp_name, follow.description
        ).store(relation)
        relation.remark_observed_at = observed_at
    loss_settle(relation, deletions)
    return before != _comparable(relation)


def _comparable(relation: FollowRelation) -> tuple[object, ...]:
    digest = relation.private_digest
    return (
        relation.state,
        relation.add_way,
        relation.created_time,
        tuple(relation.tag_ids),
        None if digest is None else bytes(digest),
        relation.status,
        relation.lost_at,
        relation.lost_by,
    )


def phone_indexes(relation: FollowRelation) -> list[bytes]:
    """Return the blind indexes of the phones in the remark."""
    return [bytes(index) for index in relation.remark_phone_indexes]


def loss_settle(relation: FollowRelation, deletions: Mapping[str, datetime]) -> None:
    """Set status, time and cause of loss by the one rule."""
    loss = loss_of(
        created_time=relation.created_time,
        observed_at=relation.observed_at,
        absent_at=relation.absent_at,
        deletions=deletions,
        unlisted_at=relation.unlisted_at,
    )
    relation.status = FollowRelation.Status.ACTIVE if loss is None else FollowRelation.Status.LOST
    relation.lost_at = None if loss is None else loss.at
    relation.lost_by = _cause(relation, loss)


def _cause(relation: FollowRelation, loss: Loss | None) -> str:
    """Return through whom a relation was lost; a second look that found it handed over is believed."""
    if loss is None:
        return FollowRelation.LostBy.NOBODY
    known_better = relation.lost_by == FollowRelation.LostBy.TRANSFER
    if loss.by == FollowRelation.LostBy.UNLISTED and known_better:
        return FollowRelation.LostBy.TRANSFER
    return FollowRelation.LostBy(loss.by)


def clock_raise(relation: FollowRelation, listed_at: datetime | None) -> None:
    """Let a relation know of a newer page that listed it as it is: every older read is then old news."""
    if listed_at is None or not is_newer(listed_at, relation.observed_at):
        return
    relation.observed_at = listed_at
    if is_newer(listed_at, relation.tags_observed_at):
        relation.tags_observed_at = listed_at
    if is_newer(listed_at, relation.remark_observed_at):
        relation.remark_observed_at = listed_at
