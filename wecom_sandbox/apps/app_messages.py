"""An app's messages as one member sees them on the phone."""

import json
from typing import Any

from wecom_sandbox.apps import app_inputs, template_cards
from wecom_sandbox.sandbox import Sandbox

_SHOWN = 60


def received(sandbox: Sandbox, agent_id: int, userid: str) -> list[dict[str, Any]]:
    """The newest messages of an app that reached a member, oldest first, cards as they look now."""
    rows = sandbox.store.rows(
        "SELECT m.*, r.answered, r.replaced, r.card FROM messages m JOIN message_recipients r "
        "ON r.message_id = m.id WHERE r.userid = ? AND r.dropped = '' AND m.agentid = ? "
        "ORDER BY m.id DESC LIMIT ?",
        userid, agent_id, _SHOWN,
    )  # fmt: skip
    found = []
    for row in reversed(rows):
        content = template_cards.shown(row, json.loads(row["content"]))
        found.append(dict(row) | {"content": content, "mine": False})
    return found


def talk(sandbox: Sandbox, agent_id: int, userid: str) -> list[dict[str, Any]]:
    """Both sides of an app's chat, in order of time."""
    own = [one | {"mine": True} for one in app_inputs.written(sandbox, agent_id, userid)]
    both = [*received(sandbox, agent_id, userid), *own[-_SHOWN:]]
    return sorted(both, key=lambda one: float(one["at"]))
