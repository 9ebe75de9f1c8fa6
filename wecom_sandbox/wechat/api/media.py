"""Files for messages: upload and download (as the messages of wechat.md §9, §12 need them)."""

from typing import Any

from werkzeug.wrappers import Response

from wecom_sandbox.wechat import media
from wecom_sandbox.wechat.call import Call
from wecom_sandbox.wechat.errors import WeChatError
from wecom_sandbox.wechat.registry import Access, endpoint


@endpoint("POST", "/cgi-bin/media/upload", access=Access.ANY, doc="§6", day=100_000, rules="image, voice, video, thumb; size by kind (45002); three days")  # fmt: skip
def upload(call: Call) -> dict[str, Any]:
    """Keep a file."""
    kind = call.query.get("type", "")
    if kind not in media.LIMITS:
        raise WeChatError(40004)
    body = call.upload.read() if call.upload is not None else b""
    if not body:
        raise WeChatError(41005)
    if len(body) > media.LIMITS[kind]:
        raise WeChatError(45002)
    content_type = call.upload.mimetype if call.upload is not None else ""
    media_id = media.keep(call.sandbox, call.caller, kind, body, content_type)
    return {"type": kind, "media_id": media_id, "created_at": call.sandbox.clock.seconds()}


@endpoint("GET", "/cgi-bin/media/get", access=Access.ANY, doc="§6", day=200_000, rules="own files of three days (40007)")  # fmt: skip
def get(call: Call) -> Response:
    """The file itself."""
    row = media.need(call.sandbox, call.caller, call.query.get("media_id", ""))
    return Response(row["body"], mimetype=row["content_type"] or "application/octet-stream")
