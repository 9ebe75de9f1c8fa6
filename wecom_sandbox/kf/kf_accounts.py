"""微信客服: accounts, their links, and who serves them (messaging-media.md §6)."""

import re
import secrets
import sqlite3
from typing import Any
from urllib.parse import quote

from wecom_sandbox.call import BAD_PARAMETER
from wecom_sandbox.contacts import members
from wecom_sandbox.errors import WeComError
from wecom_sandbox.sandbox import Sandbox
from wecom_sandbox.scopes import subtree
from wecom_sandbox.store import Store

MOST_NAME, MOST_ACCOUNTS = 16, 5000
MOST_SERVICERS, MOST_AT_ONCE, MOST_DEPARTMENTS = 2000, 100, 20
RECEIVING, RESTING = 0, 1
_SCENE = re.compile(r"[0-9a-zA-Z_-]{0,32}")


def need(store: Store, open_kfid: str, *, managed: bool = True) -> sqlite3.Row:
    """A living account; 95004 unknown, 301002 when the app may not manage it."""
    row = store.row(
        "SELECT * FROM kf_accounts WHERE open_kfid = ? AND deleted_at IS NULL", open_kfid
    )
    if row is None:
        raise WeComError(95004)
    if managed and not row["managed"]:
        raise WeComError(301002, "the account is not managed by API")
    return row


def listed(store: Store) -> list[sqlite3.Row]:
    """Living accounts, oldest first."""
    return store.rows("SELECT * FROM kf_accounts WHERE deleted_at IS NULL ORDER BY serial")


def by_short_id(store: Store, short_id: str) -> sqlite3.Row | None:
    """The living account a link leads to, or None."""
    return store.row(
        "SELECT * FROM kf_accounts WHERE short_id = ? AND deleted_at IS NULL", short_id
    )


def create(store: Store, name: str, picture: str, *, managed: bool) -> str:
    """A new account; its open_kfid. 95006 for a bad name, 95005 for too many."""
    check_name(name)
    if len(listed(store)) >= MOST_ACCOUNTS:
        raise WeComError(95005)
    open_kfid = "wk" + secrets.token_urlsafe(22)
    store.insert(
        "kf_accounts", open_kfid=open_kfid, short_id="kfc" + secrets.token_hex(8), name=name,
        picture=picture, managed=int(managed),
    )  # fmt: skip
    return open_kfid


def check_name(name: str) -> None:
    """95006 for an empty name or one of more than 16 characters."""
    if not 1 <= len(name) <= MOST_NAME:
        raise WeComError(95006)


def link(row: sqlite3.Row, scene: str, base_url: str) -> str:
    """The address of an account for a place (``scene``); 40058 for a bad scene.

    ``&scene_param=`` can be put behind it, as with WeCom's own.
    """
    if not _SCENE.fullmatch(scene):
        raise WeComError(BAD_PARAMETER, "invalid scene")
    return f"{base_url}/kf/{row['short_id']}?enc_scene={quote(scene)}"


def servicers(store: Store, open_kfid: str) -> list[sqlite3.Row]:
    """Members and departments that serve an account, oldest first."""
    return store.rows("SELECT * FROM kf_servicers WHERE open_kfid = ? ORDER BY id", open_kfid)


def serves(store: Store, open_kfid: str, userid: str) -> bool:
    """Whether a member serves an account, himself or by his department."""
    rows = servicers(store, open_kfid)
    if any(row["userid"].lower() == userid.lower() for row in rows if row["userid"]):
        return True
    places = [row["department_id"] for row in rows if row["department_id"]]
    return bool(places and subtree(store, tuple(places)).intersection(members.departments_of(store, userid)))  # fmt: skip


def status(store: Store, open_kfid: str, userid: str) -> int:
    """0 while a member takes customers, 1 while he rests."""
    sql = "SELECT 1 FROM kf_resting WHERE open_kfid = ? AND userid = ?"
    return RESTING if store.value(sql, open_kfid, userid) else RECEIVING


def set_status(store: Store, open_kfid: str, userid: str, *, resting: bool) -> None:
    """A servicer stops or starts taking customers."""
    if resting:
        store.run("INSERT OR IGNORE INTO kf_resting VALUES (?, ?)", open_kfid, userid)
    else:
        sql = "DELETE FROM kf_resting WHERE open_kfid = ? AND userid = ?"
        store.run(sql, open_kfid, userid)


def add_servicer(store: Store, open_kfid: str, *, userid: str = "", department_id: int = 0) -> int:
    """Let a member or department serve; WeCom's code for it: 0, 60111 or 60003. 'ignored' when it serves already."""
    missing = _missing(store, userid, department_id)
    if missing:
        return missing
    if len(servicers(store, open_kfid)) >= MOST_SERVICERS:
        return BAD_PARAMETER
    if userid:
        userid = str(members.need(store, userid)["userid"])
    store.run(
        "INSERT OR IGNORE INTO kf_servicers (open_kfid, userid, department_id) VALUES (?, ?, ?)",
        open_kfid, userid, department_id,
    )  # fmt: skip
    return 0


def take_servicer(store: Store, open_kfid: str, *, userid: str = "", department_id: int = 0) -> bool:  # fmt: skip
    """Let a member or department serve no longer; whether it did."""
    return bool(
        store.run(
            "DELETE FROM kf_servicers WHERE open_kfid = ? AND userid = ? AND department_id = ?",
            open_kfid, userid, department_id,
        )
    )  # fmt: skip


def serves_by_name(store: Store, open_kfid: str, userid: str, department_id: int) -> bool:
    """Whether exactly this entry is there."""
    return bool(
        store.value(
            "SELECT 1 FROM kf_servicers WHERE open_kfid = ? AND userid = ? AND department_id = ?",
            open_kfid, userid, department_id,
        )
    )  # fmt: skip


def picture_url(row: sqlite3.Row, base_url: str) -> str:
    """Where the account's picture is served."""
    return f"{base_url}/wwpic/{row['picture']}/0" if row["picture"] else ""


def shown(sandbox: Sandbox, row: sqlite3.Row, base_url: str) -> dict[str, Any]:
    """An account as account/list names it."""
    return {
        "open_kfid": row["open_kfid"],
        "name": row["name"],
        "avatar": picture_url(row, base_url),
        "manage_privilege": bool(row["managed"]),
    }


def _missing(store: Store, userid: str, department_id: int) -> int:
    if userid and members.find(store, userid) is None:
        return 60111
    if department_id and not store.value("SELECT 1 FROM departments WHERE id = ?", department_id):
        return 60003
    return 0
