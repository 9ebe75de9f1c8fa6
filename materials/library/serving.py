"""Gives files out: pictures and videos to look at, everything else to save; nothing a browser would run."""

import re
from urllib.parse import quote

from django.db.models.fields.files import FieldFile
from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from materials.library.models import StoredFile

RANGE = re.compile(r"bytes=(\d{0,12})-(\d{0,12})")
# Even if somebody opened it as a page: no script, no form, no frame.
POLICY = "default-src 'none'; media-src 'self'; style-src 'unsafe-inline'; sandbox"


def file_response(request: HttpRequest, stored: StoredFile, *, public: bool) -> HttpResponseBase:
    """Return the file; a video may be asked for in pieces, as phones do."""
    inline = stored.kind != StoredFile.Kind.FILE
    response = _whole_or_piece(request, stored.content, stored.size)
    return _guarded(response, stored.content_type, stored.filename, inline=inline, public=public)


def thumb_response(stored: StoredFile, *, public: bool) -> HttpResponseBase:
    """Return the small copy of a picture."""
    response = HttpResponse(stored.thumb.read())
    return _guarded(response, "image/jpeg", "thumb.jpg", inline=True, public=public)


def _whole_or_piece(request: HttpRequest, content: FieldFile, size: int) -> HttpResponseBase:
    wanted = RANGE.fullmatch(request.headers.get("Range", ""))
    if wanted is None or wanted.group(0) == "bytes=-":
        response: HttpResponseBase = FileResponse(content.open("rb"))
        response["Accept-Ranges"] = "bytes"
        return response
    first, last = _span(wanted.group(1), wanted.group(2), size)
    if first > last:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    with content.open("rb") as opened:
        opened.seek(first)
        piece = opened.read(last - first + 1)
    return HttpResponse(
        piece,
        status=206,
        headers={"Content-Range": f"bytes {first}-{last}/{size}", "Accept-Ranges": "bytes"},
    )


def _span(first: str, last: str, size: int) -> tuple[int, int]:
    if not first:
        return max(0, size - int(last)), size - 1
    return int(first), min(int(last), size - 1) if last else size - 1


def _guarded(
    response: HttpResponseBase, content_type: str, filename: str, *, inline: bool, public: bool
) -> HttpResponseBase:
    ascii_name = filename.encode("ascii", "ignore").decode().replace('"', "") or "file"
    kind = "inline" if inline else "attachment"
    response["Content-Type"] = content_type
    response["Content-Disposition"] = (
        f"{kind}; filename=\"{ascii_name}\"; filename*=UTF-8''{quote(filename)}"
    )
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = POLICY
    # A public one stands as the picture of a card in chats, which are pages of other hosts.
    response["Cross-Origin-Resource-Policy"] = "cross-origin" if public else "same-site"
    response["X-Robots-Tag"] = "noindex"
    response["Cache-Control"] = "public, max-age=300" if public else "private, max-age=60"
    return response
