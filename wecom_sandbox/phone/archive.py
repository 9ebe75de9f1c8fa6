"""The archive on the customer's phone: the question whether the chat may be kept (archive.md)."""

from typing import Any

from werkzeug.routing import Rule
from werkzeug.wrappers import Request, Response

from wecom_sandbox import pages
from wecom_sandbox.archive import archive
from wecom_sandbox.errors import NotPossibleError
from wecom_sandbox.sandbox import Sandbox


def rules() -> list[Rule]:
    """Routes of this module."""
    path = "/phone/p/<person_id>/chat/<userid>/archive"
    return [Rule(path, endpoint=decide, methods=["POST"])]


def question(sandbox: Sandbox, relation: Any) -> str:
    """What the chat page shows: ``ask``, ``Agree``, ``Disagree``, or nothing where nothing is kept."""
    if relation["status"] != "active" or not archive.is_kept(sandbox, relation["userid"]):
        return ""
    decided = archive.consent(sandbox, relation["external_userid"], relation["userid"])
    return str(decided["status"]) if decided is not None else "ask"


def decide(sandbox: Sandbox, request: Request, person_id: str, userid: str) -> Response:
    """The customer agrees, or does not."""
    try:
        archive.decide(sandbox, userid, person_id, agree=request.form.get("answer") == "agree")
    except NotPossibleError:
        return pages.nobody(sandbox, request)
    return pages.redirect(f"/phone/p/{person_id}/chat/{userid}")
