"""What a feature gives to the inbox: handlers for events."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Event:
    """One callback as handlers see it; times are aware UTC.

    `occurred_at` is WeCom's CreateTime (whole seconds), `fields` is the decrypted XML as a mapping
    in WeCom's spelling. Treat an event as news that something changed: order is not guaranteed.
    """

    id: int
    app: str
    event: str
    change_type: str
    occurred_at: datetime
    received_at: datetime
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Handler:
    """One reaction to an event, with its own success mark under `name`.

    `fetch(event)` runs outside any transaction and may call WeCom; `apply(event, fetched)` runs in
    the transaction that also writes the mark, must not call WeCom, and must give its effect a key
    of its own: the same fact may arrive by two apps as two events. Without `fetch`, `apply` gets None.
    """

    name: str
    apply: Callable[[Event, Any], None]
    fetch: Callable[[Event], Any] | None = None
