"""Customer groups: list, detail, opengid (groups.md §1)."""

import sqlite3
from typing import Any

from wecom_sandbox import cursors, due
from wecom_sandbox.call import BAD_PARAMETER, Call, whole_number
from wecom_sandbox.contacts import members
from wecom_sandbox.endpoints import Access, endpoint
from wecom_sandbox.errors import WeComError
from wecom_sandbox.groups import group_talk, group_transfers, groups

MOST_OWNERS = 100
_MOST_WITHOUT_FILTER = 1000


@endpoint(
    "POST", "externalcontact/groupchat/list", doc="92120", access=Access.APP,
    rules="limit 1-1000 required; status_filter 0-3; 100 owners (40032), unknown (40031); 81017 without owners; cursor",
)  # fmt: skip
def group_list(call: Call) -> dict[str, Any]:
    """Groups of visible owners, by state."""
    if call.body.get("limit") is None:
        raise WeComError(BAD_PARAMETER, "limit missing")
    limit = call.number("limit", 0, least=1, most=1000)
    wished = call.number("status_filter", 0, most=3)
    due.settle(call.sandbox)
    owners = owner_filter(call)
    now, cursor = call.sandbox.clock.now(), call.text("cursor")
    position = cursors.read(cursor, now, cursors.owner_of(call)) if cursor else 0
    if call.sandbox.behaviour.short_pages:
        if not cursor:
            return {
                "group_chat_list": [],
                "next_cursor": cursors.make(0, now, cursors.owner_of(call)),
            }
        limit = max(1, limit // 2)
    found = _page(call, owners, wished, position, limit + 1)
    answer: dict[str, Any] = {
        "group_chat_list": [
            {"chat_id": row["chat_id"], "status": state} for row, state in found[:limit]
        ],
        "next_cursor": "",
    }
    if len(found) > limit:
        answer["next_cursor"] = cursors.make(
            found[limit - 1][0]["serial"], now, cursors.owner_of(call)
        )
    return answer


@endpoint(
    "POST", "externalcontact/groupchat/get", doc="92122", access=Access.APP,
    rules="40050 unknown, 49008 dismissed, 60011 owner out of range; names only on need_name",
)  # fmt: skip
def group_get(call: Call) -> dict[str, Any]:
    """A group with everybody in it."""
    due.settle(call.sandbox)
    store = call.sandbox.store
    row = groups.need(store, call.need_text("chat_id"))
    named = call.number("need_name", 0, most=1) == 1
    check_owner_visible(call, row)
    present = groups.present(store, row["chat_id"])
    return {
        "group_chat": {
            "chat_id": row["chat_id"],
            "name": row["name"],
            "owner": row["owner"],
            "create_time": row["create_time"],
            "notice": row["notice"],
            "member_list": [_shown(call, one, named=named) for one in present],
            "admin_list": [{"userid": one["userid"]} for one in present if one["admin"]],
            "member_version": row["member_version"],
        }
    }


@endpoint(
    "POST", "externalcontact/opengid_to_chatid", doc="94822", access=Access.APP,
    rules="40058 for an opengid that is no customer group of the corp",
)  # fmt: skip
def opengid_to_chatid(call: Call) -> dict[str, Any]:
    """The chat_id of what a mini program opened from a group got (wx.getGroupEnterInfo)."""
    opengid = call.need_text("opengid")
    row = call.sandbox.store.row(
        "SELECT * FROM group_chats WHERE opengid = ? AND dismissed_at IS NULL", opengid
    )
    if row is None:
        raise WeComError(BAD_PARAMETER, "invalid opengid")
    check_owner_visible(call, row)
    return {"chat_id": row["chat_id"]}


def check_owner_visible(call: Call, row: sqlite3.Row) -> None:
    """60011 when the group's owner is out of the app's range; a leaver is in everybody's."""
    known = members.find(call.sandbox.store, row["owner"])
    if known is not None and not call.sandbox.scopes.sees_user(call.caller, known["userid"]):
        raise WeComError(60011)


def owner_filter(call: Call) -> list[str] | None:
    """The owners asked for, or None for all visible.

    40032 for more than 100, 40031 for an unknown one, 60011 out of range, 81017 for none when the app
    sees more than 1,000 members.
    """
    given = call.section("owner_filter").get("userid_list")
    store, scopes = call.sandbox.store, call.sandbox.scopes
    if not given:
        visible = store.value("SELECT COUNT(*) FROM members")
        if scopes.sees_everything(call.caller) and visible > _MOST_WITHOUT_FILTER:
            raise WeComError(81017)
        return None
    if not isinstance(given, list) or not all(isinstance(one, str) for one in given):
        raise WeComError(BAD_PARAMETER, "owner_filter.userid_list must be a list of strings")
    if len(given) > MOST_OWNERS:
        raise WeComError(40032)
    for userid in given:
        left = store.value("SELECT 1 FROM group_chats WHERE owner = ?", userid)
        if members.find(store, userid) is None and not left:
            raise WeComError(40031, userid)
        if not scopes.sees_user(call.caller, userid) and not left:
            raise WeComError(60011)
    return [str(one) for one in given]


def whole(value: object, name: str) -> int:
    """A timestamp of a body."""
    return whole_number(value, name, most=2**40)


def _page(
    call: Call, owners: list[str] | None, wished: int, position: int, count: int
) -> list[tuple[sqlite3.Row, int]]:
    store, found = call.sandbox.store, []
    names = None if owners is None else {one.lower() for one in owners}
    for row in store.rows(
        "SELECT * FROM group_chats WHERE dismissed_at IS NULL AND serial > ? ORDER BY serial", position
    ):  # fmt: skip
        if names is not None and row["owner"].lower() not in names:
            continue
        if names is None and not _visible(call, row["owner"]):
            continue
        state = group_transfers.status(store, row)
        if wished in (0, state):
            found.append((row, state))
        if len(found) == count:
            break
    return found


def _visible(call: Call, owner: str) -> bool:
    known = members.find(call.sandbox.store, owner)
    return known is None or call.sandbox.scopes.sees_user(call.caller, owner)


def _shown(call: Call, row: sqlite3.Row, *, named: bool) -> dict[str, Any]:
    person = call.sandbox.people.by_external_userid(row["userid"])
    shown: dict[str, Any] = {
        "userid": row["userid"],
        "type": row["type"],
        "join_time": row["join_time"],
        "join_scene": row["join_scene"],
        "group_nickname": row["nickname"],
    }
    if row["type"] == groups.CUSTOMER and person is not None and person.unionid:
        shown["unionid"] = person.unionid
    if row["join_scene"] in (groups.INVITED, groups.BY_LINK):
        shown["invitor"] = {"userid": row["invitor"]}
    if row["join_scene"] == groups.BY_CODE:
        shown["state"] = row["state"]
    if named:
        shown["name"] = group_talk.name_of(call.sandbox, row["userid"])
    return shown
