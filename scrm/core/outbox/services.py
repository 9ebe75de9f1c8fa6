"""Writes to the outbox."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from scrm.core.audit import services as audit
from scrm.core.exceptions import Conflict
from scrm.core.ids import uuid7
from scrm.core.outbox.doorbell import Doorbell
from scrm.core.outbox.models import OutboxMessage
from scrm.core.outbox.sending import senders

CHANNEL = "scrm_outbox"
PURGE_BATCH = 1000
DECIDABLE = (OutboxMessage.Status.UNCERTAIN, OutboxMessage.Status.FAILED)

doorbell = Doorbell()

INSERT = """
INSERT INTO core_outboxmessage
       (id, kind, key, lane, payload, status, attempts, not_before, expires_at, interrupted, error, created_at)
VALUES (%s, %s, %s, %s, %s, 'pending', 0, coalesce(%s, now()), %s, false, '', now())
ON CONFLICT (key) DO NOTHING
RETURNING not_before, created_at
"""

PURGE = """
UPDATE core_outboxmessage SET payload = NULL
 WHERE id IN (SELECT id FROM core_outboxmessage
               WHERE payload IS NOT NULL AND status IN ('sent', 'failed', 'expired') AND created_at < %s
               ORDER BY created_at LIMIT %s)
"""


def put(
    *,
    kind: str,
    key: str,
    payload: dict[str, Any],
    lane: str = "event",
    expires_at: datetime | None = None,
    not_before: datetime | None = None,
) -> OutboxMessage | None:
    """Add one external effect in the caller's transaction; None when the key is already there.

    `key` names the effect, not the attempt (for example "welcome:<code index>"), and holds no
    personal data. The worker is woken at commit. Sending, retries and words are the sender's.
    """
    message = OutboxMessage(
        id=uuid7(),
        kind=kind,
        key=key,
        lane=OutboxMessage.Lane(lane),
        payload=payload,
        expires_at=expires_at,
    )
    sealed = OutboxMessage._meta.get_field("payload").seal(message.pk, payload)
    with connection.cursor() as cursor:
        cursor.execute(
            INSERT, [message.pk, kind, key, message.lane, sealed, not_before, expires_at]
        )
        row = cursor.fetchone()
        if row is None:
            return None
        message.not_before, message.created_at = row
        if doorbell.due(lane):
            cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, lane])
    message._state.adding = False
    return message


def decide(message_id: UUID, *, arrived: bool, actor: Any, reason: str) -> OutboxMessage:
    """Record a person's decision about an unknown outcome or a failure, audited.

    arrived: count the message as sent, with its bookkeeping; otherwise send it again. Raises Conflict
    when nothing is to be decided, when its time is over or its payload was purged.
    """
    with transaction.atomic():
        message = OutboxMessage.objects.select_for_update().get(pk=message_id)
        if message.status not in DECIDABLE:
            raise Conflict(_("This message needs no decision any more."), code="not_decidable")
        before = {"status": message.status, "attempts": message.attempts, "error": message.error}
        if arrived:
            _count_as_sent(message)
        else:
            _send_again(message)
        audit.record(
            actor=actor,
            action="outbox.count_as_sent" if arrived else "outbox.send_again",
            target=f"outbox_message:{message.pk}",
            before=before,
            after={"status": message.status},
            reason=reason,
        )
        return message


def _count_as_sent(message: OutboxMessage) -> None:
    if message.payload is None:
        raise Conflict(
            _("The content of this message was purged after 30 days."), code="payload_purged"
        )
    sender = senders().get(message.kind)
    if sender is not None and sender.settle is not None:
        sender.settle(message.payload, message.result or {})
    now = timezone.now()
    message.status = OutboxMessage.Status.SENT
    message.delivered_at = message.delivered_at or now
    message.settled_at = now
    message.lease_token = None
    message.save(update_fields=["status", "delivered_at", "settled_at", "lease_token"])


def _send_again(message: OutboxMessage) -> None:
    if message.payload is None:
        raise Conflict(
            _("The content of this message was purged after 30 days."), code="payload_purged"
        )
    now = timezone.now()
    if message.expires_at is not None and message.expires_at <= now:
        raise Conflict(_("It is too late to send this."), code="expired")
    message.status = OutboxMessage.Status.PENDING
    message.not_before = now
    message.attempts = 0
    message.lease_token = None
    message.save(update_fields=["status", "not_before", "attempts", "lease_token"])


def purge_payloads(before: datetime) -> int:
    """Forget the content of finished messages created before this time; keys stay. Returns how many."""
    total = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(PURGE, [before, PURGE_BATCH])
            total += int(cursor.rowcount)
            if cursor.rowcount < PURGE_BATCH:
                return total
