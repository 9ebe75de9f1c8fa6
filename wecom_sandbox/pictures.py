"""Pictures WeCom's servers would serve: QR codes, uploaded pictures, faces."""

import io

import segno
from werkzeug.routing import Rule
from werkzeug.wrappers import Request, Response

from wecom_sandbox.marketing import ways
from wecom_sandbox.sandbox import Sandbox


def rules() -> list[Rule]:
    """Routes of this module."""
    return [
        Rule("/wwhead/<short_id>/0", endpoint=qr_picture, methods=["GET"]),
        Rule("/wwpic/<media_id>/0", endpoint=uploaded_picture, methods=["GET"]),
    ]


def base_url(sandbox: Sandbox, request: Request) -> str:
    """How this caller reaches the sandbox."""
    return sandbox.public_url or request.host_url.rstrip("/")


def qr_picture(sandbox: Sandbox, request: Request, short_id: str) -> Response:
    """The QR of a contact way as PNG."""
    row = ways.by_link(sandbox.store, short_id)
    if row is None:
        return Response("no such picture", status=404, mimetype="text/plain")
    link = ways.link_of(row, base_url(sandbox, request), sandbox.behaviour.qr_links)
    picture = io.BytesIO()
    segno.make_qr(link, error="m").save(picture, kind="png", scale=8, border=4)
    return Response(picture.getvalue(), mimetype="image/png")


def uploaded_picture(sandbox: Sandbox, request: Request, media_id: str) -> Response:
    """A picture uploaded by media/uploadimg."""
    row = sandbox.store.row(
        "SELECT * FROM media WHERE media_id = ? AND (kind = 'picture' OR kind LIKE '%image')",
        media_id,
    )
    if row is None:
        return Response("no such picture", status=404, mimetype="text/plain")
    return Response(row["body"], mimetype=row["content_type"])
