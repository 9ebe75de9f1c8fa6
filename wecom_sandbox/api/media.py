"""Media (messaging-media.md §4)."""

from typing import Any
from urllib.parse import quote

from werkzeug.wrappers import Response

from wecom_sandbox import media_store
from wecom_sandbox.call import Call
from wecom_sandbox.endpoints import Access, endpoint
from wecom_sandbox.errors import WeComError


@endpoint(
    "POST", "media/upload", doc="90253", access=Access.ANY,
    rules="40004 type; 41005 44001 40005 40006 40009 40010 40011; three days",
)  # fmt: skip
def upload(call: Call) -> dict[str, Any]:
    """Keep a file for three days."""
    kind_name = call.query.get("type", "")
    kind = media_store.KINDS.get(kind_name)
    if kind is None:
        raise WeComError(40004)
    media_id = media_store.keep(call.sandbox, kind_name, kind, call.upload())
    # created_at is a string in every known sample.
    created_at = str(call.sandbox.clock.seconds())
    return {"type": kind_name, "media_id": media_id, "created_at": created_at}


@endpoint(
    "POST",
    "media/uploadimg",
    doc="90256",
    access=Access.ANY,
    rules="jpg or png up to 2 MB; permanent",
)
def uploadimg(call: Call) -> dict[str, Any]:
    """Keep a picture for ever under a URL."""
    picture = media_store.UPLOADED_PICTURE
    media_id = media_store.keep(call.sandbox, "picture", picture, call.upload())
    return {"url": f"{call.base_url}/wwpic/{media_id}/0"}


@endpoint(
    "GET", "media/get", doc="90254", access=Access.ANY, rules="41006, 40007 unknown or expired"
)
def get(call: Call) -> Response:
    """The bytes of a file."""
    row = media_store.need(
        call.sandbox, call.need_query("media_id", 41006), "image", "voice", "video", "file"
    )
    answer = Response(row["body"], mimetype=row["content_type"])
    answer.headers["Content-Disposition"] = f"attachment; filename*=utf-8''{quote(row['filename'])}"
    return answer
