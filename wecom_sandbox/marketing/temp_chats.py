"""临时会话: chats that begin with a temporary contact way and end by time or by API (marketing.md §1).

When one ends, the member's conclusion goes out and the two are no contacts any more.
"""

import json
import sqlite3
from typing import Any

from wecom_sandbox.customers import chats, follows, happenings
from wecom_sandbox.due import settles
from wecom_sandbox.errors import WeComError
from wecom_sandbox.marketing import ways
from wecom_sandbox.sandbox import Sandbox

CLOSED = "temp_chat_closed"
# One of these beside the text, the first that is there.
PRIORITY = ("image", "link", "miniprogram")


@happenings.when("added")
def begin(sandbox: Sandbox, relation: follows.Row) -> None:
    """An add through a temporary way begins a chat; the way's QR is dead from now on."""
    way = ways.find(sandbox.store, relation["config_id"]) if relation["config_id"] else None
    data: dict[str, Any] = json.loads(way["data"]) if way is not None else {}
    if way is None or not data.get("is_temp"):
        return
    sandbox.store.insert(
        "temp_chats", relation_id=relation["id"], userid=relation["userid"],
        external_userid=relation["external_userid"], config_id=way["config_id"],
        conclusions=json.dumps(data["conclusions"], ensure_ascii=False),
        ends_at=sandbox.clock.now() + data["chat_expires_in"],
    )  # fmt: skip
    ways.write(sandbox.store, way["config_id"], data | {"used": True})


def close(sandbox: Sandbox, userid: str, external_userid: str) -> None:
    """End the temporary chat of a pair; 84061 when there is none that is open."""
    row = sandbox.store.row(
        "SELECT * FROM temp_chats WHERE userid = ? AND external_userid = ? AND closed_at IS NULL",
        userid, external_userid,
    )  # fmt: skip
    if row is None:
        raise WeComError(84061, "no temporary chat")
    _end(sandbox, row)


@settles
def end_due(sandbox: Sandbox) -> int:
    """End the chats whose time has passed; how many."""
    with sandbox.store.transaction():
        rows = sandbox.store.rows(
            "SELECT * FROM temp_chats WHERE closed_at IS NULL AND ends_at <= ?", sandbox.clock.now()
        )
        for row in rows:
            _end(sandbox, row)
        return len(rows)


def _end(sandbox: Sandbox, row: sqlite3.Row) -> None:
    store, now = sandbox.store, sandbox.clock.now()
    store.run("UPDATE temp_chats SET closed_at = ? WHERE relation_id = ?", now, row["relation_id"])
    relation = store.row(
        "SELECT * FROM relations WHERE id = ? AND status = 'active'", row["relation_id"]
    )
    if relation is None:
        return
    for message in _conclusion(json.loads(row["conclusions"])):
        chats.put(sandbox, dict(relation), message, sender=chats.MEMBER)
    store.run(
        "UPDATE relations SET status = ?, ended_at = ? WHERE id = ?",
        CLOSED,
        int(now),
        relation["id"],
    )


def _conclusion(conclusions: dict[str, Any]) -> list[dict[str, Any]]:
    said = [{"msgtype": "text", "text": conclusions["text"]}] if "text" in conclusions else []
    more = [{"msgtype": kind, kind: conclusions[kind]} for kind in PRIORITY if kind in conclusions]
    return said + more[:1]
