"""Notes, in the transaction of a change, whose search entries have to be written again."""

from collections.abc import Iterable
from uuid import UUID

from django.utils import timezone

from customers.copying import rows_insert
from customers.relations.models import SearchChange


def search_changed(contact_ids: Iterable[UUID]) -> None:
    """Note that what these customers are found by changed: name, phone, a remark, or who follows."""
    now = timezone.now()
    rows = [(contact_id, now) for contact_id in sorted(set(contact_ids))]
    rows_insert(SearchChange, ("contact_id", "changed_at"), rows)
