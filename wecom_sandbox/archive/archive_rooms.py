"""Groups as the archive sees them: internal ones made by members in their client, and customer groups."""

import secrets
from typing import Any

from wecom_sandbox.archive import archive
from wecom_sandbox.archive.archive_chats import keep_in_room
from wecom_sandbox.contacts import members
from wecom_sandbox.controls import Body, control, need_person
from wecom_sandbox.customers.chats import checked
from wecom_sandbox.errors import NotPossibleError, WeComError
from wecom_sandbox.groups import groups
from wecom_sandbox.sandbox import Sandbox

NO_SUCH_ROOM = 86001


def internal_room(sandbox: Sandbox, roomid: str) -> dict[str, Any]:
    """An internal group as msgaudit/groupchat/get shows it; 86001 unless an archived member is in it."""
    row = sandbox.store.row("SELECT * FROM internal_groups WHERE roomid = ?", roomid)
    present = _present(sandbox, roomid)
    if row is None or not any(archive.is_kept(sandbox, one["userid"]) for one in present):
        raise WeComError(NO_SUCH_ROOM)
    return {
        "roomname": row["name"],
        "creator": row["creator"],
        "room_create_time": row["created_at"],
        "notice": row["notice"],
        "members": [{"memberid": one["userid"], "jointime": one["jointime"]} for one in present],
    }


def customer_room(sandbox: Sandbox, chat_id: str) -> list[str]:
    """The customers in a customer group; the group API's codes when there is no such group."""
    groups.need(sandbox.store, chat_id)
    present = groups.present(sandbox.store, chat_id)
    return [str(row["userid"]) for row in present if row["type"] == groups.CUSTOMER]


@control("POST", "internal_group")
def make_internal(sandbox: Sandbox, body: Body) -> Any:
    """A member makes a group of members in the client: {creator, name, userids, notice}."""
    creator = str(members.need(sandbox.store, str(body["creator"]))["userid"])
    userids = [members.need(sandbox.store, str(one))["userid"] for one in body["userids"]]
    roomid, now = "wr" + secrets.token_urlsafe(22), sandbox.clock.seconds()
    with sandbox.store.transaction():
        sandbox.store.insert(
            "internal_groups", roomid=roomid, name=str(body.get("name", "")), creator=creator,
            notice=str(body.get("notice", "")), created_at=now,
        )  # fmt: skip
        for userid in dict.fromkeys([creator, *map(str, userids)]):
            sandbox.store.insert(
                "internal_group_members", roomid=roomid, userid=userid, jointime=now
            )
    return {"roomid": roomid}


@control("POST", "internal_chat")
def say_inside(sandbox: Sandbox, body: Body) -> Any:
    """A member writes into an internal group: {roomid, userid, message}."""
    roomid, userid = str(body["roomid"]), str(body["userid"])
    names = [str(one["userid"]) for one in _present(sandbox, roomid)]
    if userid not in names:
        raise NotPossibleError("this member is not in the group")
    with sandbox.store.transaction():
        keep_in_room(sandbox, roomid, userid, names, checked(body["message"]))
    return {"ok": True}


@control("POST", "archive_room_consent")
def set_room_consent(sandbox: Sandbox, body: Body) -> Any:
    """A customer of a group decides about the archive: {chat_id, person_id, agree}."""
    person = need_person(sandbox, body["person_id"])
    chat_id, customer = str(body["chat_id"]), person.external_userid
    names = [str(row["userid"]) for row in groups.present(sandbox.store, chat_id)]
    if customer not in names:
        raise NotPossibleError("this customer is not in the group")
    receivers = [name for name in names if name != customer]
    archive.decide_room(sandbox, chat_id, customer, receivers, agree=bool(body["agree"]))
    return {"ok": True}


def _present(sandbox: Sandbox, roomid: str) -> list[Any]:
    return sandbox.store.rows(
        "SELECT * FROM internal_group_members WHERE roomid = ? ORDER BY rowid", roomid
    )
