"""App messages to members (messaging-media.md §1)."""

import json
import secrets
import sqlite3
from typing import Any

from wecom_sandbox import media_store
from wecom_sandbox.call import BAD_PARAMETER, Call, whole_number
from wecom_sandbox.endpoints import Access, endpoint
from wecom_sandbox.errors import WeComError
from wecom_sandbox.scopes import subtree

TYPES = (
    "text", "image", "voice", "video", "file", "textcard", "news", "mpnews", "markdown",
    "miniprogram_notice", "interactive_taskcard", "template_card",
)  # fmt: skip
_MEDIA_TYPES = ("image", "voice", "video", "file")
_MOST_TEXT_BYTES = 2048
_PER_MEMBER_A_MINUTE = 30
_RECALL_SECONDS = 86400


@endpoint(
    "POST", "message/send", doc="90236", access=Access.APP,
    rules="41011 40056 40008 44004 40007 82001 81013; invaliduser; >30 a minute per member dropped; duplicate check",
)  # fmt: skip
def send(call: Call) -> dict[str, Any]:
    """Send one message to members; unknown receivers come back as invalid."""
    _check_agent(call)
    msgtype = call.text("msgtype")
    if msgtype not in TYPES:
        raise WeComError(40008)
    content = _content(call, msgtype)
    users, invalid_users = _named_users(call)
    parties, invalid_parties = _parties(call)
    receivers = list(dict.fromkeys(users + parties))
    if not receivers:
        raise WeComError(81013)
    msgid = secrets.token_urlsafe(40)
    duplicate = call.flag("enable_duplicate_check", default=False) and _seen_before(call, content)
    message_id = call.sandbox.store.insert(
        "messages", msgid=msgid, agentid=call.caller.agent_id, msgtype=msgtype,
        content=json.dumps(content, ensure_ascii=False), at=call.sandbox.clock.now(),
    )  # fmt: skip
    for userid in receivers:
        dropped = "duplicate" if duplicate else _over_limit(call, userid)
        call.sandbox.store.insert(
            "message_recipients", message_id=message_id, userid=userid, dropped=dropped
        )
    return {
        "invaliduser": "|".join(invalid_users),
        "invalidparty": "|".join(invalid_parties),
        "invalidtag": "",
        "unlicenseduser": "",
        "msgid": msgid,
        "response_code": secrets.token_urlsafe(24) if msgtype == "template_card" else "",
    }


@endpoint(
    "POST", "message/recall", doc="94867", access=Access.APP, rules="24 hours; 40058 unknown msgid"
)
def recall(call: Call) -> dict[str, Any]:
    """Take a message back within a day."""
    changed = call.sandbox.store.run(
        "UPDATE messages SET recalled = 1 WHERE msgid = ? AND at > ?",
        call.need_text("msgid"), call.sandbox.clock.now() - _RECALL_SECONDS,
    )  # fmt: skip
    if not changed:
        raise WeComError(BAD_PARAMETER, "invalid msgid")
    return {}


def _check_agent(call: Call) -> None:
    if call.body.get("agentid") is None:
        raise WeComError(41011)
    if call.number("agentid", 0) != call.caller.agent_id:
        raise WeComError(40056)


def _content(call: Call, msgtype: str) -> dict[str, Any]:
    content = dict(call.section(msgtype))
    if not content:
        raise WeComError(44004)
    if msgtype in ("text", "markdown"):
        text = str(content.get("content", ""))
        if not text:
            raise WeComError(44004)
        content["content"] = text.encode()[:_MOST_TEXT_BYTES].decode("utf-8", "ignore")
    if msgtype in _MEDIA_TYPES:
        media_store.need(call.sandbox, str(content.get("media_id", "")), msgtype)
    return content


def _named_users(call: Call) -> tuple[list[str], list[str]]:
    store = call.sandbox.store
    touser = call.text("touser")
    if not touser and not call.text("toparty") and not call.text("totag"):
        raise WeComError(82001, "touser, toparty and totag all empty")
    if touser == "@all":
        return [
            row["userid"] for row in store.rows("SELECT userid FROM members ORDER BY rowid")
        ], []
    names = [name for name in touser.split("|") if name]
    if len(names) > 1000:
        raise WeComError(40032)
    found: list[str] = []
    invalid: list[str] = []
    for name in names:
        row: sqlite3.Row | None = store.row("SELECT userid FROM members WHERE userid = ?", name)
        if row is None or not call.sandbox.scopes.sees_user(call.caller, name):
            invalid.append(name.lower())
        else:
            found.append(row["userid"])
    return found, invalid


def _parties(call: Call) -> tuple[list[str], list[str]]:
    store = call.sandbox.store
    found: list[str] = []
    invalid: list[str] = []
    if call.text("touser") == "@all":
        return found, invalid
    for part in filter(None, call.text("toparty").split("|")):
        department_id = whole_number(part, "toparty")
        if not store.value("SELECT 1 FROM departments WHERE id = ?", department_id):
            invalid.append(part)
            continue
        for below in sorted(subtree(store, (department_id,))):
            rows = store.rows(
                "SELECT userid FROM member_departments WHERE department_id = ?", below
            )
            found += [row["userid"] for row in rows]
    return found, invalid


def _seen_before(call: Call, content: dict[str, Any]) -> bool:
    interval = call.number("duplicate_check_interval", 1800, most=4 * 3600)
    return bool(
        call.sandbox.store.value(
            "SELECT 1 FROM messages WHERE content = ? AND at > ?",
            json.dumps(content, ensure_ascii=False), call.sandbox.clock.now() - interval,
        )
    )  # fmt: skip


def _over_limit(call: Call, userid: str) -> str:
    recent = call.sandbox.store.value(
        "SELECT COUNT(*) FROM message_recipients r JOIN messages m ON m.id = r.message_id "
        "WHERE r.userid = ? AND r.dropped = '' AND m.at > ?",
        userid, call.sandbox.clock.now() - 60,
    )  # fmt: skip
    return "rate" if recent >= _PER_MEMBER_A_MINUTE else ""
