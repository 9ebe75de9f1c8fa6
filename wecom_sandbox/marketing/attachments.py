"""Attachments of welcome messages and mass sends (marketing.md §3)."""

from typing import Any

from wecom_sandbox.apps import media_store
from wecom_sandbox.call import BAD_PARAMETER
from wecom_sandbox.errors import WeComError
from wecom_sandbox.sandbox import Sandbox

MOST = 9
# Type: required fields, then most bytes of some fields.
_FIELDS: dict[str, tuple[tuple[str, ...], dict[str, int]]] = {
    "image": ((), {}),
    "link": (("title", "url"), {"title": 128, "url": 2048, "desc": 512, "picurl": 2048}),
    "miniprogram": (("title", "pic_media_id", "appid", "page"), {"title": 64}),
    "video": (("media_id",), {}),
    "file": (("media_id",), {}),
}
_MEDIA_KINDS = {"image": "image", "video": "video", "file": "file", "miniprogram": "image"}


def check(sandbox: Sandbox, items: object) -> list[dict[str, Any]]:
    """The attachments as given, checked; 40058, 40008 or 40007 otherwise."""
    if items is None:
        return []
    if not isinstance(items, list) or len(items) > MOST:
        raise WeComError(BAD_PARAMETER, f"attachments must be a list of at most {MOST}")
    for item in items:
        _check_one(sandbox, item)
    return items


def picture_url(image: dict[str, Any], base_url: str) -> str:
    """Where the picture of an image section is served: as given, or the uploaded media's address."""
    return str(image.get("pic_url") or f"{base_url}/wwpic/{image['media_id']}/0")


def _check_one(sandbox: Sandbox, item: object) -> None:
    kind = item.get("msgtype") if isinstance(item, dict) else None
    if not isinstance(item, dict) or not isinstance(kind, str) or kind not in _FIELDS:
        raise WeComError(40008)
    content = item.get(kind)
    if not isinstance(content, dict):
        raise WeComError(BAD_PARAMETER, f"{kind} missing")
    required, limits = _FIELDS[kind]
    for name in required:
        if not content.get(name):
            raise WeComError(BAD_PARAMETER, f"{kind}.{name} missing")
    for name, most in limits.items():
        if len(str(content.get(name, "")).encode()) > most:
            raise WeComError(BAD_PARAMETER, f"{kind}.{name} longer than {most} bytes")
    _check_media(sandbox, kind, content)


def _check_media(sandbox: Sandbox, kind: str, content: dict[str, Any]) -> None:
    media_id = content.get("pic_media_id" if kind == "miniprogram" else "media_id")
    if media_id:
        media_store.need(sandbox, str(media_id), _MEDIA_KINDS[kind])
    elif kind == "image" and not content.get("pic_url"):
        raise WeComError(BAD_PARAMETER, "image needs media_id or pic_url")
