"""msgaudit/*: who is archived, who agreed, internal groups, robots (archive.md §1)."""

from typing import Any

from wecom_sandbox.archive import archive
from wecom_sandbox.archive.archive_rooms import customer_room, internal_room
from wecom_sandbox.call import BAD_PARAMETER, Call
from wecom_sandbox.endpoints import Access, endpoint
from wecom_sandbox.errors import WeComError

MOST_PAIRS = 100
PERMIT_PER_MINUTE, SINGLE_PER_MINUTE, ROOM_PER_MINUTE = 1_000, 2_500, 1_500
_BLOCK = 60.0


@endpoint(
    "POST", "msgaudit/get_permit_user_list", doc="91614", access=Access.ARCHIVE,
    rules="bought members only, by edition 1-3 (40058); 1,000 a minute 45009; 301053",
)  # fmt: skip
def get_permit_user_list(call: Call) -> dict[str, Any]:
    """Members whose chats are kept."""
    call.sandbox.rates.count("msgaudit/get_permit_user_list", PERMIT_PER_MINUTE, _BLOCK)
    archive.need_open(call.sandbox)
    edition = call.number("type", 0, most=max(archive.EDITIONS))
    return {"ids": archive.permitted(call.sandbox, edition)}


@endpoint(
    "POST", "msgaudit/check_single_agree", doc="91782", access=Access.ARCHIVE,
    rules="100 pairs (40058), known ids 60111 40096, 2,500 a minute 45009; 301053",
)  # fmt: skip
def check_single_agree(call: Call) -> dict[str, Any]:
    """What customers decided about members; who did not decide yet has not agreed."""
    sandbox = call.sandbox
    sandbox.rates.count("msgaudit/check_single_agree", SINGLE_PER_MINUTE, _BLOCK)
    archive.need_open(sandbox)
    pairs = call.body.get("info")
    if not isinstance(pairs, list) or not pairs:
        raise WeComError(40063, "info")
    if len(pairs) > MOST_PAIRS:
        raise WeComError(BAD_PARAMETER, f"info longer than {MOST_PAIRS}")
    return {"agreeinfo": [_single(call, pair) for pair in pairs]}


@endpoint(
    "POST", "msgaudit/check_room_agree", doc="91782", access=Access.ARCHIVE,
    rules="customer groups only (40050), external members only, 1,500 a minute 45009; 301053",
)  # fmt: skip
def check_room_agree(call: Call) -> dict[str, Any]:
    """What the customers of a group decided."""
    sandbox = call.sandbox
    sandbox.rates.count("msgaudit/check_room_agree", ROOM_PER_MINUTE, _BLOCK)
    archive.need_open(sandbox)
    room = call.need_text("roomid")
    found = []
    for external_userid in customer_room(sandbox, room):
        shown = _status(archive.consent(sandbox, external_userid, room=room))
        found.append({"exteranalopenid": external_userid, **shown})
    return {"agreeinfo": found}


@endpoint(
    "POST", "msgaudit/groupchat/get", doc="92951", access=Access.ARCHIVE,
    rules="internal groups with an archived member only; 301053",
)  # fmt: skip
def groupchat_get(call: Call) -> dict[str, Any]:
    """An internal group; customer groups are read by externalcontact/groupchat/get."""
    archive.need_open(call.sandbox)
    return internal_room(call.sandbox, call.need_text("roomid"))


@endpoint(
    "GET", "msgaudit/get_robot_info", doc="91774", access=Access.ARCHIVE, rules="a known robot; 301053"
)  # fmt: skip
def get_robot_info(call: Call) -> dict[str, Any]:
    """A robot whose messages the archive holds."""
    archive.need_open(call.sandbox)
    robot_id = call.need_query("robot_id")
    row = call.sandbox.store.row("SELECT * FROM archive_robots WHERE robot_id = ?", robot_id)
    if row is None:
        raise WeComError(BAD_PARAMETER, "robot_id")
    return {"data": dict(row)}


def _single(call: Call, pair: object) -> dict[str, Any]:
    if not isinstance(pair, dict):
        raise WeComError(BAD_PARAMETER, "info must hold objects")
    userid, external_userid = str(pair.get("userid", "")), str(pair.get("exteranalopenid", ""))
    sandbox = call.sandbox
    if sandbox.store.value("SELECT 1 FROM members WHERE userid = ?", userid) is None:
        raise WeComError(60111)
    if sandbox.people.by_external_userid(external_userid) is None:
        raise WeComError(40096)
    shown = _status(archive.consent(sandbox, external_userid, userid))
    return {"userid": userid, "exteranalopenid": external_userid, **shown}


def _status(decided: Any) -> dict[str, Any]:
    if decided is None:
        return {"agree_status": archive.DISAGREE, "status_change_time": 0}
    return {"agree_status": decided["status"], "status_change_time": decided["at"]}
