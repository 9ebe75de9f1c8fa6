"""加入群聊: codes by which customers come into groups, and what happens when one is full (groups.md §2)."""

import json
import secrets
import sqlite3
from typing import Any

from wecom_sandbox.call import BAD_PARAMETER
from wecom_sandbox.customers.people import Person
from wecom_sandbox.errors import NotPossibleError, WeComError
from wecom_sandbox.groups import groups
from wecom_sandbox.sandbox import Sandbox
from wecom_sandbox.store import Store

MOST_CHATS = 5
MOST_ROOM_NAME = 40
_WECOM_LINK = "https://work.weixin.qq.com/gm/"


def find(store: Store, config_id: str, app: str) -> sqlite3.Row:
    """A code's row; 40058 when there is none or another app made it."""
    row = store.row("SELECT * FROM join_ways WHERE config_id = ? AND app = ?", config_id, app)
    if row is None:
        raise WeComError(BAD_PARAMETER, "invalid config_id")
    return row


def by_link(store: Store, link: str) -> sqlite3.Row | None:
    """The code whose QR holds the link (or whose picture, config_id or short id it is), or None."""
    last = link.strip().split("?")[0].removesuffix("/0").rstrip("/").rsplit("/", 1)[-1]
    return store.row("SELECT * FROM join_ways WHERE ? IN (short_id, config_id)", last)


def link_of(row: sqlite3.Row, base_url: str, kind: str) -> str:
    """What the QR holds: a page of the sandbox (``local``) or a link as WeCom's (``wecom``)."""
    return (_WECOM_LINK if kind == "wecom" else f"{base_url}/g/") + str(row["short_id"])


def picture_url(row: sqlite3.Row, base_url: str) -> str:
    """Where the QR picture is served."""
    return f"{base_url}/wwgroup/{row['short_id']}/0"


def listed(store: Store) -> list[dict[str, Any]]:
    """Every code with its fields, newest first."""
    rows = store.rows("SELECT * FROM join_ways ORDER BY serial DESC")
    return [dict(row) | {"data": json.loads(row["data"])} for row in rows]


def create(sandbox: Sandbox, data: dict[str, Any], *, app: str) -> str:
    """Store a checked code; its config_id. 40058 beyond 500,000 together with contact ways."""
    store = sandbox.store
    used = store.value("SELECT (SELECT COUNT(*) FROM ways) + (SELECT COUNT(*) FROM join_ways)")
    if int(used) >= sandbox.behaviour.way_limit:
        raise WeComError(BAD_PARAMETER, "too many contact ways and join ways")
    config_id = secrets.token_hex(16)
    store.insert(
        "join_ways", config_id=config_id, short_id=secrets.token_hex(16), app=app, create_time=sandbox.clock.seconds(),
        data=json.dumps(data, ensure_ascii=False),
    )  # fmt: skip
    return config_id


def overwrite(store: Store, row: sqlite3.Row, data: dict[str, Any]) -> None:
    """Replace all fields of a code."""
    store.run(
        "UPDATE join_ways SET data = ? WHERE config_id = ?",
        json.dumps(data, ensure_ascii=False), row["config_id"],
    )  # fmt: skip


def already_in(sandbox: Sandbox, row: sqlite3.Row, person: Person) -> str | None:
    """The group of the code that a customer is in, or None."""
    for chat_id in json.loads(row["data"])["chat_id_list"]:
        if groups.membership(sandbox.store, chat_id, person.external_userid) is not None:
            return str(chat_id)
    return None


def scan(sandbox: Sandbox, row: sqlite3.Row, person: Person) -> str:
    """A customer scans a code and comes into the first group with room; its chat_id.

    When all hold 200, a new group is opened for the first one's owner if the code says so, named base
    name and number, and joins the code's list in the place of a full one.

    Raises:
        NotPossibleError: no group has room and none is to be opened.
    """
    store = sandbox.store
    with store.transaction():
        data = json.loads(row["data"])
        chat_id = already_in(sandbox, row, person)
        if chat_id is not None:
            return chat_id
        chat_id = _with_room(store, data["chat_id_list"])
        if chat_id is None:
            chat_id = _open_another(sandbox, row, data)
        groups.enter(sandbox, chat_id, person, scene=groups.BY_CODE, state=data["state"])
        return chat_id


def _with_room(store: Store, chat_ids: list[str]) -> str | None:
    for chat_id in chat_ids:
        row = groups.find(store, chat_id)
        living = row is not None and row["dismissed_at"] is None
        if living and groups.size(store, chat_id) < groups.MOST_AT_ONCE:
            return chat_id
    return None


def _open_another(sandbox: Sandbox, row: sqlite3.Row, data: dict[str, Any]) -> str:
    first = groups.find(sandbox.store, data["chat_id_list"][0])
    if not data["auto_create_room"] or first is None:
        raise NotPossibleError("every group of this code is full")
    base = data["room_base_name"] or first["name"]
    number = data["room_base_id"] + data.get("opened", 0)
    try:
        opened = groups.create(sandbox, first["owner"], name=f"{base}{number}")
    except WeComError as error:
        raise NotPossibleError(f"no group can be opened: {error.text()}") from None
    chat_ids = [*data["chat_id_list"], str(opened["chat_id"])][-MOST_CHATS:]
    data |= {"chat_id_list": chat_ids, "opened": data.get("opened", 0) + 1}
    overwrite(sandbox.store, row, data)
    return str(opened["chat_id"])
