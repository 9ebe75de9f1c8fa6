"""微信客服: what an app may write to a customer (docs 94677, 95122)."""

import re
import sqlite3
from collections.abc import Callable
from typing import Any

from wecom_sandbox.apps import media_store
from wecom_sandbox.call import BAD_PARAMETER
from wecom_sandbox.contacts import members
from wecom_sandbox.errors import WeComError
from wecom_sandbox.kf import kf_messages, kf_sessions
from wecom_sandbox.sandbox import Sandbox

MOST_ANSWERS = 5
_MOST_TEXT, _MOST_HEAD, _MOST_ITEMS = 2048, 1024, 10
_MSGID = re.compile(r"[0-9a-zA-Z_-]{1,32}")
# fail_type of msg_send_fail when the customer takes no more messages.
_REFUSED = 10
Content = dict[str, Any]
TYPES = (
    "text", "image", "voice", "video", "file", "link", "miniprogram", "msgmenu", "location",
    "business_card", "ca_link",
)  # fmt: skip
EVENT_TYPES = ("text", "msgmenu")
_MENU_TYPES = ("click", "view", "miniprogram", "text")


def send(
    sandbox: Sandbox, row: sqlite3.Row | None, msgtype: str, content: Content, msgid: str
) -> str:
    """Send into a session; the msgid.

    Answers 95013 without a standing session, 95018 while servicers have it, 95002 48 hours after the
    customer's last message and 95001 for the sixth one. A customer who refuses messages gets none; that
    comes back as an event.
    """
    if row is None:
        raise WeComError(95013)
    if sandbox.clock.now() - row["spoke_at"] > kf_sessions.TALK_SECONDS:
        raise WeComError(95002)
    if row["state"] not in (kf_sessions.NEW, kf_sessions.ROBOT):
        raise WeComError(95018)
    if row["answers"] >= MOST_ANSWERS:
        raise WeComError(95001)
    sandbox.store.run("UPDATE kf_sessions SET answers = answers + 1 WHERE id = ?", row["id"])
    return _put(sandbox, row["open_kfid"], row["external_userid"], msgtype, content, msgid, row["id"])  # fmt: skip


def send_on_event(
    sandbox: Sandbox, code: str, msgtype: str, content: Content, msgid: str
) -> str:  # fmt: skip
    """Send the one message a code allows; the msgid. 40058 for a code that is unknown, used or too old."""
    row = sandbox.store.row(
        "SELECT * FROM kf_codes WHERE code = ? AND used = 0 AND expires_at > ?",
        code, sandbox.clock.now(),
    )  # fmt: skip
    if row is None:
        raise WeComError(BAD_PARAMETER, "invalid code")
    sandbox.store.run("UPDATE kf_codes SET used = 1 WHERE code = ?", code)
    sandbox.store.run(
        "UPDATE kf_visits SET welcomed = 1 WHERE id = "
        "(SELECT MAX(id) FROM kf_visits WHERE open_kfid = ? AND external_userid = ?)",
        row["open_kfid"], row["external_userid"],
    )  # fmt: skip
    return _put(sandbox, row["open_kfid"], row["external_userid"], msgtype, content, msgid, 0)


def check(
    sandbox: Sandbox, msgtype: str, given: object, allowed: tuple[str, ...] = TYPES
) -> Content:
    """The section of a message, checked: 40008, 44004, 40007, 95008, 95009, 40058."""
    if msgtype not in allowed:
        raise WeComError(40008)
    if not isinstance(given, dict) or not given:
        raise WeComError(44004)
    _CHECKERS[msgtype](sandbox, given)
    return given


def check_msgid(sandbox: Sandbox, msgid: str) -> str:
    """The sender's own msgid; 40058 for other characters or one that was used."""
    if not msgid:
        return ""
    if not _MSGID.fullmatch(msgid):
        raise WeComError(BAD_PARAMETER, "invalid msgid")
    if sandbox.store.value("SELECT 1 FROM kf_messages WHERE msgid = ?", msgid):
        raise WeComError(BAD_PARAMETER, "msgid was used")
    return msgid


def _put(
    sandbox: Sandbox, open_kfid: str, customer: str, msgtype: str, content: Content, msgid: str, session_id: int
) -> str:  # fmt: skip
    msgid = kf_messages.put(
        sandbox, open_kfid, customer, msgtype, content, origin=kf_messages.API,
        session_id=session_id, msgid=msgid, synced=False,
    )  # fmt: skip
    if kf_sessions.refused(sandbox.store, open_kfid, customer, by_customer=True):
        sandbox.store.run("UPDATE kf_messages SET failed = 1 WHERE msgid = ?", msgid)
        kf_messages.put_event(
            sandbox, open_kfid, customer, "msg_send_fail", fail_msgid=msgid, fail_type=_REFUSED
        )
    return msgid


def _need(content: Content, *names: str) -> None:
    for name in names:
        if content.get(name) in (None, ""):
            raise WeComError(BAD_PARAMETER, f"{name} missing")


def _text(sandbox: Sandbox, content: Content) -> None:
    text = str(content.get("content") or "")
    if not text:
        raise WeComError(44004)
    if len(text.encode()) > _MOST_TEXT:
        raise WeComError(45002)


def _media(kind: str, field: str = "media_id", *names: str) -> Callable[[Sandbox, Content], None]:
    def checker(sandbox: Sandbox, content: Content) -> None:
        _need(content, *names)
        media_store.need(sandbox, str(content.get(field, "")), kind)

    return checker


def _menu(sandbox: Sandbox, content: Content) -> None:
    items = content.get("list") or []
    if len(str(content.get("head_content") or "").encode()) > _MOST_HEAD:
        raise WeComError(45002)
    if not isinstance(items, list) or len(items) > _MOST_ITEMS:
        raise WeComError(95008)
    for item in items:
        kind = item.get("type") if isinstance(item, dict) else None
        if kind not in _MENU_TYPES or not isinstance(item.get(kind), dict):
            raise WeComError(95009)
        _need(item[kind], "content")
        if len(str(item[kind]["content"]).encode()) > 256:
            raise WeComError(45002)
        if kind == "view":
            _need(item[kind], "url")
        if kind == "miniprogram":
            _need(item[kind], "appid", "pagepath")


def _location(sandbox: Sandbox, content: Content) -> None:
    for name, most in (("latitude", 90), ("longitude", 180)):
        value = content.get(name)
        if not isinstance(value, int | float) or abs(value) > most:
            raise WeComError(BAD_PARAMETER, f"invalid {name}")


def _business_card(sandbox: Sandbox, content: Content) -> None:
    _need(content, "userid")
    members.need(sandbox.store, str(content["userid"]))


def _acquisition(sandbox: Sandbox, content: Content) -> None:
    _need(content, "link_url")
    if "/ca/" not in str(content["link_url"]):
        raise WeComError(BAD_PARAMETER, "link_url is no acquisition link")


_CHECKERS: dict[str, Callable[[Sandbox, Content], None]] = {
    "text": _text,
    "image": _media("image"),
    "voice": _media("voice"),
    "video": _media("video"),
    "file": _media("file"),
    "link": _media("image", "thumb_media_id", "title", "url"),
    "miniprogram": _media("image", "thumb_media_id", "appid", "title", "pagepath"),
    "msgmenu": _menu,
    "location": _location,
    "business_card": _business_card,
    "ca_link": _acquisition,
}
