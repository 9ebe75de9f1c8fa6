"""What members and customers write in customer groups; only clients can (groups.md)."""

import json
from typing import Any

from wecom_sandbox.contacts import members
from wecom_sandbox.customers import chats, happenings
from wecom_sandbox.errors import NotPossibleError
from wecom_sandbox.groups import groups
from wecom_sandbox.marketing import intercepts
from wecom_sandbox.sandbox import Sandbox


def say(sandbox: Sandbox, chat_id: str, userid: str, message: object) -> dict[str, Any]:
    """Put one message of somebody in the group; the stored row.

    Args:
        sandbox: the corp.
        chat_id: a living group.
        userid: userid or external_userid of who speaks.
        message: as `sendChatMessage` takes it: `msgtype` and the section of that name.

    Raises:
        WeComError: 40050 or 49008.
        NotPossibleError: the speaker is not in the group, or a rule on words blocks it.
        ValueError: the message is none.
    """
    content = chats.checked(message)
    groups.need(sandbox.store, chat_id)
    known = groups.membership(sandbox.store, chat_id, userid)
    if known is None:
        raise NotPossibleError("not in this group")
    if known["type"] == groups.MEMBER:
        # Before the transaction: a message that is blocked leaves its mark all the same.
        intercepts.check(sandbox, known["userid"], content, chat_id)
    with sandbox.store.transaction():
        return put(sandbox, chat_id, str(known["userid"]), content, kind=int(known["type"]))


def put(
    sandbox: Sandbox, chat_id: str, userid: str, content: dict[str, Any], *, kind: int = groups.MEMBER
) -> dict[str, Any]:  # fmt: skip
    """Store one checked message of somebody who may speak, and tell who listens; the stored row."""
    at, stored = sandbox.clock.now(), json.dumps(content, ensure_ascii=False)
    number = sandbox.store.insert(
        "group_messages", chat_id=chat_id, userid=userid, type=kind, at=at, content=stored
    )
    row = {
        "id": number, "chat_id": chat_id, "userid": userid, "type": kind, "at": at,
        "content": content,
    }  # fmt: skip
    happenings.tell("said_in_group", sandbox, row=row)
    return row


def said(sandbox: Sandbox, chat_id: str) -> list[dict[str, Any]]:
    """What was written in a group, oldest first, each with the name of who wrote it."""
    rows = sandbox.store.rows("SELECT * FROM group_messages WHERE chat_id = ? ORDER BY id", chat_id)
    return [
        dict(row) | {"content": json.loads(row["content"]), "name": name_of(sandbox, row["userid"])}
        for row in rows
    ]


def name_of(sandbox: Sandbox, userid: str) -> str:
    """The name of a member or customer, or the id when nobody is known by it."""
    row = members.find(sandbox.store, userid)
    if row is not None:
        return str(row["name"])
    person = sandbox.people.by_external_userid(userid)
    return person.name if person else userid
