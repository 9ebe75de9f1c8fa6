"""Routes and senders of the worker process that tests kill: effects are rows without any unique key."""

import time
from typing import Any

from django.db import connection

from scrm.core.outbox import services as outbox
from scrm.core.outbox.sending import Sender
from scrm.inbox.handling import Event, Handler

CREATE = "CREATE TABLE IF NOT EXISTS test_effect (id bigserial PRIMARY KEY, name text NOT NULL, subject text NOT NULL)"


def _row(name: str, subject: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO test_effect (name, subject) VALUES (%s, %s)", [name, subject])


def _apply(event: Event, fetched: Any) -> None:
    _row("applied", event.fields["ExternalUserID"])
    outbox.put(
        kind="test.tag",
        key=f"test.tag:{event.id}",
        payload={"customer": event.fields["ExternalUserID"]},
    )


def _fetch(event: Event) -> str:
    time.sleep(0.01)
    return "read"


def _second(event: Event, fetched: Any) -> None:
    _row(fetched, event.fields["ExternalUserID"])


def _settle(payload: dict[str, Any], result: dict[str, Any]) -> None:
    _row("settled", payload["customer"])


EVENT_ROUTES = {
    ("change_external_contact", "add_external_contact"): (
        Handler("one", _apply),
        Handler("two", _second, _fetch),
    ),
}
OUTBOX_SENDERS = {
    "test.tag": Sender("test.tag", lambda payload: {"ok": True}, _settle, repeatable=True)
}
