"""Leases on inbox events: taken in one statement, renewed while the process lives, given back by token."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.db import connection

from scrm.core.leases import FROM_NOW, LEASE_SECONDS, Leases

# An event whose workers died this often is what kills them.
MAX_CLAIMS = 20

# "inbox claims" of this database; held for one statement, so that two claims see each other's leases.
CLAIM_LOCK = 7_326_001

# Both statements travel as one: they are one transaction that cannot be left open by a dying worker.
# A pair that is leased elsewhere is passed over, so that the same customer is never handled twice at once.
CLAIM = f"""
SELECT pg_advisory_xact_lock(%(lock)s);
UPDATE inbox_inboxevent
   SET lease_token = %(token)s, due_at = {FROM_NOW},
       claims = least(claims + 1, 32767)
 WHERE id IN (
    SELECT id FROM inbox_inboxevent
     WHERE state = 'pending' AND lane = %(lane)s AND due_at <= now()
       AND (subject = 0 OR subject NOT IN (
            SELECT subject FROM inbox_inboxevent WHERE lease_token IS NOT NULL AND due_at > now()))
     ORDER BY due_at, id
     LIMIT %(limit)s
     FOR UPDATE SKIP LOCKED)
RETURNING id, digest, app, event, change_type, lane, occurred_at, received_at, payload,
          claims, attempts, deferrals
"""  # noqa: S608 - our own words

LEASES = Leases(
    table="inbox_inboxevent",
    until="due_at",
    held="state = 'pending'",
    given_back="lease_token = NULL, due_at = now(), claims = greatest(claims - 1, 0)",
    ids="bigint",
)
renew, release = LEASES.renew, LEASES.release


class LeaseLost(Exception):  # noqa: N818 -- an outcome, not a fault
    """The lease ran out and another worker has the event; what this one did is rolled back."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """One leased event as it was when it was claimed; `digest` and `payload` are bytes."""

    id: int
    digest: bytes
    app: str
    event: str
    change_type: str
    lane: str
    occurred_at: datetime
    received_at: datetime
    payload: bytes
    claims: int
    attempts: int
    deferrals: int
    token: UUID


def claim(lane: str, limit: int) -> list[Claimed]:
    """Lease up to `limit` due events of a lane under one new token, oldest first."""
    token = uuid4()
    with connection.cursor() as cursor:
        cursor.execute(
            CLAIM,
            {
                "token": token,
                "lane": lane,
                "limit": limit,
                "lease": LEASE_SECONDS,
                "lock": CLAIM_LOCK,
            },
        )
        return sorted((_claimed(row, token) for row in cursor.fetchall()), key=lambda each: each.id)


def _claimed(row: Sequence[Any], token: UUID) -> Claimed:
    number, digest, *names, occurred_at, received_at, payload, claims, attempts, deferrals = row
    app, event, change_type, lane = names
    return Claimed(
        id=number,
        digest=bytes(digest),
        app=app,
        event=event,
        change_type=change_type,
        lane=lane,
        occurred_at=occurred_at,
        received_at=received_at,
        payload=bytes(payload),
        claims=claims,
        attempts=attempts,
        deferrals=deferrals,
        token=token,
    )


def hold(event: Claimed) -> None:
    """Lock the event's row for this transaction; raises LeaseLost when the lease is no longer ours."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM inbox_inboxevent WHERE id = %s AND lease_token = %s AND state = 'pending' FOR UPDATE",
            [event.id, event.token],
        )
        if cursor.fetchone() is None:
            raise LeaseLost(event.id)
