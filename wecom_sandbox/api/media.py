"""Media (messaging-media.md §4)."""

import re
import sqlite3
from typing import Any
from urllib.parse import quote

from werkzeug.datastructures import Headers
from werkzeug.http import parse_range_header
from werkzeug.wrappers import Response

from wecom_sandbox.apps import media_jobs, media_store
from wecom_sandbox.call import BAD_PARAMETER, Call
from wecom_sandbox.endpoints import Access, endpoint
from wecom_sandbox.errors import TEXTS, WeComError

_PER_MINUTE = 5000
_MD5 = re.compile(r"[0-9a-fA-F]{32}")


@endpoint(
    "POST", "media/upload", doc="90253", access=Access.ANY,
    rules="40004 type; 41005 44001 40005 40006 40009 40010 40011 45007; three days; 5,000 a minute",
)  # fmt: skip
def upload(call: Call) -> dict[str, Any]:
    """Keep a file for three days."""
    kind_name = call.query.get("type", "")
    kind = media_store.KINDS.get(kind_name)
    if kind is None:
        raise WeComError(40004)
    call.sandbox.rates.count("media/upload:files", _PER_MINUTE, 60.0)
    media_id = media_store.keep(call.sandbox, kind_name, kind, call.upload())
    # created_at is a string in every known sample.
    created_at = str(call.sandbox.clock.seconds())
    return {"type": kind_name, "media_id": media_id, "created_at": created_at}


@endpoint(
    "POST", "media/uploadimg", doc="90256", access=Access.ANY,
    rules="jpg or png up to 2 MB; permanent; 1,000 a day, 3,000 in 30 days (45009)",
)  # fmt: skip
def uploadimg(call: Call) -> dict[str, Any]:
    """Keep a picture for ever under a URL."""
    picture = media_store.UPLOADED_PICTURE
    media_id = media_store.keep(call.sandbox, "picture", picture, call.upload())
    return {"url": f"{call.base_url}/wwpic/{media_id}/0"}


@endpoint(
    "POST", "media/upload_attachment", doc="95098", access=Access.APP,
    rules="attachment_type 1 moment, 2 album (picture only); 40004 media_type; sizes; three days",
)  # fmt: skip
def upload_attachment(call: Call) -> dict[str, Any]:
    """Keep a file for a moment or the product album; of no use elsewhere."""
    kinds = media_store.ATTACHMENTS.get(call.query_number("attachment_type") or 0)
    if kinds is None:
        raise WeComError(BAD_PARAMETER, "invalid attachment_type")
    media_type = call.query.get("media_type", "")
    kind = kinds.get(media_type)
    if kind is None:
        raise WeComError(40004)
    name = f"attachment{call.query['attachment_type']}:{media_type}"
    media_id = media_store.keep(call.sandbox, name, kind, call.upload())
    created_at = call.sandbox.clock.seconds()
    return {"type": media_type, "media_id": media_id, "created_at": created_at}


@endpoint(
    "GET", "media/get", doc="90254", access=Access.ANY,
    rules="41006, 40007 unknown or expired; Range",
)  # fmt: skip
def get(call: Call) -> Response:
    """The bytes of a file."""
    media_id = call.need_query("media_id", 41006)
    return _file(call, media_store.need(call.sandbox, media_id, "image", "voice", "video", "file"))


@endpoint(
    "GET", "media/get/jssdk", doc="90255", access=Access.ANY,
    rules="41006, 40007 for all but voices that a page's JS-SDK uploaded",
)  # fmt: skip
def get_jssdk(call: Call) -> Response:
    """The voice a member recorded in a page of the app, in better quality (speex, 16 kHz)."""
    return _file(call, media_store.need(call.sandbox, call.need_query("media_id", 41006), "jssdk"))


@endpoint(
    "POST", "media/upload_by_url", doc="96219", access=Access.APP,
    rules="scene 1; video or file; http address with Range; md5; result later",
)  # fmt: skip
def upload_by_url(call: Call) -> dict[str, Any]:
    """Let WeCom fetch a file of up to 200 MB."""
    call.number("scene", 0, least=1, most=1)
    kind, url, md5 = call.need_text("type"), call.need_text("url"), call.text("md5")
    if call.body.get("scene") is None or kind not in media_jobs.TYPES:
        raise WeComError(BAD_PARAMETER, "scene must be 1, type video or file")
    if not url.startswith(("http://", "https://")):
        raise WeComError(830001)
    if md5 and not _MD5.fullmatch(md5):
        raise WeComError(BAD_PARAMETER, "invalid md5")
    data = {
        "scene": 1, "type": kind, "url": url, "md5": md5.lower(),
        "filename": call.need_text("filename"),
    }  # fmt: skip
    return {"jobid": media_jobs.begin(call.sandbox, data, call.caller.name)}


@endpoint(
    "POST", "media/get_upload_by_url_result", doc="96219", access=Access.APP,
    rules="40088 unknown; status 1 under way, 2 done, 3 failed (45001 301019 830001 830003)",
)  # fmt: skip
def get_upload_by_url_result(call: Call) -> dict[str, Any]:
    """Whether the file is there, and its media_id."""
    row = media_jobs.find(call.sandbox, call.need_text("jobid"), call.caller.name)
    if row is None:
        raise WeComError(40088)
    if row["status"] == media_jobs.RUNNING:
        return {"status": row["status"], "detail": {"errcode": 0, "errmsg": "ok"}}
    code = row["errcode"]
    detail: dict[str, Any] = {"errcode": code, "errmsg": TEXTS[code] if code else "ok"}
    if not code:
        detail |= {"media_id": row["media_id"], "created_at": int(row["created_at"])}
    return {"status": row["status"], "detail": detail}


def _file(call: Call, row: sqlite3.Row) -> Response:
    """The file or the piece of it that was asked for."""
    headers = Headers({"Accept-Ranges": "bytes"})
    headers["Content-Disposition"] = f"attachment; filename*=utf-8''{quote(row['filename'])}"
    wished = parse_range_header(call.headers.get("Range"))
    piece = wished.range_for_length(row["size"]) if wished else None
    if wished and piece is None:
        headers["Content-Range"] = f"bytes */{row['size']}"
        return Response(status=416, headers=headers)
    begin, end = piece or (0, row["size"])
    if wished:
        headers["Content-Range"] = f"bytes {begin}-{end - 1}/{row['size']}"
    return Response(
        row["body"][begin:end], 206 if wished else 200, headers, mimetype=row["content_type"]
    )
