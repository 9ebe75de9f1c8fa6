"""OAuth codes and user tickets: single use, with a life (oauth-jssdk.md §1)."""

import json
import secrets
from typing import Any

from wecom_sandbox.errors import WeComError
from wecom_sandbox.sandbox import Sandbox

CODE_SECONDS = 300
TICKET_SECONDS = 1800


def issue(sandbox: Sandbox, kind: str, data: dict[str, Any], seconds: int) -> str:
    """A new code of a kind (``oauth`` or ``ticket``) that stands for some data."""
    code = secrets.token_urlsafe(32)
    with sandbox.store.transaction():
        sandbox.store.insert(
            "codes", code=code, kind=kind, data=json.dumps(data),
            expires_at=sandbox.clock.now() + seconds,
        )  # fmt: skip
    return code


def redeem(sandbox: Sandbox, code: str) -> dict[str, Any]:
    """Use up an OAuth code; 40029 when unknown, used or older than five minutes."""
    row = sandbox.store.row("SELECT * FROM codes WHERE code = ? AND kind = 'oauth'", code)
    if row is None or row["used"] or row["expires_at"] < sandbox.clock.now():
        raise WeComError(40029)
    sandbox.store.run("UPDATE codes SET used = 1 WHERE code = ?", code)
    data: dict[str, Any] = json.loads(row["data"])
    return data


def ticket_data(sandbox: Sandbox, ticket: str) -> dict[str, Any]:
    """What a user_ticket stands for; 84015 unknown, 84014 expired."""
    row = sandbox.store.row("SELECT * FROM codes WHERE code = ? AND kind = 'ticket'", ticket)
    if row is None:
        raise WeComError(84015)
    if row["expires_at"] < sandbox.clock.now():
        raise WeComError(84014)
    data: dict[str, Any] = json.loads(row["data"])
    return data
