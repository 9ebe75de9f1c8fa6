"""Group robots (messaging-media.md §3)."""

import json
from typing import Any

from wecom_sandbox import media_store
from wecom_sandbox.call import Call
from wecom_sandbox.endpoints import Access, endpoint
from wecom_sandbox.errors import WeComError
from wecom_sandbox.rates import MINUTE, ROBOT_PER_MINUTE

_MOST_BYTES = {"text": 2048, "markdown": 4096, "markdown_v2": 4096}
_TYPES = ("text", "markdown", "markdown_v2", "image", "news", "file", "voice", "template_card")


@endpoint(
    "POST", "webhook/send", doc="91770", access=Access.OPEN,
    rules="93000 bad key, 40008, 44004, 45002 too long, 20 a minute (45009)",
)  # fmt: skip
def send(call: Call) -> dict[str, Any]:
    """Post into the robot's group."""
    key = _key(call)
    msgtype = call.text("msgtype")
    if msgtype not in _TYPES:
        raise WeComError(40008)
    content = call.section(msgtype)
    if not content or (msgtype in _MOST_BYTES and not content.get("content")):
        raise WeComError(44004)
    if len(str(content.get("content", "")).encode()) > _MOST_BYTES.get(msgtype, 1 << 30):
        raise WeComError(45002)
    if msgtype in ("file", "voice"):
        media_store.need(call.sandbox, str(content.get("media_id", "")), msgtype)
    call.sandbox.rates.count(f"webhook:{key}", ROBOT_PER_MINUTE, MINUTE)
    call.sandbox.store.insert(
        "robot_messages", key=key, at=call.sandbox.clock.now(),
        content=json.dumps(call.body, ensure_ascii=False),
    )  # fmt: skip
    return {}


@endpoint(
    "POST", "webhook/upload_media", doc="91770", access=Access.OPEN, rules="93000, 40004, sizes"
)
def upload_media(call: Call) -> dict[str, Any]:
    """Keep a file for the robot."""
    _key(call)
    kind_name = call.query.get("type", "")
    if kind_name not in ("file", "voice"):
        raise WeComError(40004)
    kind = media_store.KINDS[kind_name]
    media_id = media_store.keep(call.sandbox, kind_name, kind, call.upload())
    created_at = str(call.sandbox.clock.seconds())
    return {"type": kind_name, "media_id": media_id, "created_at": created_at}


def _key(call: Call) -> str:
    key = call.query.get("key", "")
    if not call.sandbox.store.value("SELECT 1 FROM robots WHERE key = ?", key):
        raise WeComError(93000)
    return key
