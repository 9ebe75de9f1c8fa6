"""OneID in tests: work until it rests, and what it made of the records."""

from uuid import UUID

from customers.oneid import services
from customers.oneid.models import PersonLink


def persons() -> set[frozenset[UUID]]:
    """Return the stored partition."""
    found: dict[UUID, set[UUID]] = {}
    for link in PersonLink.objects.all():
        found.setdefault(link.person_id, set()).add(link.record_id)
    return {frozenset(ids) for ids in found.values()}


def drain() -> None:
    """Work until nothing is noted any more."""
    while services.reconcile_pending() is not None:
        pass
