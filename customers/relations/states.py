"""Is a relation alive? One pure rule over what events and reads told, so that order cannot matter."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from customers.relations.models import FollowRelation, RelationEvent

LOST_BY = {
    RelationEvent.Kind.DEL_BY_MEMBER.value: FollowRelation.LostBy.MEMBER,
    RelationEvent.Kind.DEL_BY_CUSTOMER.value: FollowRelation.LostBy.CUSTOMER,
    RelationEvent.Kind.TRANSFERRED.value: FollowRelation.LostBy.TRANSFER,
}
DELETIONS = tuple(LOST_BY)


@dataclass(frozen=True, slots=True)
class Loss:
    """When a relation was lost, and through whom."""

    at: datetime
    by: str


def loss_of(
    *,
    created_time: datetime,
    observed_at: datetime | None,
    absent_at: datetime | None,
    deletions: Mapping[str, datetime],
    unlisted_at: datetime | None = None,
) -> Loss | None:
    """Return the loss of a relation, or None while it lives.

    created_time is WeCom's time of adding in the newest read that listed the relation (read at
    `observed_at`), `absent_at` the newest read that did not, `deletions` the newest deletion by kind.

    A deletion counts unless the relation was made after it. Both times are WeCom's own clock, so a read
    begun before a deletion can never undo it, however late it arrives. Within one second the two
    cannot be told apart: there the newer of the two reads decides. A read that does not list the relation
    proves nothing by itself: the app may have lost sight of the member. `unlisted_at` is when a complete read
    of the member began that did not list it, and that a second look confirmed: lost, unless listed since.
    """
    loss = _by_event(created_time, observed_at, absent_at, deletions)
    if loss is not None or unlisted_at is None:
        return loss
    if observed_at is not None and observed_at >= unlisted_at:
        return None
    return Loss(unlisted_at, FollowRelation.LostBy.UNLISTED)


def _by_event(
    created_time: datetime,
    observed_at: datetime | None,
    absent_at: datetime | None,
    deletions: Mapping[str, datetime],
) -> Loss | None:
    if not deletions:
        return None
    kind, at = max(deletions.items(), key=lambda item: (item[1], item[0]))
    if observed_at is not None:
        if created_time > at:
            return None
        if created_time == at and (absent_at is None or observed_at > absent_at):
            return None
    return Loss(at, LOST_BY[kind])
