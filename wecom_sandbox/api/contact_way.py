"""联系我 (marketing.md §1)."""

import json
import sqlite3
from collections.abc import Callable
from typing import Any

from wecom_sandbox.call import BAD_PARAMETER, Call
from wecom_sandbox.cursors import page
from wecom_sandbox.endpoints import Access, endpoint
from wecom_sandbox.errors import WeComError
from wecom_sandbox.marketing import attachments, member_ranges, temp_chats, ways

QR_SCENE = 2
MOST_TEXT_BYTES = 4000
# 2021-07-10 in China: older ways are not listed.
FIRST_LISTED = 1_625_846_400
_WEEK, _DAY = 7 * 86400, 86400


@endpoint(
    "POST", "externalcontact/add_contact_way", doc="92228", access=Access.APP,
    rules="state and remark up to 30 chars, 100 users, 500,000 codes; 60011 60111 41054 40098 84074 60123; "
    "temporary ones for medical corps only (48002), 100,000 a day (45009)",
)  # fmt: skip
def add_contact_way(call: Call) -> dict[str, Any]:
    """Make a contact way; a QR picture for scene 2."""
    kind, scene = call.number("type", 0), call.number("scene", 0)
    if kind not in (1, 2) or scene not in (1, 2):
        raise WeComError(BAD_PARAMETER, "type and scene must be 1 or 2")
    is_temp = call.flag("is_temp", default=False)
    data: dict[str, Any] = {
        "type": kind,
        "scene": scene,
        "style": 0,
        "remark": "",
        "skip_verify": True,
        "state": "",
        "user": [],
        "party": [],
        "is_temp": is_temp,
        "is_exclusive": False,
        "mark_source": True,
        "conclusions": {},
    }
    if is_temp:
        _check_temporary(call, kind)
        data |= {"expires_in": _WEEK, "chat_expires_in": _DAY}
    data |= _given(call, is_temp=is_temp)
    _check_receivers(call, data)
    row = ways.create(call.sandbox, data)
    answer = {"config_id": row["config_id"]}
    if scene == QR_SCENE:
        answer["qr_code"] = ways.picture_url(row, call.base_url)
    return answer


@endpoint(
    "POST", "externalcontact/get_contact_way", doc="92228", access=Access.APP,
    rules="40058 unknown config_id",
)  # fmt: skip
def get_contact_way(call: Call) -> dict[str, Any]:
    """One contact way."""
    row = ways.need(call.sandbox.store, call.need_text("config_id", BAD_PARAMETER))
    return {"contact_way": _shown(call, row)}


@endpoint(
    "POST", "externalcontact/list_contact_way", doc="92228", access=Access.APP,
    rules="limit up to 1,000, by create time, no temporary ones, opaque cursor",
)  # fmt: skip
def list_contact_way(call: Call) -> dict[str, Any]:
    """config_ids by pages; the last 90 days when no time is given, none from before 2021-07-10."""
    now = call.sandbox.clock.seconds()
    start, end = call.number("start_time", now - 90 * _DAY), call.number("end_time", now)
    if start > end:
        raise WeComError(BAD_PARAMETER, "start_time after end_time")
    rows, cursor = page(
        call,
        "SELECT serial AS position, config_id FROM ways WHERE create_time BETWEEN ? AND ? "
        "AND NOT json_extract(data, '$.is_temp') AND serial > ? ORDER BY serial LIMIT ?",
        max(start, FIRST_LISTED), end, default=100, most=1000,
    )  # fmt: skip
    answer: dict[str, Any] = {"contact_way": [{"config_id": row["config_id"]} for row in rows]}
    return answer | ({"next_cursor": cursor} if cursor else {})


@endpoint(
    "POST", "externalcontact/update_contact_way", doc="92228", access=Access.APP,
    rules="given fields overwrite; no temporary way that is over (40058); as add",
)  # fmt: skip
def update_contact_way(call: Call) -> dict[str, Any]:
    """Overwrite the fields that are given; type and scene stay."""
    store = call.sandbox.store
    row = ways.need(store, call.need_text("config_id", BAD_PARAMETER))
    if ways.is_over(row, call.sandbox.clock.now()):
        raise WeComError(BAD_PARAMETER, "the temporary way is over")
    data = json.loads(row["data"])
    data |= _given(call, is_temp=data["is_temp"])
    _check_receivers(call, data)
    ways.write(store, row["config_id"], data)
    return {}


