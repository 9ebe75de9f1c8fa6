"""Internal groups made and written to by an app (messaging-media.md §2)."""

import json
import re
import secrets
import sqlite3
from typing import Any

from wecom_sandbox.china_time import day_start
from wecom_sandbox.contacts import members
from wecom_sandbox.errors import WeComError
from wecom_sandbox.sandbox import Sandbox
from wecom_sandbox.store import Store

LEAST_MEMBERS, MOST_MEMBERS, MOST_NAME = 2, 2000, 50
NEW_A_DAY, CHANGES_AN_HOUR = 1000, 1000
# Receivers of all messages of the corp, and messages of one member, in so many seconds.
RECEIVERS = ((60, 20_000), (3600, 300_000))
PER_MEMBER = ((60, 200), (86400, 10_000))
_CHATID = re.compile(r"[0-9A-Za-z]{1,32}")


def need(store: Store, chatid: str, agent_id: int) -> sqlite3.Row:
    """An app's own group; 86003 unknown, 86008 another app's."""
    row = store.row("SELECT * FROM appchats WHERE chatid = ?", chatid)
    if row is None:
        raise WeComError(86003)
    if row["agentid"] != agent_id:
        raise WeComError(86008)
    return row


def create(
    sandbox: Sandbox, chatid: str, *, name: str, owner: str, userids: list[str], agent_id: int
) -> str:
    """A new group; its chatid.

    Answers 86001 bad chatid, 86215 taken, 86006 too few or many, 86007 unknown members, 86005 owner not in it,
    45009 above 1,000 a day.
    """
    store = sandbox.store
    if chatid and not _CHATID.fullmatch(chatid):
        raise WeComError(86001)
    if chatid and store.value("SELECT 1 FROM appchats WHERE chatid = ?", chatid):
        raise WeComError(86215)
    midnight = day_start(sandbox.clock.now())
    if store.value("SELECT COUNT(*) FROM appchats WHERE created_at >= ?", midnight) >= NEW_A_DAY:
        raise WeComError(45009)
    known = _known(store, userids)
    chatid = chatid or secrets.token_hex(16)
    store.insert(
        "appchats", chatid=chatid, agentid=agent_id, name=name[:MOST_NAME],
        owner=_owner(owner, known) if owner else secrets.choice(known), userlist=json.dumps(known),
        created_at=sandbox.clock.now(),
    )  # fmt: skip
    return chatid


def update(
    sandbox: Sandbox, row: sqlite3.Row, *, name: str, owner: str, add: list[str], take: list[str]
) -> None:
    """Change a group; empty fields stay. 86005, 86006, 86007; 45009 above 1,000 changes an hour."""
    store, now = sandbox.store, sandbox.clock.now()
    if store.value("SELECT COUNT(*) FROM appchat_changes WHERE at > ?", now - 3600) >= CHANGES_AN_HOUR:  # fmt: skip
        raise WeComError(45009)
    gone = {userid.lower() for userid in take}
    present = [one for one in json.loads(row["userlist"]) if one.lower() not in gone]
    known = _known(store, list(dict.fromkeys([*present, *add])))
    leader = owner or row["owner"]
    if not owner and leader.lower() not in {one.lower() for one in known}:
        leader = known[0]
    store.run(
        "UPDATE appchats SET name = ?, owner = ?, userlist = ? WHERE chatid = ?",
        name[:MOST_NAME] or row["name"], _owner(leader, known), json.dumps(known), row["chatid"],
    )  # fmt: skip
    store.insert("appchat_changes", at=now)


def post(
    sandbox: Sandbox, row: sqlite3.Row, msgtype: str, content: dict[str, Any], *, safe: int
) -> None:
    """Write into a group; the first message makes it appear. 45009 above the corp's rate of receivers."""
    store, now = sandbox.store, sandbox.clock.now()
    userids = json.loads(row["userlist"])
    for seconds, most in RECEIVERS:
        sql = "SELECT COALESCE(SUM(receivers), 0) FROM appchat_messages WHERE at > ?"
        if store.value(sql, now - seconds) + len(userids) > most:
            raise WeComError(45009)
    message_id = store.insert(
        "appchat_messages", chatid=row["chatid"], msgtype=msgtype, at=now, safe=safe,
        content=json.dumps(content, ensure_ascii=False), receivers=len(userids),
    )  # fmt: skip
    for userid in userids:
        store.insert(
            "appchat_recipients", message_id=message_id, userid=userid, at=now,
            dropped=_over_limit(sandbox, userid),
        )  # fmt: skip


def of_member(store: Store, userid: str) -> list[dict[str, Any]]:
    """The groups that have appeared on a member's phone, newest message first."""
    rows = store.rows(
        "SELECT c.*, MAX(m.id) AS last FROM appchats c JOIN appchat_messages m ON m.chatid = c.chatid "
        "JOIN appchat_recipients r ON r.message_id = m.id AND r.userid = ? AND r.dropped = '' "
        "GROUP BY c.chatid ORDER BY last DESC",
        userid,
    )  # fmt: skip
    return [dict(row) | {"userlist": json.loads(row["userlist"])} for row in rows]


def messages(store: Store, chatid: str, userid: str) -> list[dict[str, Any]]:
    """What a member sees in a group, oldest first."""
    rows = store.rows(
        "SELECT m.* FROM appchat_messages m JOIN appchat_recipients r ON r.message_id = m.id "
        "WHERE m.chatid = ? AND r.userid = ? AND r.dropped = '' ORDER BY m.id",
        chatid, userid,
    )  # fmt: skip
    return [dict(row) | {"content": json.loads(row["content"])} for row in rows]


def _known(store: Store, userids: list[str]) -> list[str]:
    found: dict[str, None] = {}
    for userid in userids:
        row = members.find(store, userid)
        if row is None:
            raise WeComError(86007, userid)
        found[str(row["userid"])] = None
    if not LEAST_MEMBERS <= len(found) <= MOST_MEMBERS:
        raise WeComError(86006)
    return list(found)


def _owner(owner: str, userids: list[str]) -> str:
    for userid in userids:
        if userid.lower() == owner.lower():
            return userid
    raise WeComError(86005)


def _over_limit(sandbox: Sandbox, userid: str) -> str:
    for seconds, most in PER_MEMBER:
        sql = "SELECT COUNT(*) FROM appchat_recipients WHERE userid = ? AND at > ? AND dropped = ''"
        if sandbox.store.value(sql, userid, sandbox.clock.now() - seconds) >= most:
            return "rate"
    return ""
