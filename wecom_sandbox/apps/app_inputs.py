"""What a member does in an app's chat: enter, menu, text, picture, place (callbacks.md §10, docs 90239, 90240)."""

import hashlib
import json
from typing import Any

from wecom_sandbox.apps import agents, media_store, menus
from wecom_sandbox.defaults import AppConfig
from wecom_sandbox.errors import NotPossibleError
from wecom_sandbox.events import Fields
from wecom_sandbox.sandbox import Sandbox

TYPES = ("text", "image", "voice", "video", "location", "link")
APP_TYPE = "wxwork"
_SCANS = ("scancode_push", "scancode_waitmsg")
_PICTURES = ("pic_sysphoto", "pic_photo_or_album", "pic_weixin")
_MOST_TEXT = 2048


def enter(
    sandbox: Sandbox, app: AppConfig, userid: str, place: dict[str, Any] | None = None
) -> None:
    """A member opens the app; enter_agent and LOCATION where the app wants them told.

    Args:
        sandbox: the corp.
        app: which one.
        userid: the member.
        place: latitude, longitude and precision (metres), when he gives his location.
    """
    card = agents.card(sandbox, app)
    if card["isreportenter"]:
        agents.tell(sandbox, app, userid, "enter_agent", {"EventKey": ""})
    if card["report_location_flag"] and place:
        agents.tell(
            sandbox, app, userid, "LOCATION",
            {
                "Latitude": float(place["latitude"]), "Longitude": float(place["longitude"]),
                "Precision": float(place.get("precision", 65)), "AppType": APP_TYPE,
            },
        )  # fmt: skip


def choose(
    sandbox: Sandbox, app: AppConfig, userid: str, place: str, given: dict[str, Any]
) -> menus.Button:
    """A member presses a button of the menu; the button.

    Args:
        sandbox: the corp.
        app: whose menu.
        userid: the member.
        place: ``0`` or ``0.1``.
        given: what the button asks him for: ``result`` of a scan, ``media_ids`` of pictures, or
            ``latitude``, ``longitude``, ``label``, ``poiname`` of a place.
    """
    button = menus.find(sandbox, app.agent_id, place)
    if button is None or button.get("sub_button"):
        raise NotPossibleError("no such button in the menu")
    kind = str(button["type"])
    key = button.get("key") or button.get("url") or button.get("pagepath")
    fields: Fields = {"EventKey": str(key), **_asked(sandbox, kind, given)}
    agents.tell(sandbox, app, userid, kind, fields)
    return button


def write(
    sandbox: Sandbox, app: AppConfig, userid: str, kind: str, given: dict[str, Any]
) -> int:  # fmt: skip
    """A member sends the app something; its MsgId."""
    fields = _message(sandbox, kind, given)
    number = agents.tell_message(sandbox, app, userid, kind, fields)
    content = json.dumps({"msgtype": kind, kind: _kept(kind, given)}, ensure_ascii=False)
    sandbox.store.insert(
        "app_inputs", agentid=app.agent_id, userid=userid, at=sandbox.clock.now(), content=content
    )
    return number


def written(sandbox: Sandbox, agent_id: int, userid: str) -> list[dict[str, Any]]:
    """What a member sent an app, oldest first."""
    rows = sandbox.store.rows(
        "SELECT * FROM app_inputs WHERE agentid = ? AND userid = ? ORDER BY id", agent_id, userid
    )
    return [dict(row) | {"content": json.loads(row["content"])} for row in rows]


def _asked(sandbox: Sandbox, kind: str, given: dict[str, Any]) -> Fields:
    if kind in _SCANS:
        info = {"ScanType": str(given.get("scan_type") or "qrcode"), "ScanResult": str(given.get("result") or "")}  # fmt: skip
        return {"ScanCodeInfo": info}
    if kind in _PICTURES:
        sums = [
            hashlib.md5(media_store.need(sandbox, str(one), "image")["body"], usedforsecurity=False).hexdigest()
            for one in given.get("media_ids") or []
        ]  # fmt: skip
        pictures = {"item": [{"PicMd5Sum": one} for one in sums]}
        return {"SendPicsInfo": {"Count": len(sums), "PicList": pictures}}
    if kind == "location_select":
        place = {
            "Location_X": str(given.get("latitude", "")), "Location_Y": str(given.get("longitude", "")),
            "Scale": str(given.get("scale", 16)), "Label": str(given.get("label", "")),
            "Poiname": str(given.get("poiname", "")),
        }  # fmt: skip
        return {"SendLocationInfo": place, "AppType": APP_TYPE}
    return {}


def _message(sandbox: Sandbox, kind: str, given: dict[str, Any]) -> Fields:
    if kind == "text":
        return {"Content": str(given["content"])[:_MOST_TEXT]}
    if kind == "location":
        return {
            "Location_X": float(given["latitude"]), "Location_Y": float(given["longitude"]),
            "Scale": int(given.get("scale", 16)), "Label": str(given.get("label", "")),
            "AppType": APP_TYPE,
        }  # fmt: skip
    if kind == "link":
        return {
            "Title": str(given["title"]), "Description": str(given.get("description", "")),
            "Url": str(given["url"]), "PicUrl": str(given.get("picurl", "")),
        }  # fmt: skip
    media_id = str(given["media_id"])
    media_store.need(sandbox, media_id, kind)
    more: dict[str, Fields] = {
        "image": {"PicUrl": f"/wwpic/{media_id}/0", "MediaId": media_id},
        "voice": {"MediaId": media_id, "Format": "amr"},
        "video": {"MediaId": media_id, "ThumbMediaId": str(given.get("thumb_media_id") or media_id)},
    }  # fmt: skip
    return more[kind]


def _kept(kind: str, given: dict[str, Any]) -> dict[str, Any]:
    """As chats show it: media by ``mediaid``, links by ``link``."""
    if "media_id" in given:
        return {"mediaid": given["media_id"]}
    return {**given, "link": given["url"]} if kind == "link" else given
