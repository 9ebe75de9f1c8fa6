"""What members do with mass messages on their phones: confirm one of the corp's, or write one of their own."""

import json
import sqlite3
from typing import Any

from wecom_sandbox import due, ledger
from wecom_sandbox.contacts import members
from wecom_sandbox.controls import Body, control
from wecom_sandbox.customers import chats, follows
from wecom_sandbox.errors import NotPossibleError
from wecom_sandbox.groups import group_talk, groups
from wecom_sandbox.marketing import attachments, mass_messages
from wecom_sandbox.sandbox import Sandbox

MOST_CHOSEN = 20_000


def confirm(
    sandbox: Sandbox, msgid: str, userid: str, chosen: list[str] | None = None
) -> dict[str, int]:
    """The member presses send; how many of each outcome (sent, no_friend, over_limit).

    Args:
        sandbox: the corp.
        msgid: the message.
        userid: whose task it is.
        chosen: external_userids or chat_ids picked by the member: some of the planned customers when the
            message allows it, his groups when it names none. None takes all that are planned.

    Raises:
        NotPossibleError: nothing waits, the message was cancelled, or the choice is not allowed.
    """
    with sandbox.store.transaction():
        task = mass_messages.waiting_task(sandbox.store, msgid, userid)
        receivers = _receivers(sandbox, task, chosen)
        counts = {"sent": 0, "no_friend": 0, "over_limit": 0}
        for receiver in receivers:
            counts[_send_one(sandbox, task, receiver)] += 1
        mass_messages.finish(sandbox, task)
    return counts


def write_own(
    sandbox: Sandbox, userid: str, receivers: list[str], text: str,
    items: list[dict[str, Any]] | None = None,
) -> str:  # fmt: skip
    """A member writes to many of his customers himself; it goes out at once. The msgid.

    Args:
        sandbox: the corp.
        userid: the member.
        receivers: external_userids.
        text: what he writes.
        items: checked attachments.

    Raises:
        NotPossibleError: nothing to say, nobody to say it to, or too many.
    """
    if not text.strip() or not 1 <= len(receivers) <= MOST_CHOSEN:
        raise NotPossibleError("a mass message needs a text and 1 to 20,000 customers")
    draft = mass_messages.Draft(
        mass_messages.SINGLE,
        {"text": text.strip(), "attachments": items or []},
        {userid: receivers},
    )
    with sandbox.store.transaction():
        msgid = mass_messages.create(sandbox, draft, creator=userid)
        confirm(sandbox, msgid, userid)
    return msgid


def tasks_of(sandbox: Sandbox, userid: str) -> list[dict[str, Any]]:
    """A member's tasks, newest first, as his phone lists them."""
    rows = sandbox.store.rows(
        "SELECT t.userid, t.status, t.send_time, m.*, "
        "(SELECT COUNT(*) FROM mass_targets g WHERE g.msgid = t.msgid AND g.userid = t.userid) AS planned, "
        "(SELECT COUNT(*) FROM mass_targets g WHERE g.msgid = t.msgid AND g.userid = t.userid AND g.status = 1) "
        "AS sent, (SELECT COUNT(*) FROM mass_reminders r WHERE r.msgid = t.msgid) AS reminders "
        "FROM mass_tasks t JOIN mass_messages m ON m.msgid = t.msgid WHERE t.userid = ? ORDER BY t.id DESC",
        userid,
    )
    return [dict(row) | {"content": json.loads(row["content"])} for row in rows]


def targets_of(sandbox: Sandbox, msgid: str, userid: str) -> list[sqlite3.Row]:
    """The receivers planned for a member's task."""
    return sandbox.store.rows(
        "SELECT * FROM mass_targets WHERE msgid = ? AND userid = ? ORDER BY id", msgid, userid
    )


