"""The ledger: what is true and what happened, for others to compare with."""

import json
from collections.abc import Callable
from typing import Any

from wecom_sandbox import corp_tags, member_tags, members, relations
from wecom_sandbox.sandbox import Sandbox

Rows = list[dict[str, Any]]


def _relations(sandbox: Sandbox) -> Rows:
    rows = sandbox.store.rows("SELECT * FROM relations ORDER BY id")
    return [relations.shown(sandbox, row) for row in rows]


def _callbacks(sandbox: Sandbox) -> Rows:
    attempts: dict[int, Rows] = {}
    for row in sandbox.store.rows("SELECT * FROM attempts ORDER BY id"):
        attempts.setdefault(row["callback_id"], []).append(dict(row))
    rows = sandbox.store.rows("SELECT * FROM callbacks ORDER BY id")
    return [dict(row) | {"attempts": attempts.get(row["id"], [])} for row in rows]


def _welcomes(sandbox: Sandbox) -> Rows:
    now = sandbox.clock.now()
    found = []
    for row in sandbox.store.rows("SELECT * FROM welcomes ORDER BY issued_at, rowid"):
        status = "sent" if row["sent_at"] else "expired" if row["expires_at"] < now else "open"
        content = json.loads(row["content"]) if row["content"] else None
        found.append(dict(row) | {"status": status, "content": content})
    return found


def _calls(sandbox: Sandbox) -> Rows:
    rows = sandbox.store.rows("SELECT * FROM calls ORDER BY id")
    return [dict(row) | {"query": json.loads(row["query"])} for row in rows]


def _messages(sandbox: Sandbox) -> Rows:
    receivers: dict[int, Rows] = {}
    for row in sandbox.store.rows("SELECT * FROM message_recipients ORDER BY rowid"):
        entry = {"userid": row["userid"], "dropped": row["dropped"]}
        receivers.setdefault(row["message_id"], []).append(entry)
    rows = sandbox.store.rows("SELECT * FROM messages ORDER BY id")
    return [
        dict(row)
        | {"content": json.loads(row["content"]), "receivers": receivers.get(row["id"], [])}
        for row in rows
    ]


def _chats(sandbox: Sandbox) -> Rows:
    rows = sandbox.store.rows("SELECT * FROM chats ORDER BY id")
    return [dict(row) | {"content": json.loads(row["content"])} for row in rows]


def _members(sandbox: Sandbox) -> Rows:
    found = []
    for row in sandbox.store.rows("SELECT * FROM members ORDER BY rowid"):
        left_out = member_tags.is_left_out(sandbox.store, row["userid"])
        switches = {
            "real_name": bool(row["real_name"]),
            "can_follow": bool(row["can_follow"]) and not left_out,
        }
        found.append(members.shown(sandbox.store, row) | switches)
    return found


def _departments(sandbox: Sandbox) -> Rows:
    rows = sandbox.store.rows("SELECT * FROM departments ORDER BY id")
    return [
        {"id": row["id"], "name": row["name"], "parentid": row["parentid"], "order": row["ord"]}
        for row in rows
    ]


def _tags(sandbox: Sandbox) -> Rows:
    groups = sandbox.store.rows("SELECT * FROM tag_groups ORDER BY serial")
    return [corp_tags.shown(sandbox.store, group) for group in groups]


def _transfers(sandbox: Sandbox) -> Rows:
    return [dict(row) for row in sandbox.store.rows("SELECT * FROM transfers ORDER BY id")]


def _ways(sandbox: Sandbox) -> Rows:
    found = []
    for row in sandbox.store.rows("SELECT * FROM ways ORDER BY serial"):
        known = {"config_id": row["config_id"], "short_id": row["short_id"]}
        found.append(known | {"create_time": row["create_time"]} | json.loads(row["data"]))
    return found


_READERS: dict[str, Callable[[Sandbox], Rows]] = {
    "relations": _relations,
    "callbacks": _callbacks,
    "welcomes": _welcomes,
    "calls": _calls,
    "messages": _messages,
    "chats": _chats,
    "members": _members,
    "departments": _departments,
    "tags": _tags,
    "contact_ways": _ways,
    "transfers": _transfers,
}
NAMES = tuple(_READERS)


def read(sandbox: Sandbox, name: str) -> Rows | None:
    """All rows of one list, oldest first; None when there is no such list."""
    reader = _READERS.get(name)
    return None if reader is None else reader(sandbox)
