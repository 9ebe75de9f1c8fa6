"""联系我 (marketing.md §1)."""

import json
import sqlite3
from collections.abc import Callable
from typing import Any

from wecom_sandbox import ways
from wecom_sandbox.call import BAD_PARAMETER, Call
from wecom_sandbox.cursors import page
from wecom_sandbox.endpoints import Access, endpoint
from wecom_sandbox.errors import WeComError

QR_SCENE = 2
_WEEK, _DAY = 7 * 86400, 86400


@endpoint(
    "POST", "externalcontact/add_contact_way", doc="92228", access=Access.APP,
    rules="state and remark up to 30 chars, up to 100 users; 60111 41054 40098 84074 60123",
)  # fmt: skip
def add_contact_way(call: Call) -> dict[str, Any]:
    """Make a contact way; a QR picture for scene 2."""
    kind, scene = call.number("type", 0), call.number("scene", 0)
    if kind not in (1, 2) or scene not in (1, 2):
        raise WeComError(BAD_PARAMETER, "type and scene must be 1 or 2")
    if call.flag("is_temp", default=False) and kind != 1:
        raise WeComError(BAD_PARAMETER, "is_temp takes type 1")
    data: dict[str, Any] = {
        "type": kind,
        "scene": scene,
        "style": 0,
        "remark": "",
        "skip_verify": True,
        "state": "",
        "user": [],
        "party": [],
        "is_temp": call.flag("is_temp", default=False),
        "is_exclusive": False,
        "mark_source": True,
        "conclusions": {},
    } | _given(call)
    ways.check_receivers(call.sandbox.store, kind, data["user"], data["party"])
    row = ways.create(call.sandbox.store, data, at=call.sandbox.clock.seconds())
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
    """config_ids by pages; the last 90 days when no time is given."""
    now = call.sandbox.clock.seconds()
    start, end = call.number("start_time", now - 90 * _DAY), call.number("end_time", now)
    rows, cursor = page(
        call,
        "SELECT serial AS position, config_id FROM ways WHERE create_time BETWEEN ? AND ? "
        "AND NOT json_extract(data, '$.is_temp') AND serial > ? ORDER BY serial LIMIT ?",
        start, end, default=100, most=1000,
    )  # fmt: skip
    answer: dict[str, Any] = {"contact_way": [{"config_id": row["config_id"]} for row in rows]}
    return answer | ({"next_cursor": cursor} if cursor else {})


@endpoint(
    "POST", "externalcontact/update_contact_way", doc="92228", access=Access.APP,
    rules="given fields overwrite; as add",
)  # fmt: skip
def update_contact_way(call: Call) -> dict[str, Any]:
    """Overwrite the fields that are given; type and scene stay."""
    store = call.sandbox.store
    row = ways.need(store, call.need_text("config_id", BAD_PARAMETER))
    data = json.loads(row["data"]) | _given(call)
    ways.check_receivers(store, data["type"], data["user"], data["party"])
    store.run(
        "UPDATE ways SET data = ? WHERE config_id = ?",
        json.dumps(data, ensure_ascii=False), row["config_id"],
    )  # fmt: skip
    return {}


@endpoint("POST", "externalcontact/del_contact_way", doc="92228", access=Access.APP, rules="40058")
def del_contact_way(call: Call) -> dict[str, Any]:
    """Delete a contact way: its QR leads nowhere."""
    row = ways.need(call.sandbox.store, call.need_text("config_id", BAD_PARAMETER))
    call.sandbox.store.run("DELETE FROM ways WHERE config_id = ?", row["config_id"])
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
    "unionid": lambda call, name: call.text(name, most=128),
    "expires_in": lambda call, name: call.number(name, _WEEK, most=2 * _WEEK),
    "chat_expires_in": lambda call, name: call.number(name, _DAY, most=2 * _WEEK),
    "conclusions": lambda call, name: call.section(name),
}


def _given(call: Call) -> dict[str, Any]:
    return {name: read(call, name) for name, read in _READERS.items() if name in call.body}


def _shown(call: Call, row: sqlite3.Row) -> dict[str, Any]:
    way: dict[str, Any] = {"config_id": row["config_id"]} | json.loads(row["data"])
    if way["scene"] == QR_SCENE:
        way["qr_code"] = ways.picture_url(row, call.base_url)
    return way
