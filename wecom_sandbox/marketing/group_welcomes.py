"""入群欢迎语: templates that group owners may put on their customer groups (marketing.md §4, doc 92366)."""

import json
import secrets
import sqlite3
from typing import Any

from wecom_sandbox.errors import WeComError
from wecom_sandbox.store import Store

MOST_TEMPLATES = 100
# Only one besides the text counts, in this order.
PRIORITY = ("image", "link", "miniprogram", "file", "video")


def create(store: Store, data: dict[str, Any], *, app: str, notify: bool, at: int) -> str:
    """Store a checked template; its id. 41055 beyond 100."""
    if int(store.value("SELECT COUNT(*) FROM group_welcomes")) >= MOST_TEMPLATES:
        raise WeComError(41055)
    template_id = f"msg{secrets.token_urlsafe(18)}"
    store.insert(
        "group_welcomes", template_id=template_id, app=app, notify=int(notify), create_time=at,
        data=json.dumps(data, ensure_ascii=False),
    )  # fmt: skip
    return template_id


def need(store: Store, template_id: str) -> sqlite3.Row:
    """A template's row; 40037 when there is none."""
    row = find(store, template_id)
    if row is None:
        raise WeComError(40037)
    return row


def find(store: Store, template_id: str) -> sqlite3.Row | None:
    """A template's row, or None."""
    return store.row("SELECT * FROM group_welcomes WHERE template_id = ?", template_id)


def need_own(store: Store, template_id: str, app: str) -> sqlite3.Row:
    """A template the app made itself; 301002 for another's."""
    row = need(store, template_id)
    if row["app"] != app:
        raise WeComError(301002, "the template belongs to another app")
    return row


def write(store: Store, template_id: str, data: dict[str, Any]) -> None:
    """Replace what a template says."""
    store.run(
        "UPDATE group_welcomes SET data = ? WHERE template_id = ?",
        json.dumps(data, ensure_ascii=False), template_id,
    )  # fmt: skip


def listed(store: Store) -> list[dict[str, Any]]:
    """Every template, newest first, as a group owner picks from them."""
    rows = store.rows("SELECT * FROM group_welcomes ORDER BY serial DESC")
    return [
        dict(row) | {"content": json.loads(row["data"]), "messages": messages(row)} for row in rows
    ]


def messages(row: sqlite3.Row) -> list[dict[str, Any]]:
    """What a template puts into a group: its text, then its one attachment."""
    data = json.loads(row["data"])
    said: list[dict[str, Any]] = []
    if data.get("text"):
        said.append({"msgtype": "text", "text": data["text"]})
    said += [{"msgtype": kind, kind: data[kind]} for kind in PRIORITY if data.get(kind)][:1]
    return said
