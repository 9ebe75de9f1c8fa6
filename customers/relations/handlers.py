"""WeCom's events about customers: note what only the event carries, then read the customer again."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from customers.relations.event_kinds import kind_of
from customers.relations.services import (
    RelationFact,
    contact_gone,
    contact_observed,
    relation_event_record,
)
from scrm.core.gateway import wecom
from scrm.inbox.handling import Event, Handler
from scrm.wecom.errors import NO_RELATION_CODE, WeComPermanent
from scrm.wecom.types import ExternalContactDetail

# No relation with anybody any more; no such external contact.
GONE_CODES = frozenset({NO_RELATION_CODE, 40096})


@dataclass(frozen=True)
class ContactRead:
    """What WeCom says of a customer now; no detail when nobody follows them any more."""

    detail: ExternalContactDetail | None
    observed_at: datetime


def read_contact(event: Event) -> ContactRead:
    """Read the customer of an event (doc 92114); raises WeComError."""
    observed_at = timezone.now()
    try:
        detail = wecom().external_contact.get(event.fields["ExternalUserID"])
    except WeComPermanent as error:
        if error.errcode in GONE_CODES:
            return ContactRead(None, observed_at)
        raise
    return ContactRead(detail, detail.observed_at)


def apply_change(event: Event, fetched: Any) -> None:
    """Append the event's fact, then store the read."""
    read: ContactRead = fetched
    external_userid = event.fields["ExternalUserID"]
    kind = kind_of(event)
    if kind is not None:
        fact = RelationFact(
            userid=event.fields["UserID"],
            external_userid=external_userid,
            kind=kind,
            occurred_at=event.occurred_at,
            state=event.fields.get("State") or "",
            reason=event.fields.get("FailReason") or event.fields.get("Source") or "",
        )
        relation_event_record(fact)
    if read.detail is None:
        contact_gone(external_userid, read.observed_at)
    else:
        contact_observed(read.detail)


RELATION_CHANGED = Handler(name="relations.changed", fetch=read_contact, apply=apply_change)
