"""Missed changes as the reader may see them: names masked, tags by name, in a constant number of queries."""

from collections.abc import Sequence
from dataclasses import dataclass

from customers.relations.models import ExternalContact
from customers.relations.showing import mask_name
from customers.sync.models import MissedChange
from customers.tags.selectors import tags_by_id
from scrm.core.scope import Scope

# A tag that is no longer in our list.
NO_NAME = "–"


@dataclass(frozen=True)
class ShownChange:
    """One change: whose, and which tags came and went."""

    name: str
    contact: ExternalContact | None
    added: tuple[str, ...]
    removed: tuple[str, ...]


def show_changes(scope: Scope, rows: Sequence[MissedChange]) -> None:
    """Put `shown` on each row."""
    ids = {tag_id for row in rows for side in ("added", "removed") for tag_id in row.detail.get(side, ())}  # fmt: skip
    tags = tags_by_id(ids)
    hides, opens = scope.masked("name"), scope.allows("relations.view")
    for row in rows:
        contact = row.relation.contact
        names = {
            side: tuple(
                tags[tag_id].name if tag_id in tags else NO_NAME
                for tag_id in row.detail.get(side, ())
            )
            for side in ("added", "removed")
        }
        row.shown = ShownChange(  # type: ignore[attr-defined]
            name=mask_name(contact.name) if hides else contact.name,
            contact=contact if opens else None,
            added=names["added"],
            removed=names["removed"],
        )
