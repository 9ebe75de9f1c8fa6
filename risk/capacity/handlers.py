"""A relation was made or ended: count the member again."""

from typing import Any

from contacts.directory.selectors import member_by_userid
from risk.capacity.services import capacity_recount
from scrm.inbox.handling import Event, Handler


def apply_count(event: Event, _fetched: Any) -> None:
    """Count the member of the event; the clock counts everybody each minute anyway."""
    member = member_by_userid(event.fields["UserID"])
    if member is not None:
        capacity_recount([member.pk])


# Behind RELATION_CHANGED, which stores the relation.
CAPACITY_COUNTED = Handler(name="capacity.counted", apply=apply_count)
