"""A member added or lost a customer: one signal."""

from typing import Any

from contacts.directory.services import members_ensure
from risk.anomalies.models import SignalKind
from risk.anomalies.services import signal
from scrm.inbox.handling import Event, Handler

# A half-add is the customer's doing and becomes an add when the member confirms: it is no signal of its own.
KINDS = {
    "add_external_contact": SignalKind.ADD,
    "del_external_contact": SignalKind.DELETION,
    "del_follow_user": SignalKind.LOSS,
}


# Customers who go to a successor are no deletion by the member: a leaver with hundreds would look hijacked.
BY_TRANSFER = "DELETE_BY_TRANSFER"


def apply_signal(event: Event, _fetched: Any) -> None:
    """Calls nobody: an alert does not wait for WeCom's API."""
    if event.fields.get("Source") == BY_TRANSFER:
        return
    userid = event.fields["UserID"]
    member = members_ensure([userid])[userid.lower()]
    key = f"{userid.lower()}\n{event.fields['ExternalUserID']}\n{event.occurred_at.isoformat()}"
    signal(KINDS[event.change_type], member.pk, event.occurred_at, key)


ANOMALY_WATCHED = Handler(name="anomalies.watched", apply=apply_signal)
