"""OAuth codes and user tickets: single use, with a life (oauth-jssdk.md §1)."""

import base64
import json
import secrets
from typing import Any

from wecom_sandbox.contacts import activation
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
    data = _redeem(sandbox, "oauth", code)
    if data.get("userid"):
        activation.note_activity(sandbox, data["userid"])
    return data


def mini_program_code(sandbox: Sandbox, userid: str, app: str) -> str:
    """What ``wx.qy.login`` gives a mini program bound to an app."""
    key = base64.b64encode(secrets.token_bytes(16)).decode()
    data = {"userid": userid, "app": app, "session_key": key}
    return issue(sandbox, "mini", data, CODE_SECONDS)


def redeem_mini_program(sandbox: Sandbox, code: str, app: str) -> dict[str, Any]:
    """Use up a mini program's code; 40029 also for another app's."""
    data = _redeem(sandbox, "mini", code)
    if data["app"] != app:
        raise WeComError(40029)
    activation.note_activity(sandbox, data["userid"])
    return data


def _redeem(sandbox: Sandbox, kind: str, code: str) -> dict[str, Any]:
    row = sandbox.store.row("SELECT * FROM codes WHERE code = ? AND kind = ?", code, kind)
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
