"""Pictures that people put into chats on the phone."""

from typing import Any

from werkzeug.routing import Rule
from werkzeug.wrappers import Request, Response

from wecom_sandbox.apps import media_store
from wecom_sandbox.customers import chats, relations
from wecom_sandbox.errors import WeComError
from wecom_sandbox.sandbox import Sandbox

_MOST_TEXT = 4000


def rules() -> list[Rule]:
    """Routes of this module."""
    return [Rule("/wwmedia/<media_id>", endpoint=show, methods=["GET"])]


def show(sandbox: Sandbox, request: Request, media_id: str) -> Response:
    """A picture of a chat; on the phone it outlives the three days it has for the API."""
    row = sandbox.store.row(
        "SELECT * FROM media WHERE media_id = ? AND kind IN ('image', 'picture')", media_id
    )
    if row is None:
        return Response("no such picture", status=404, mimetype="text/plain")
    return Response(row["body"], mimetype=row["content_type"])


def message_of(sandbox: Sandbox, request: Request) -> dict[str, Any] | None:
    """What was sent by a form with ``text`` and ``picture``; None for neither, or a picture that is none."""
    upload = request.files.get("picture")
    if upload is not None and upload.filename:
        try:
            with sandbox.store.transaction():
                media_id = media_store.keep(sandbox, "image", media_store.KINDS["image"], upload)
        except WeComError:
            return None
        return {"msgtype": "image", "image": {"mediaid": media_id}}
    text = request.form.get("text", "").strip()[:_MOST_TEXT]
    return {"msgtype": "text", "text": {"content": text}} if text else None


def say(
    sandbox: Sandbox, request: Request, userid: str, person_id: str, *, sender: str = chats.MEMBER
) -> None:
    """Put what a form holds into the chat of two contacts; nothing without any, or when they are none."""
    relation = relations.open_relation(sandbox, userid, person_id)
    if relation is None or relation["status"] != "active":
        return
    message = message_of(sandbox, request)
    if message is not None:
        chats.say(sandbox, userid, person_id, message, sender=sender)
