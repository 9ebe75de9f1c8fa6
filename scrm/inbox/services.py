"""Writes to the inbox by people and by the clock."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from scrm.core.audit import services as audit
from scrm.core.exceptions import Conflict
from scrm.core.outbox.services import purge_payloads
from scrm.inbox.models import InboxEvent

KEEP_PAYLOAD = timedelta(days=30)
PURGE_BATCH = 1000
REPLAY_BATCH = 1000
REPLAYABLE = (InboxEvent.State.QUARANTINED, InboxEvent.State.IGNORED)

PURGE = """
UPDATE inbox_inboxevent SET payload = NULL
 WHERE id IN (SELECT id FROM inbox_inboxevent
               WHERE payload IS NOT NULL AND state <> 'pending' AND received_at < %s
               ORDER BY received_at LIMIT %s)
"""


def replay(event_id: int, *, actor: Any, reason: str) -> InboxEvent:
    """Put one quarantined or ignored event back into its lane, audited.

    Handlers that succeeded are not applied again. Raises Conflict when the event is in another state
    or its payload was purged.
    """
    with transaction.atomic():
        event = InboxEvent.objects.select_for_update().defer("payload").get(pk=event_id)
        if event.state not in REPLAYABLE:
            raise Conflict(
                _("Only an event in quarantine or an ignored one can be replayed."),
                code="not_replayable",
            )
        before = {"state": event.state, "attempts": event.attempts, "error": event.error}
        if not _requeue(InboxEvent.objects.filter(pk=event_id)):
            raise Conflict(
                _("The payload of this event was purged after 30 days."), code="payload_purged"
            )
        audit.record(
            actor=actor,
            action="inbox.replay",
            target=f"inbox_event:{event_id}",
            before=before,
            after={"state": InboxEvent.State.PENDING.value},
            reason=reason,
        )
        event.refresh_from_db(fields=["state", "attempts", "error", "due_at"])
        return event


def replay_quarantined(*, actor: Any, reason: str) -> int:
    """Put every quarantined event back into its lane, audited as one act; returns how many."""
    total = 0
    while True:
        with transaction.atomic():
            ids = _quarantined_ids()
            if not ids:
                return total
            count = _requeue(InboxEvent.objects.filter(pk__in=ids))
            audit.record(
                actor=actor,
                action="inbox.replay_quarantined",
                target="inbox_event:*",
                after={"count": count, "first": ids[0], "last": ids[-1]},
                reason=reason,
            )
            total += count


def _quarantined_ids() -> Sequence[int]:
    waiting = InboxEvent.objects.filter(state=InboxEvent.State.QUARANTINED, payload__isnull=False)
    return list(
        waiting.order_by("id")
        .select_for_update(skip_locked=True)
        .values_list("id", flat=True)[:REPLAY_BATCH]
    )


def _requeue(events: QuerySet[InboxEvent]) -> int:
    # One claim on record makes the worker look for the marks of the handlers that succeeded before.
    return events.filter(payload__isnull=False).update(
        state=InboxEvent.State.PENDING,
        attempts=0,
        deferrals=0,
        claims=1,
        due_at=F("received_at"),
        finished_at=None,
    )


def purge() -> int:
    """Forget the payloads of finished events and messages older than 30 days; hashes and keys stay.

    Works in batches of 1,000 rows, each its own transaction; returns how many payloads went.
    """
    before = timezone.now() - KEEP_PAYLOAD
    total = purge_payloads(before)
    while True:
        with connection.cursor() as cursor:
            cursor.execute(PURGE, [before, PURGE_BATCH])
            total += int(cursor.rowcount)
            if cursor.rowcount < PURGE_BATCH:
                return total
