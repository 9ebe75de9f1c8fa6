"""Leases on outbox messages, and what becomes of a message whose sender died."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID, uuid4

import orjson
from django.db import connection
from django.utils.translation import gettext as _

from scrm.core.fields import EncryptedJSONField
from scrm.core.leases import FROM_NOW, LEASE_SECONDS, Leases
from scrm.core.outbox.models import OutboxMessage

PAYLOAD = cast("EncryptedJSONField[Any, Any]", OutboxMessage._meta.get_field("payload"))

# An abandoned message goes back to the queue where its turn had not come, where doing it twice is harmless
# or the receiver accepts it once only; otherwise nobody knows whether it arrived, and a person decides. It
# keeps its token, so that a sender that was only slow can still report what happened.
RECOVER = """
UPDATE core_outboxmessage
   SET status = CASE WHEN begun_at IS NULL OR kind = ANY(%(again)s) THEN 'pending' ELSE 'uncertain' END,
       error = CASE WHEN begun_at IS NULL OR kind = ANY(%(again)s) THEN error ELSE %(words)s END,
       interrupted = interrupted OR begun_at IS NOT NULL, lease_until = NULL
 WHERE id IN (SELECT id FROM core_outboxmessage WHERE status = 'sending' AND lease_until <= now() FOR UPDATE SKIP LOCKED)
RETURNING kind, status
"""

CLAIM = f"""
UPDATE core_outboxmessage
   SET status = 'sending', lease_token = %(token)s, lease_until = {FROM_NOW},
       begun_at = NULL
 WHERE id IN (
    SELECT id FROM core_outboxmessage
     WHERE status = 'pending' AND lane = %(lane)s AND not_before <= now()
     ORDER BY not_before, id LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
RETURNING id, kind, key, payload, attempts, interrupted, expires_at, created_at, delivered_at, result
"""  # noqa: S608 - our own words

BEGIN = f"""
UPDATE core_outboxmessage SET begun_at = now(), lease_until = {FROM_NOW}
 WHERE id = %(id)s AND lease_token = %(token)s AND status = 'sending'
"""  # noqa: S608 - our own words

LEASES = Leases(
    table="core_outboxmessage",
    until="lease_until",
    held="status = 'sending'",
    given_back="status = 'pending', lease_until = NULL",
    ids="uuid",
)
renew, release = LEASES.renew, LEASES.release


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One leased message as it was when it was claimed; `payload` is opened."""

    id: UUID
    kind: str
    key: str
    payload: bytes
    attempts: int
    interrupted: bool
    expires_at: datetime | None
    created_at: datetime
    delivered_at: datetime | None
    result: dict[str, Any] | None
    token: UUID

    def open(self) -> dict[str, Any]:
        """Return the payload; raises DecryptionError for a changed row or a missing key."""
        return cast("dict[str, Any]", PAYLOAD.open(self.id, self.payload))


def recover(again: Collection[str]) -> list[tuple[str, str]]:
    """Decide about messages whose sender died; `again` are the kinds to repeat. Returns (kind, status)."""
    words = _("The worker stopped while it was sending; nobody knows whether it arrived.")
    with connection.cursor() as cursor:
        cursor.execute(RECOVER, {"again": list(again), "words": words})
        return list(cursor.fetchall())


def claim(lane: str, limit: int) -> list[Outgoing]:
    """Lease up to `limit` due messages of a lane, oldest first."""
    token = uuid4()
    with connection.cursor() as cursor:
        cursor.execute(
            CLAIM, {"token": token, "lane": lane, "limit": limit, "lease": LEASE_SECONDS}
        )
        return sorted(
            (_outgoing(row, token) for row in cursor.fetchall()), key=lambda each: each.id
        )


def _outgoing(row: Sequence[Any], token: UUID) -> Outgoing:
    (
        number,
        kind,
        key,
        payload,
        attempts,
        interrupted,
        expires_at,
        created_at,
        delivered_at,
        result,
    ) = row
    return Outgoing(
        id=number,
        kind=kind,
        key=key,
        payload=bytes(payload),
        attempts=attempts,
        interrupted=interrupted,
        expires_at=expires_at,
        created_at=created_at,
        delivered_at=delivered_at,
        result=None if result is None else orjson.loads(result),
        token=token,
    )


def begin(message: Outgoing) -> bool:
    """Note that sending begins and start its lease anew; False when others took the message meanwhile."""
    with connection.cursor() as cursor:
        cursor.execute(BEGIN, {"id": message.id, "token": message.token, "lease": LEASE_SECONDS})
        return bool(cursor.rowcount)
