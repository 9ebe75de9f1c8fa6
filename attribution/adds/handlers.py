"""A relation was made or ended: recompute its episodes, then keep the live code's promises."""

from typing import Any

from attribution.adds.services import promises_queue, relation_event_told
from customers.relations.event_kinds import kind_of
from customers.relations.services import RelationFact
from scrm.inbox.handling import Event, Handler


def apply_episode(event: Event, _fetched: Any) -> None:
    """Does not wait for the customer to be read: an add counts although WeCom's API may be away."""
    kind = kind_of(event)
    if kind is None:
        return
    relation_event_told(
        RelationFact(
            userid=event.fields["UserID"],
            external_userid=event.fields["ExternalUserID"],
            kind=kind,
            occurred_at=event.occurred_at,
            state=event.fields.get("State") or "",
            reason=event.fields.get("Source") or "",
        )
    )


def apply_promises(event: Event, _fetched: Any) -> None:
    """Queue what the live code promised, once the relation is mirrored."""
    promises_queue(event.fields["UserID"], event.fields["ExternalUserID"])


ADD_EPISODE = Handler(name="adds.episode", apply=apply_episode)
ADD_PROMISES = Handler(name="adds.promises", apply=apply_promises)
