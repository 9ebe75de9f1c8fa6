"""微信客服: what is said in its chats and what happens there, kept for sync_msg (docs 94670, 94677)."""

import base64
import json
import secrets
import sqlite3
from typing import Any

from wecom_sandbox.call import BAD_PARAMETER
from wecom_sandbox.errors import WeComError
from wecom_sandbox.sandbox import Sandbox
from wecom_sandbox.store import Store

CUSTOMER, SYSTEM, SERVICER, API = 3, 4, 5, 0
KEPT_SECONDS = 3 * 86400
TOKEN_SECONDS = 600
_MARK = "kf1:"


def put(
    sandbox: Sandbox, open_kfid: str, external_userid: str, msgtype: str, content: dict[str, Any], *,
    origin: int, session_id: int = 0, servicer: str = "", msgid: str = "", synced: bool = True,
) -> str:  # fmt: skip
    """Keep one message or event and tell the apps that there is news; its msgid.

    Args:
        sandbox: the corp.
        open_kfid: the account.
        external_userid: the customer; empty for an event about a servicer alone.
        msgtype: ``text`` … or ``event``.
        content: the section of that name.
        origin: 3 customer, 4 event, 5 servicer in his client, 0 sent by API.
        session_id: the session it belongs to.
        servicer: userid of who serves.
        msgid: given by the sender, else made here.
        synced: whether sync_msg brings it; what an app sent itself it does not.
    """
    msgid = msgid or secrets.token_urlsafe(24)
    sandbox.store.insert(
        "kf_messages", msgid=msgid, open_kfid=open_kfid, external_userid=external_userid,
        session_id=session_id, origin=origin, servicer=servicer, msgtype=msgtype,
        content=json.dumps(content, ensure_ascii=False), at=sandbox.clock.now(), synced=int(synced),
    )  # fmt: skip
    if synced:
        _tell(sandbox, open_kfid)
    return msgid


def put_event(
    sandbox: Sandbox, open_kfid: str, external_userid: str, event_type: str, **fields: Any
) -> str:
    """Keep an event of an account; fields that are None are left out."""
    event: dict[str, Any] = {"event_type": event_type, "open_kfid": open_kfid}
    if external_userid:
        event["external_userid"] = external_userid
    event |= {name: value for name, value in fields.items() if value is not None}
    return put(sandbox, open_kfid, external_userid, "event", event, origin=SYSTEM)


def check_token(sandbox: Sandbox, token: str) -> None:
    """95007 for a token of no event of the last ten minutes."""
    known = sandbox.store.value(
        "SELECT 1 FROM kf_tokens WHERE token = ? AND expires_at > ?", token, sandbox.clock.now()
    )
    if not known:
        raise WeComError(95007)


def page(
    sandbox: Sandbox, open_kfid: str, position: int, limit: int
) -> tuple[list[sqlite3.Row], bool]:
    """Messages of the last three days after a position, and whether there are more."""
    rows = sandbox.store.rows(
        "SELECT * FROM kf_messages WHERE serial > ? AND synced = 1 AND at > ? AND ? IN ('', open_kfid) "
        "ORDER BY serial LIMIT ?",
        position, sandbox.clock.now() - KEPT_SECONDS, open_kfid, limit + 1,
    )  # fmt: skip
    return rows[:limit], len(rows) > limit


def cursor_of(serial: int) -> str:
    """What stands for a place in the messages; unlike other cursors it may be kept."""
    return base64.urlsafe_b64encode(f"{_MARK}{serial}".encode()).decode().rstrip("=")


def position_of(cursor: str) -> int:
    """The place a cursor stands for; 40058 when it is none."""
    try:
        plain = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except ValueError:
        plain = ""
    if not plain.startswith(_MARK) or not plain.removeprefix(_MARK).isdecimal():
        raise WeComError(BAD_PARAMETER, "invalid cursor")
    return int(plain.removeprefix(_MARK))


def shown(row: sqlite3.Row) -> dict[str, Any]:
    """A message as sync_msg brings it."""
    found = {
        "msgid": row["msgid"], "send_time": int(row["at"]), "origin": row["origin"],
        "msgtype": row["msgtype"], row["msgtype"]: json.loads(row["content"]),
    }  # fmt: skip
    # An event says inside whom it is about.
    if row["msgtype"] != "event":
        found |= {"open_kfid": row["open_kfid"], "external_userid": row["external_userid"]}
    if row["servicer"]:
        found["servicer_userid"] = row["servicer"]
    return found


def talk(store: Store, open_kfid: str, external_userid: str) -> list[dict[str, Any]]:
    """Everything in the chat of an account and a customer, oldest first."""
    rows = store.rows(
        "SELECT * FROM kf_messages WHERE open_kfid = ? AND external_userid = ? ORDER BY serial",
        open_kfid, external_userid,
    )  # fmt: skip
    return [dict(row) | {"content": json.loads(row["content"])} for row in rows]


def _tell(sandbox: Sandbox, open_kfid: str) -> None:
    """kf_msg_or_event to every app that may read customers, with a token that is good for ten minutes."""
    token = "ENC" + secrets.token_urlsafe(33)
    sandbox.store.insert(
        "kf_tokens", token=token, open_kfid=open_kfid,
        expires_at=sandbox.clock.now() + TOKEN_SECONDS,
    )  # fmt: skip
    sandbox.delivery.publish_customer(
        "kf_msg_or_event", "", {"FromUserName": None, "Token": token, "OpenKfId": open_kfid}
    )