@endpoint("POST", "externalcontact/del_contact_way", doc="92228", access=Access.APP, rules="40058")
def del_contact_way(call: Call) -> dict[str, Any]:
    """Delete a contact way: its QR leads nowhere."""
    row = ways.need(call.sandbox.store, call.need_text("config_id", BAD_PARAMETER))
    call.sandbox.store.run("DELETE FROM ways WHERE config_id = ?", row["config_id"])
    return {}


@endpoint(
    "POST", "externalcontact/close_temp_chat", doc="92572", access=Access.APP,
    rules="60111 60011 40096; 84061 without an open temporary chat",
)  # fmt: skip
def close_temp_chat(call: Call) -> dict[str, Any]:
    """End a temporary chat; the customer reads the conclusion."""
    userid = member_ranges.need_visible(call, call.need_text("userid", 41009))
    external_userid = call.need_text("external_userid", 40096)
    if call.sandbox.people.by_external_userid(external_userid) is None:
        raise WeComError(40096)
    temp_chats.close(call.sandbox, userid, external_userid)
    return {}


# How each field of a request is read, when it is given.
_READERS: dict[str, Callable[[Call, str], Any]] = {
    "remark": lambda call, name: call.text(name, most=30),
    "state": lambda call, name: call.text(name, most=30),
    "skip_verify": lambda call, name: call.flag(name, default=True),
    "is_exclusive": lambda call, name: call.flag(name, default=False),
    "mark_source": lambda call, name: call.flag(name, default=True),
    "style": lambda call, name: call.number(name, 0, most=3),
    "user": lambda call, name: list(dict.fromkeys(call.texts(name))),
    "party": lambda call, name: list(dict.fromkeys(call.numbers(name))),
}
# The same for what only temporary ways have; elsewhere these are ignored.
_TEMPORARY: dict[str, Callable[[Call, str], Any]] = {
    "unionid": lambda call, name: call.text(name, most=128),
    "expires_in": lambda call, name: call.number(name, _WEEK, least=1, most=2 * _WEEK),
    "chat_expires_in": lambda call, name: call.number(name, _DAY, least=1, most=2 * _WEEK),
    "conclusions": lambda call, name: _conclusions(call),
}


def _given(call: Call, *, is_temp: bool) -> dict[str, Any]:
    readers = _READERS | (_TEMPORARY if is_temp else {})
    return {name: read(call, name) for name, read in readers.items() if name in call.body}


def _check_temporary(call: Call, kind: int) -> None:
    if not call.sandbox.behaviour.medical:
        raise WeComError(48002, "temporary chats are for corps of the medical trade")
    if kind != 1:
        raise WeComError(BAD_PARAMETER, "is_temp takes type 1")


def _check_receivers(call: Call, data: dict[str, Any]) -> None:
    ways.check_receivers(call.sandbox.store, data["type"], data["user"], data["party"])
    for userid in data["user"]:
        member_ranges.need_visible(call, userid)
    for department_id in data["party"]:
        member_ranges.need_visible_department(call, department_id)


def _conclusions(call: Call) -> dict[str, Any]:
    """The closing words of a temporary chat: a text and the first of image, link and mini program."""
    section = call.section("conclusions")
    text = section.get("text") or {}
    if not isinstance(text, dict) or len(str(text.get("content", "")).encode()) > MOST_TEXT_BYTES:
        raise WeComError(45002)
    found: dict[str, Any] = (
        {"text": {"content": str(text["content"])}} if text.get("content") else {}
    )
    kind = next((one for one in temp_chats.PRIORITY if section.get(one)), None)
    if kind is not None:
        _check_closing(call, kind, section[kind])
        found[kind] = section[kind]
    return found


def _check_closing(call: Call, kind: str, content: object) -> None:
    # Unlike in a welcome, url and page alone are enough (marketing.md §1).
    if kind != "image" and isinstance(content, dict):
        needed = {"link": {"title": " "}, "miniprogram": {"title": " "}}[kind]
        content = needed | content
    attachments.check(call.sandbox, [{"msgtype": kind, kind: content}])


def _shown(call: Call, row: sqlite3.Row) -> dict[str, Any]:
    way: dict[str, Any] = {"config_id": row["config_id"]} | json.loads(row["data"])
    way.pop("used", None)
    if way["scene"] == QR_SCENE:
        way["qr_code"] = ways.picture_url(row, call.base_url)
    if "image" in way["conclusions"]:
        picture = attachments.picture_url(way["conclusions"]["image"], call.base_url)
        way["conclusions"]["image"] = {"pic_url": picture}
    return way
