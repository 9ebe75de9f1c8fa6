"""Group robots (messaging-media.md §3)."""

import base64
import binascii
import hashlib
import json
from typing import Any

from wecom_sandbox.apps import media_store, message_checks, template_cards
from wecom_sandbox.call import BAD_PARAMETER, Call
from wecom_sandbox.endpoints import Access, endpoint
from wecom_sandbox.errors import WeComError
from wecom_sandbox.rates import MINUTE, ROBOT_PER_MINUTE

_MOST_BYTES = {"text": 2048, "markdown": 4096, "markdown_v2": 4096}
_TYPES = ("text", "markdown", "markdown_v2", "image", "news", "file", "voice", "template_card")
_MOST_PICTURE = 2 * media_store.MEGABYTE


@endpoint(
    "POST", "webhook/send", doc="91770", access=Access.OPEN,
    rules="93000 bad key, 40008, 44004, 45002 too long, 40009 40005 40058 picture, 45008 news, 40007 files of others, "
    "two cards, 20 a minute (45009)",
)  # fmt: skip
def send(call: Call) -> dict[str, Any]:
    """Post into the robot's group."""
    key = _key(call)
    msgtype = call.text("msgtype")
    if msgtype not in _TYPES:
        raise WeComError(40008)
    content = call.section(msgtype)
    if not content:
        raise WeComError(44004)
    _check(call, msgtype, content, key)
    call.sandbox.rates.count(f"webhook:{key}", ROBOT_PER_MINUTE, MINUTE)
    call.sandbox.store.insert(
        "robot_messages", key=key, at=call.sandbox.clock.now(),
        content=json.dumps(call.body, ensure_ascii=False),
    )  # fmt: skip
    return {}


@endpoint(
    "POST", "webhook/upload_media", doc="91770", access=Access.OPEN,
    rules="93000, 40004, sizes; for this robot only, three days",
)  # fmt: skip
def upload_media(call: Call) -> dict[str, Any]:
    """Keep a file for the robot."""
    key = _key(call)
    kind_name = call.query.get("type", "")
    if kind_name not in ("file", "voice"):
        raise WeComError(40004)
    kind = media_store.KINDS[kind_name]
    media_id = media_store.keep(call.sandbox, _kind(key, kind_name), kind, call.upload())
    created_at = str(call.sandbox.clock.seconds())
    return {"type": kind_name, "media_id": media_id, "created_at": created_at}


def _check(call: Call, msgtype: str, content: dict[str, Any], key: str) -> None:
    if msgtype in _MOST_BYTES:
        if not content.get("content"):
            raise WeComError(44004)
        if len(str(content["content"]).encode()) > _MOST_BYTES[msgtype]:
            raise WeComError(45002)
    elif msgtype == "image":
        _check_picture(content)
    elif msgtype == "news":
        message_checks.check(call.sandbox, "news", content)
    elif msgtype == "template_card":
        if content.get("card_type") not in template_cards.NOTICES:
            raise WeComError(BAD_PARAMETER, "a robot posts text_notice and news_notice only")
        template_cards.check(call.sandbox, content)
    else:
        media_id = str(content.get("media_id", ""))
        media_store.need(call.sandbox, media_id, _kind(key, msgtype))


def _check_picture(content: dict[str, Any]) -> None:
    """At most 2 MB of jpg or png before base64, with the md5 of these bytes."""
    try:
        picture = base64.b64decode(str(content.get("base64", "")), validate=True)
    except (binascii.Error, ValueError):
        raise WeComError(BAD_PARAMETER, "invalid base64") from None
    if len(picture) > _MOST_PICTURE:
        raise WeComError(40009)
    if not picture.startswith(media_store.PICTURES):
        raise WeComError(40005)
    if hashlib.md5(picture, usedforsecurity=False).hexdigest() != content.get("md5"):
        raise WeComError(301019)


def _kind(key: str, kind_name: str) -> str:
    return f"robot:{key}:{kind_name}"


def _key(call: Call) -> str:
    key = call.query.get("key", "")
    if not call.sandbox.store.value("SELECT 1 FROM robots WHERE key = ?", key):
        raise WeComError(93000)
    return key
