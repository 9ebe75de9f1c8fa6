"""Callbacks as WeCom would send them, and inbox and outbox rows in any state."""

import itertools
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.db.models import F
from django.test import Client
from django.utils import timezone

from scrm.core.outbox import services as outbox
from scrm.core.outbox.models import OutboxMessage
from scrm.inbox.ingest import arrival, store
from scrm.inbox.models import InboxEvent
from wecom_sandbox import crypto, defaults

NONCE = "1372623149"
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Delivery:
    """One signed request: send it, or change a part of it first."""

    body: bytes
    query: Mapping[str, str]
    app: str = "scrm"
    headers: Mapping[str, Any] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """The path with its query."""
        return f"/wecom/callback/{self.app}/?{urlencode(self.query)}"

    def post(self, client: Client) -> Any:
        """Deliver it."""
        return client.post(self.path, data=self.body, content_type="text/xml", **self.headers)


def event_xml(
    change_type: str = "add_external_contact",
    *,
    event: str = "change_external_contact",
    at: int = 0,
    **fields: str,
) -> bytes:
    """Return the XML of an event; a customer pair that no other call returned unless given."""
    number = next(_numbers)
    values = {"UserID": f"guide{number}", "ExternalUserID": f"wm{number:030d}"} | fields
    inner = "".join(
        f"<{name}><![CDATA[{value}]]></{name}>" for name, value in values.items() if value
    )
    return (
        f"<xml><ToUserName><![CDATA[{defaults.CORP_ID}]]></ToUserName><FromUserName><![CDATA[sys]]></FromUserName>"
        f"<CreateTime>{at or int(time.time())}</CreateTime><MsgType><![CDATA[event]]></MsgType>"
        f"<Event><![CDATA[{event}]]></Event><ChangeType><![CDATA[{change_type}]]></ChangeType>{inner}</xml>"
    ).encode()


def delivery(
    xml: bytes | None = None,
    *,
    app: str = "scrm",
    receive_id: str = defaults.CORP_ID,
    key_of: str = "",
    timestamp: str = "",
) -> Delivery:
    """Return a delivery signed and encrypted with the keys of `key_of` (default: of the app itself)."""
    config = defaults.app_named(key_of or app)
    assert config is not None
    encrypted = crypto.encrypt(xml or event_xml(), config.aes_key, receive_id)
    return signed(encrypted, app=app, token=config.token, timestamp=timestamp)


def signed(
    encrypted: str, *, app: str = "scrm", token: str = defaults.CALLBACK_TOKEN, timestamp: str = ""
) -> Delivery:
    """Return a delivery with a right signature over any text."""
    timestamp = timestamp or str(int(time.time()))
    query = {
        "msg_signature": crypto.signature(token, timestamp, NONCE, encrypted),
        "timestamp": timestamp,
        "nonce": NONCE,
    }
    return Delivery(crypto.envelope(defaults.CORP_ID, defaults.AGENT_ID, encrypted), query, app)


def stored(
    change_type: str = "add_external_contact", *, app: str = "scrm", **fields: Any
) -> InboxEvent:
    """Store an event as the view does and return its row."""
    row = arrival(app, event_xml(change_type, **fields))
    assert store(row)
    return InboxEvent.objects.get(digest=row.digest)


def quarantined(**fields: Any) -> InboxEvent:
    """Return an event in quarantine."""
    event = stored(**fields)
    InboxEvent.objects.filter(pk=event.pk).update(
        state=InboxEvent.State.QUARANTINED, attempts=5, error="it broke", finished_at=timezone.now()
    )
    event.refresh_from_db()
    return event


def make_due(event: InboxEvent) -> None:
    """Let the time of the next try come."""
    InboxEvent.objects.filter(pk=event.pk).update(due_at=F("received_at"))


def message(kind: str = "test.note", *, key: str = "", **fields: Any) -> OutboxMessage:
    """Put a message into the outbox."""
    put = outbox.put(
        kind=kind,
        key=key or f"test:{next(_numbers)}",
        payload=fields.pop("payload", {"n": 1}),
        **fields,
    )
    assert put is not None
    return put


@contextmanager
def routed(settings: Any, **maps: Any) -> Iterator[None]:
    """Replace the event routes and senders: `routes={(event, change_type): (Handler, …)}`, `senders={…}`."""
    ROUTES.clear()
    ROUTES.update(maps.get("routes", {}))
    SENDERS.clear()
    SENDERS.update(maps.get("senders", {}))
    settings.INBOX_EVENT_ROUTES = "tests.factories.inbox.ROUTES"
    settings.OUTBOX_SENDERS = "tests.factories.inbox.SENDERS"
    yield
    ROUTES.clear()
    SENDERS.clear()


ROUTES: dict[tuple[str, str], Any] = {}
SENDERS: dict[str, Any] = {}