@control("POST", "mass_confirm")
def control_confirm(sandbox: Sandbox, body: Body) -> Any:
    """Control API ``mass_confirm``: {msgid, userid, chosen?}; without a userid every member confirms."""
    due.settle(sandbox)
    msgid = str(body["msgid"])
    chosen = [str(one) for one in body["chosen"]] if "chosen" in body else None
    if body.get("userid"):
        return {"counts": confirm(sandbox, msgid, str(body["userid"]), chosen)}
    rows = sandbox.store.rows(
        "SELECT userid FROM mass_tasks WHERE msgid = ? AND status = ? ORDER BY id",
        msgid, mass_messages.WAITING,
    )  # fmt: skip
    return {"counts": {row["userid"]: confirm(sandbox, msgid, row["userid"]) for row in rows}}


@control("POST", "mass_write")
def control_write(sandbox: Sandbox, body: Body) -> Any:
    """Control API ``mass_write``: {userid, external_userids, text, attachments?}; a member's own mass message."""
    row = members.need(sandbox.store, str(body["userid"]))
    receivers = [str(one) for one in body["external_userids"]]
    items = attachments.check(sandbox, body.get("attachments"))
    return {"msgid": write_own(sandbox, row["userid"], receivers, str(body["text"]), items)}


@ledger.reader("mass_messages")
def _ledger(sandbox: Sandbox) -> list[dict[str, Any]]:
    targets: dict[str, list[dict[str, Any]]] = {}
    for row in sandbox.store.rows("SELECT * FROM mass_targets ORDER BY id"):
        targets.setdefault(row["msgid"], []).append(dict(row))
    tasks: dict[str, list[dict[str, Any]]] = {}
    for row in sandbox.store.rows("SELECT * FROM mass_tasks ORDER BY id"):
        tasks.setdefault(row["msgid"], []).append(dict(row))
    rows = sandbox.store.rows("SELECT * FROM mass_messages ORDER BY serial")
    return [
        dict(row) | {
            "content": json.loads(row["content"]), "tasks": tasks.get(row["msgid"], []),
            "targets": targets.get(row["msgid"], []),
        }
        for row in rows
    ]  # fmt: skip


def _receivers(sandbox: Sandbox, task: sqlite3.Row, chosen: list[str] | None) -> list[str]:
    planned = [row["receiver"] for row in targets_of(sandbox, task["msgid"], task["userid"])]
    if task["chat_type"] == mass_messages.GROUP and not planned:
        return _own_groups(sandbox, task, chosen or [])
    if chosen is None:
        return planned
    if not task["allow_select"] or not set(chosen) <= set(planned):
        raise NotPossibleError("the corp chose the receivers of this message")
    return [one for one in planned if one in chosen]


def _own_groups(sandbox: Sandbox, task: sqlite3.Row, chosen: list[str]) -> list[str]:
    own = {row["chat_id"] for row in groups.owned_by(sandbox.store, task["userid"])}
    if not chosen or not set(chosen) <= own:
        raise NotPossibleError("the member has to choose from the groups he owns")
    for chat_id in chosen:
        sandbox.store.insert(
            "mass_targets", msgid=task["msgid"], userid=task["userid"], receiver=chat_id
        )
    return chosen


def _send_one(sandbox: Sandbox, task: sqlite3.Row, receiver: str) -> str:
    if task["chat_type"] == mass_messages.GROUP:
        return _send_to_group(sandbox, task, receiver)
    relation = follows.of_pair(sandbox.store, task["userid"], receiver, follows.ACTIVE)
    sent = mass_messages.settle_target(
        sandbox, task["msgid"], task["userid"], receiver, reachable=relation is not None
    )
    if relation is None:
        return "no_friend"
    for message in mass_messages.messages(json.loads(task["content"])) if sent else ():
        chats.put(sandbox, relation, message, sender=chats.MEMBER)
    return "sent" if sent else "over_limit"


def _send_to_group(sandbox: Sandbox, task: sqlite3.Row, chat_id: str) -> str:
    row = groups.find(sandbox.store, chat_id)
    standing = row is not None and row["dismissed_at"] is None
    sent = mass_messages.settle_target(
        sandbox, task["msgid"], task["userid"], chat_id, reachable=standing
    )
    if not standing:
        return "no_friend"
    for message in mass_messages.messages(json.loads(task["content"])) if sent else ():
        group_talk.put(sandbox, chat_id, task["userid"], message)
    return "sent" if sent else "over_limit"
