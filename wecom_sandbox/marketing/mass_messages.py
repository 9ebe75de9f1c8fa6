"""企业群发: a message for many customers or groups that each member has to confirm (marketing.md §3).

An app makes the task; nothing reaches anybody before the member presses send on his phone.
"""

import json
import secrets
import sqlite3
from dataclasses import dataclass
from typing import Any

from wecom_sandbox import china_time
from wecom_sandbox.customers import follows
from wecom_sandbox.errors import NotPossibleError, WeComError
from wecom_sandbox.sandbox import Sandbox
from wecom_sandbox.store import Store

SINGLE, GROUP = "single", "group"
BY_CORP, BY_MEMBER = 0, 1
# Of a member's task; and of one receiver in it.
WAITING, DONE = 0, 2
UNSENT, SENT, NO_FRIEND, OVER_LIMIT = 0, 1, 2, 3
MOST_REMINDERS, REMINDER_SECONDS = 3, 86400


@dataclass(frozen=True)
class Draft:
    """A checked mass message: what to say, and to whom each member is to say it.

    ``receivers`` are external_userids or, for groups, chat_ids; a member without any of these chooses
    groups himself when he confirms.
    """

    chat_type: str
    content: dict[str, Any]
    receivers: dict[str, list[str]]
    allow_select: bool = False


def create(sandbox: Sandbox, draft: Draft, *, app: str = "", creator: str = "") -> str:
    """Store the message and its tasks; the msgid."""
    store = sandbox.store
    msgid = f"msg{secrets.token_urlsafe(21)}"
    store.insert(
        "mass_messages", msgid=msgid, app=app, chat_type=draft.chat_type, creator=creator,
        create_type=BY_MEMBER if creator else BY_CORP, allow_select=int(draft.allow_select),
        content=json.dumps(draft.content, ensure_ascii=False), create_time=sandbox.clock.seconds(),
    )  # fmt: skip
    for userid, receivers in draft.receivers.items():
        store.insert("mass_tasks", msgid=msgid, userid=userid)
        for receiver in receivers:
            store.insert("mass_targets", msgid=msgid, userid=userid, receiver=receiver)
    return msgid


def need(store: Store, msgid: str) -> sqlite3.Row:
    """A mass message's row; 40058 when there is none."""
    row = store.row("SELECT * FROM mass_messages WHERE msgid = ?", msgid)
    if row is None:
        raise WeComError(40058, "invalid msgid")
    return row


def need_standing(store: Store, msgid: str) -> sqlite3.Row:
    """A mass message that was not cancelled; 41093 otherwise."""
    row = need(store, msgid)
    if row["cancelled_at"] is not None:
        raise WeComError(41093)
    return row


def remind(sandbox: Sandbox, msgid: str) -> None:
    """Tell the members who have not sent yet again; 45009 for the fourth time within 24 hours."""
    now = sandbox.clock.seconds()
    told = sandbox.store.value(
        "SELECT COUNT(*) FROM mass_reminders WHERE msgid = ? AND at > ?",
        msgid, now - REMINDER_SECONDS,
    )  # fmt: skip
    if int(told) >= MOST_REMINDERS:
        raise WeComError(45009, "reminders of this message")
    sandbox.store.insert("mass_reminders", msgid=msgid, at=now)


def cancel(sandbox: Sandbox, msgid: str) -> None:
    """Members who have not sent cannot any more; what was sent stays sent."""
    sandbox.store.run(
        "UPDATE mass_messages SET cancelled_at = ? WHERE msgid = ?", sandbox.clock.seconds(), msgid
    )


def has_room(sandbox: Sandbox, receiver: str) -> bool:
    """Whether a customer or group may get one more mass message by the corp's rule."""
    now = sandbox.clock.now()
    since, most = {
        "month": (china_time.month_start(now), china_time.days_in_month(now)),
        "week": (china_time.week_start(now), 7),
        "day": (china_time.day_start(now), 1),
    }[sandbox.behaviour.mass_rule]
    got = sandbox.store.value(
        "SELECT COUNT(*) FROM mass_targets WHERE receiver = ? AND status = ? AND send_time >= ?",
        receiver, SENT, since,
    )  # fmt: skip
    return int(got) < most


def waiting_task(store: Store, msgid: str, userid: str) -> sqlite3.Row:
    """A member's task that can still be confirmed.

    Raises:
        NotPossibleError: there is none, it was sent already, or the message was cancelled.
    """
    row = store.row(
        "SELECT t.*, m.chat_type, m.content, m.allow_select, m.cancelled_at FROM mass_tasks t "
        "JOIN mass_messages m ON m.msgid = t.msgid WHERE t.msgid = ? AND t.userid = ?",
        msgid, userid,
    )  # fmt: skip
    if row is None or row["status"] != WAITING:
        raise NotPossibleError("nothing waits to be sent by that member")
    if row["cancelled_at"] is not None:
        raise NotPossibleError("the corp cancelled this message")
    return row


def settle_target(
    sandbox: Sandbox, msgid: str, userid: str, receiver: str, *, reachable: bool
) -> bool:
    """Decide about one receiver when the member confirms; whether the message goes out to it."""
    status = NO_FRIEND
    if reachable:
        status = SENT if has_room(sandbox, receiver) else OVER_LIMIT
    sandbox.store.run(
        "UPDATE mass_targets SET status = ?, send_time = ? WHERE msgid = ? AND userid = ? AND receiver = ?",
        status, sandbox.clock.seconds(), msgid, userid, receiver,
    )  # fmt: skip
    return status == SENT


def finish(sandbox: Sandbox, task: sqlite3.Row) -> None:
    """The member has confirmed."""
    sandbox.store.run(
        "UPDATE mass_tasks SET status = ?, send_time = ? WHERE id = ?",
        DONE, sandbox.clock.seconds(), task["id"],
    )  # fmt: skip


def messages(content: dict[str, Any]) -> list[dict[str, Any]]:
    """What goes into each chat: the text first, then every attachment."""
    text = content["text"]
    said = [{"msgtype": "text", "text": {"content": text}}] if text else []
    return said + list(content["attachments"])


def last_talked(store: Store, external_userid: str, among: list[follows.Row]) -> follows.Row | None:
    """The relation of the member who talked with the customer last, else the newest one (doc 92135)."""
    if not among:
        return None
    talked = store.rows(
        "SELECT userid, MAX(at) AS at FROM chats WHERE external_userid = ? GROUP BY userid",
        external_userid,
    )
    last = {row["userid"].lower(): float(row["at"]) for row in talked}
    return max(
        among, key=lambda row: (last.get(row["userid"].lower(), 0.0), int(row["createtime"]))
    )
