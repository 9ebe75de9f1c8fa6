"""OneID in tests: work until it rests, and what it made of the records."""

import time
from uuid import UUID

from customers.oneid import services
from customers.oneid.models import PersonLink, RecordChange

PATIENCE = 10


def persons() -> set[frozenset[UUID]]:
    """Return the stored partition."""
    found: dict[UUID, set[UUID]] = {}
    for link in PersonLink.objects.all():
        found.setdefault(link.person_id, set()).add(link.record_id)
    return {frozenset(ids) for ids in found.values()}


def drain() -> None:
    """Work until nothing is noted any more; a worker thread of an earlier test may hold the lock a moment longer."""
    ends = time.monotonic() + PATIENCE
    while RecordChange.objects.exists() and time.monotonic() < ends:
        if services.reconcile_pending() is None:
            time.sleep(0.02)
