"""Which fact about a relation an event of WeCom states."""

from customers.relations.models import RelationEvent
from scrm.inbox.handling import Event

KINDS = {
    "add_external_contact": RelationEvent.Kind.ADD,
    "add_half_external_contact": RelationEvent.Kind.HALF_ADD,
    "del_external_contact": RelationEvent.Kind.DEL_BY_MEMBER,
    "del_follow_user": RelationEvent.Kind.DEL_BY_CUSTOMER,
    "transfer_fail": RelationEvent.Kind.TRANSFER_FAIL,
}
# Source of del_external_contact when a hand-over took the customer away.
TRANSFER_SOURCE = "DELETE_BY_TRANSFER"


def kind_of(event: Event) -> str | None:
    """Return the fact an event states about a relation, None for a mere edit."""
    kind = KINDS.get(event.change_type)
    if kind == RelationEvent.Kind.DEL_BY_MEMBER and event.fields.get("Source") == TRANSFER_SOURCE:
        return RelationEvent.Kind.TRANSFERRED
    return kind
