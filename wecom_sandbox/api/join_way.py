"""加入群聊 codes by API (groups.md §2)."""

import json
from typing import Any

from wecom_sandbox.api.group_chat import check_owner_visible
from wecom_sandbox.call import BAD_PARAMETER, Call
from wecom_sandbox.endpoints import Access, endpoint
from wecom_sandbox.errors import WeComError
from wecom_sandbox.groups import groups, join_ways

_MOST_TEXT = 30
PLUGIN, QR = 1, 2


@endpoint(
    "POST", "externalcontact/groupchat/add_join_way", doc="92229", access=Access.APP,
    rules="scene 1-2; 1-5 groups (40058, 40050, 49008, 60011); remark and state 30; 500,000 with contact ways",
)  # fmt: skip
def add_join_way(call: Call) -> dict[str, Any]:
    """Make a code for up to five groups."""
    config_id = join_ways.create(call.sandbox, _checked(call), app=call.caller.name)
    return {"config_id": config_id}


@endpoint(
    "POST", "externalcontact/groupchat/get_join_way", doc="92229", access=Access.APP,
    rules="40058 unknown or of another app",
)  # fmt: skip
def get_join_way(call: Call) -> dict[str, Any]:
    """A code with the address of its picture."""
    row = join_ways.find(call.sandbox.store, call.need_text("config_id"), call.caller.name)
    data = json.loads(row["data"])
    data.pop("opened", None)
    shown = {"config_id": row["config_id"], **data}
    if data["scene"] == QR:
        shown["qr_code"] = join_ways.picture_url(row, call.base_url)
    return {"join_way": shown}


@endpoint(
    "POST", "externalcontact/groupchat/update_join_way", doc="92229", access=Access.APP,
    rules="overwrites every field; 40058 unknown or of another app",
)  # fmt: skip
def update_join_way(call: Call) -> dict[str, Any]:
    """Replace a code's fields."""
    store = call.sandbox.store
    row = join_ways.find(store, call.need_text("config_id"), call.caller.name)
    join_ways.overwrite(store, row, _checked(call))
    return {}


@endpoint(
    "POST", "externalcontact/groupchat/del_join_way", doc="92229", access=Access.APP,
    rules="40058 unknown or of another app",
)  # fmt: skip
def del_join_way(call: Call) -> dict[str, Any]:
    """Take a code away; its picture leads nowhere from now on."""
    store = call.sandbox.store
    row = join_ways.find(store, call.need_text("config_id"), call.caller.name)
    store.run("DELETE FROM join_ways WHERE config_id = ?", row["config_id"])
    return {}


def _checked(call: Call) -> dict[str, Any]:
    if call.body.get("scene") is None:
        raise WeComError(BAD_PARAMETER, "scene missing")
    chat_ids = list(dict.fromkeys(call.texts("chat_id_list")))
    if not 1 <= len(chat_ids) <= join_ways.MOST_CHATS:
        raise WeComError(BAD_PARAMETER, f"chat_id_list takes 1 to {join_ways.MOST_CHATS} groups")
    for chat_id in chat_ids:
        check_owner_visible(call, groups.need(call.sandbox.store, chat_id))
    by_default = call.sandbox.behaviour.auto_create_room
    return {
        "scene": call.number("scene", 0, least=PLUGIN, most=QR),
        "remark": call.text("remark", most=_MOST_TEXT),
        "auto_create_room": call.number("auto_create_room", by_default, most=1),
        "room_base_name": call.text("room_base_name")[: join_ways.MOST_ROOM_NAME],
        "room_base_id": call.number("room_base_id", 1),
        "chat_id_list": chat_ids,
        "state": call.text("state", most=_MOST_TEXT),
        "mark_source": call.flag("mark_source", default=True),
    }
