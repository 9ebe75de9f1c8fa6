"""Notes, in the transaction of a change, who has to be looked at again: by OneID, and by the search entries."""

from collections.abc import Iterable
from uuid import UUID

from customers.copying import rows_insert
from customers.relations.models import RecordChange, SearchChange


def record_changed(kind: str, record_ids: Iterable[UUID]) -> None:
    """Note that what these records say of who they are changed; kind is a RecordChange.Kind."""
    word = str(kind)
    rows_insert(RecordChange, ("record_kind", "record_id"), [(word, each) for each in record_ids])


def search_changed(contact_ids: Iterable[UUID]) -> None:
    """Note that what these customers are found by changed: name, phone, a remark, or who follows."""
    if ids := sorted(set(contact_ids)):
        rows_insert(SearchChange, ("contact_ids",), [(ids,)])
