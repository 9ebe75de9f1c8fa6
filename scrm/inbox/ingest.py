"""From a decrypted callback to one row: the only write between WeCom's request and our answer."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection

from scrm.core import credentials
from scrm.core.outbox.doorbell import Doorbell
from scrm.inbox.models import InboxEvent
from scrm.inbox.payload import seal
from scrm.wecom.callbacks import BadCallback, parse_event

CHANNEL = "scrm_inbox"
# Directory changes come by the thousand when the OA is applied; they must not delay customers.
SYNC_EVENTS = frozenset({"change_contact"})
MAX_NAME = 64
# WeCom's CreateTime is a Unix time; anything outside these years is not one.
EARLIEST = 946_684_800
LATEST = 4_102_444_800

doorbell = Doorbell()

# WeCom hangs up after 5 s; whoever holds the table longer than this makes us answer non-200 in time.
PATIENCE = "SET LOCAL lock_timeout = '3s';"
INSERT = """
INSERT INTO inbox_inboxevent (digest, app, event, change_type, lane, subject, occurred_at, payload,
                              received_at, due_at, state, claims, attempts, deferrals, error)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, now(), now(), 'pending', 0, 0, 0, '')
ON CONFLICT (digest) DO NOTHING
"""
INSERT_AND_RING = f"WITH put AS ({INSERT} RETURNING 1) SELECT pg_notify(%s, %s) FROM put"  # noqa: S608 -- our own text


@dataclass(frozen=True, slots=True)
class Arrival:
    """The row of one callback before it is stored; `subject` is 0 where no customer pair is named."""

    digest: bytes
    app: str
    event: str
    change_type: str
    lane: str
    subject: int
    occurred_at: datetime
    payload: bytes

    def values(self) -> list[str | int | bytes | datetime]:
        """Return the values in the order of the statement."""
        return [
            self.digest,
            self.app,
            self.event,
            self.change_type,
            self.lane,
            self.subject,
            self.occurred_at,
            self.payload,
        ]


def arrival(app: str, xml: bytes) -> Arrival:
    """Read the routing fields of a decrypted callback and seal the rest.

    Raises BadCallback where the XML is no event or message (wecom/callbacks.md §4).
    """
    fields = parse_event(xml)
    event, change_type = _names(fields)
    digest = digest_of(credentials.corp_id(), app, xml)
    return Arrival(
        digest=digest,
        app=app,
        event=event,
        change_type=change_type,
        lane=_lane(event, fields),
        subject=_subject(fields),
        occurred_at=_occurred_at(fields),
        payload=seal(digest, xml),
    )


def digest_of(corp_id: str, app: str, xml: bytes) -> bytes:
    """Return the 32 bytes that make two deliveries the same callback."""
    return hashlib.sha256(b"\0".join((corp_id.encode(), app.encode(), xml))).digest()


def store(row: Arrival) -> bool:
    """Commit the row; False when the callback was already there. Raises django.db.Error when it cannot.

    The insert repeats harmlessly, so a connection that died since the last request is replaced and the
    statement sent again; that costs nothing in the good case, unlike asking "are you alive" each time.
    """
    try:
        return _insert(row)
    except (OperationalError, InterfaceError) as error:
        # A lock or a timeout ended the statement, not the connection: again would only wait once more.
        if connection.in_atomic_block or getattr(error.__cause__, "pgcode", None):
            raise
        connection.close()
        return _insert(row)


def _insert(row: Arrival) -> bool:
    connection.health_check_done = True  # type: ignore[attr-defined]
    values = row.values()
    with connection.cursor() as cursor:
        if doorbell.due(row.lane):
            cursor.execute(PATIENCE + INSERT_AND_RING, [*values, CHANNEL, row.lane])
        else:
            cursor.execute(PATIENCE + INSERT, values)
        return bool(cursor.rowcount == 1)


def _names(fields: Mapping[str, Any]) -> tuple[str, str]:
    """Return (Event, ChangeType); a message becomes ("message", its type)."""
    event = fields.get("Event") or fields.get("InfoType")
    names = (event, fields.get("ChangeType") or "") if event else ("message", fields.get("MsgType"))
    match names:
        case (str(first), str(second)) if len(first) <= MAX_NAME and len(second) <= MAX_NAME:
            return first, second
    raise BadCallback("The callback names neither an event nor a message type.")


def _lane(event: str, fields: Mapping[str, Any]) -> str:
    if fields.get("WelcomeCode"):
        return InboxEvent.Lane.WELCOME.value
    if event in SYNC_EVENTS and fields.get("ChangeType") != "delete_user":
        return InboxEvent.Lane.SYNC.value
    # A leaver's sessions must end within a minute, whatever else is waiting.
    return InboxEvent.Lane.EVENT.value


def _subject(fields: Mapping[str, Any]) -> int:
    """Return a keyed 63-bit hash of the pair, so that the column tells nothing about the people."""
    userid, external = fields.get("UserID"), fields.get("ExternalUserID")
    if not isinstance(userid, str) or not userid:
        return 0
    pair = f"{userid.lower()}\0{external if isinstance(external, str) else ''}"
    keyed = hashlib.blake2b(
        pair.encode(), digest_size=8, key=settings.SECRET_KEY[:64].encode()[:64]
    )
    return int.from_bytes(keyed.digest(), "big") >> 1


def _occurred_at(fields: Mapping[str, Any]) -> datetime:
    raw = fields.get("CreateTime") or fields.get("TimeStamp")
    if not isinstance(raw, str) or not raw.isascii() or not raw.isdigit() or len(raw) > 10:
        raise BadCallback("The callback has no time.")
    seconds = int(raw)
    if not EARLIEST <= seconds <= LATEST:
        raise BadCallback("The callback's time is out of range.")
    return datetime.fromtimestamp(seconds, tz=UTC)
