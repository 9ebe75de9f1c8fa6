"""After a relation changed: the timeline of that customer."""

from typing import Any

from customers.timeline.services import contact_collect
from scrm.inbox.handling import Event, Handler


def apply_history(event: Event, fetched: Any) -> None:
    """Add what the events of this customer tell."""
    contact_collect(event.fields["ExternalUserID"])


# Behind RELATION_CHANGED, which appends the event and makes the customer.
HISTORY = Handler(name="timeline.history", apply=apply_history)
