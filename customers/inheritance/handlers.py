"""WeCom's events that settle a hand-over before its results are read."""

from typing import Any

from customers.inheritance.asking import REFUSED_REASON, fact_settle
from customers.inheritance.models import HandoverItem
from scrm.inbox.handling import Event, Handler

TRANSFER_SOURCE = "DELETE_BY_TRANSFER"


def apply_handover(event: Event, fetched: Any) -> None:
    """A successor could not take over (transfer_fail), or the old member lost the customer by the hand-over."""
    fields = event.fields
    if event.change_type == "transfer_fail":
        refused = fields.get("FailReason") == REFUSED_REASON
        state = HandoverItem.State.REFUSED if refused else HandoverItem.State.CAPPED
    elif fields.get("Source") == TRANSFER_SOURCE:
        state = HandoverItem.State.DONE
    else:
        return
    fact_settle(
        userid=fields["UserID"],
        external_userid=fields["ExternalUserID"],
        occurred_at=event.occurred_at,
        state=state,
        is_leaver=event.change_type != "transfer_fail",
    )


HANDOVER = Handler(name="inheritance.handover", apply=apply_handover)
