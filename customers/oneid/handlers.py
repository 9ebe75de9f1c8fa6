"""After a customer was added or edited: see at once who they are."""

from typing import Any

from customers.oneid.services import reconcile_contact
from scrm.inbox.handling import Event, Handler


def apply_person(event: Event, fetched: Any) -> None:
    """Reconcile the customer of the event; what cannot be done now is done by the clock within seconds."""
    reconcile_contact(event.fields["ExternalUserID"])


# Behind RELATION_CHANGED, which notes what changed.
PERSON_CHANGED = Handler(name="oneid.person_changed", apply=apply_person)
