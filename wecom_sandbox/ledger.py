"""The ledger: what is true and what happened, for others to compare with."""

import json
from collections.abc import Callable
from typing import Any

from wecom_sandbox.contacts import member_tags, members
from wecom_sandbox.customers import corp_tags, relations
from wecom_sandbox.sandbox import Sandbox

Rows = list[dict[str, Any]]
Reader = Callable[[Sandbox], Rows]
_READERS: dict[str, Reader] = {}


def reader(name: str) -> Callable[[Reader], Reader]:
    """Register the function as the list ``/sandbox/api/ledger/<name>``, oldest rows first."""

    def register(read_all: Reader) -> Reader:
        _READERS[name] = read_all
        return read_all

    return register


def names() -> tuple[str, ...]:
    """The lists there are."""
    return tuple(_READERS)


@reader("relations")
def _relations(sandbox: Sandbox) -> Rows:
    rows = sandbox.store.rows("SELECT * FROM relations ORDER BY id")
    return [relations.shown(sandbox, dict(row)) for row in rows]


@reader("callbacks")
def _callbacks(sandbox: Sandbox) -> Rows:
    attempts: dict[int, Rows] = {}
    for row in sandbox.store.rows("SELECT * FROM attempts ORDER BY id"):
        attempts.setdefault(row["callback_id"], []).append(dict(row))
    rows = sandbox.store.rows("SELECT * FROM callbacks ORDER BY id")
    return [dict(row) | {"attempts": attempts.get(row["id"], [])} for row in rows]


@reader("sendings")
def _sendings(sandbox: Sandbox) -> Rows:
    """Every attempt with what went over the wire: query, envelope, status, answer."""
    rows = sandbox.store.rows(
        "SELECT a.*, c.app, c.event, c.change_type, s.query, s.body FROM attempts a "
        "JOIN callbacks c ON c.id = a.callback_id LEFT JOIN sendings s ON s.attempt_id = a.id ORDER BY a.id"
    )
    return [dict(row) for row in rows]


@reader("welcomes")
def _welcomes(sandbox: Sandbox) -> Rows:
    now = sandbox.clock.now()
    found = []
    for row in sandbox.store.rows("SELECT * FROM welcomes ORDER BY issued_at, rowid"):
        status = "sent" if row["sent_at"] else "expired" if row["expires_at"] < now else "open"
        content = json.loads(row["content"]) if row["content"] else None
        found.append(dict(row) | {"status": status, "content": content})
    return found


@reader("calls")
def _calls(sandbox: Sandbox) -> Rows:
    rows = sandbox.store.rows("SELECT * FROM calls ORDER BY id")
    return [dict(row) | {"query": json.loads(row["query"])} for row in rows]


@reader("messages")
def _messages(sandbox: Sandbox) -> Rows:
    receivers: dict[int, Rows] = {}
    for row in sandbox.store.rows("SELECT * FROM message_recipients ORDER BY rowid"):
        entry = {name: row[name] for name in ("userid", "dropped", "answered", "replaced")}
        entry["card"] = json.loads(row["card"]) if row["card"] else None
        receivers.setdefault(row["message_id"], []).append(entry)
    rows = sandbox.store.rows("SELECT * FROM messages ORDER BY id")
    return [
        dict(row)
        | {"content": json.loads(row["content"]), "receivers": receivers.get(row["id"], [])}
        for row in rows
    ]


@reader("chats")
def _chats(sandbox: Sandbox) -> Rows:
    rows = sandbox.store.rows("SELECT * FROM chats ORDER BY id")
    return [dict(row) | {"content": json.loads(row["content"])} for row in rows]


@reader("members")
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


@reader("departments")
def _departments(sandbox: Sandbox) -> Rows:
    rows = sandbox.store.rows("SELECT * FROM departments ORDER BY id")
    return [
        {"id": row["id"], "name": row["name"], "parentid": row["parentid"], "order": row["ord"]}
        for row in rows
    ]


@reader("tags")
def _tags(sandbox: Sandbox) -> Rows:
    groups = sandbox.store.rows("SELECT * FROM tag_groups ORDER BY serial")
    return [corp_tags.shown(sandbox.store, group) for group in groups]


@reader("transfers")
def _transfers(sandbox: Sandbox) -> Rows:
    return [dict(row) for row in sandbox.store.rows("SELECT * FROM transfers ORDER BY id")]


@reader("contact_ways")
def _ways(sandbox: Sandbox) -> Rows:
    found = []
    for row in sandbox.store.rows("SELECT * FROM ways ORDER BY serial"):
        known = {"config_id": row["config_id"], "short_id": row["short_id"]}
        found.append(known | {"create_time": row["create_time"]} | json.loads(row["data"]))
    return found


def read(sandbox: Sandbox, name: str) -> Rows | None:
    """All rows of one list, oldest first; None when there is no such list."""
    read_all = _READERS.get(name)
    return None if read_all is None else read_all(sandbox)
