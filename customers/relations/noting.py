"""Notes, in the transaction of a change, whose search entries have to be written again."""

from collections.abc import Iterable
from uuid import UUID

from customers.copying import rows_insert
from customers.relations.models import SearchChange


def search_changed(contact_ids: Iterable[UUID]) -> None:
    """Note that what these customers are found by changed: name, phone, a remark, or who follows."""
    if ids := sorted(set(contact_ids)):
        rows_insert(SearchChange, ("contact_ids",), [(ids,)])
