"""The guide's side of the phone: WeCom."""

import json
from typing import Any

from werkzeug.routing import Rule
from werkzeug.wrappers import Request, Response

from wecom_sandbox import pages
from wecom_sandbox.contacts import members
from wecom_sandbox.customers import chats, corp_tags, follows, relations
from wecom_sandbox.defaults import CORP_NAME
from wecom_sandbox.errors import NotPossibleError
from wecom_sandbox.marketing import intercepts
from wecom_sandbox.phone import media as phone_media
from wecom_sandbox.sandbox import Sandbox

_MESSAGES = 50
_CUSTOMERS = 200


def rules() -> list[Rule]:
    """Routes of this module."""
    return [
        Rule("/phone/m/<userid>", endpoint=home, methods=["GET"]),
        Rule("/phone/m/<userid>/c/<person_id>", endpoint=customer, methods=["GET", "POST"]),
        Rule("/phone/m/<userid>/c/<person_id>/chat", endpoint=chat, methods=["GET", "POST"]),
        Rule("/phone/m/<userid>/c/<person_id>/accept", endpoint=accept, methods=["POST"]),
        Rule("/phone/m/<userid>/c/<person_id>/delete", endpoint=delete, methods=["POST"]),
    ]


def home(sandbox: Sandbox, request: Request, userid: str) -> Response:
    """Customers, who waits to be confirmed, and messages of the app."""
    member = members.find(sandbox.store, userid)
    if member is None:
        return _nobody(sandbox, request)
    total = follows.count(sandbox.store, userid)
    rows = follows.newest(sandbox.store, userid, _CUSTOMERS)
    rows += follows.of_members(sandbox.store, [userid], ("half",))
    entries: list[dict[str, Any]] = [
        {"relation": row, "person": sandbox.people.get(row["person_id"]), "tags": _tag_names(sandbox, row)}
        for row in rows
    ]  # fmt: skip
    return _page(
        sandbox, request, "guide.html", member=member, corp=CORP_NAME,
        menu=pages.menu("guide", userid),
        active=[one for one in entries if one["relation"]["status"] == "active"],
        pending=[one for one in entries if one["relation"]["status"] == "half"],
        messages=_messages(sandbox, userid), tab=request.args.get("tab", "contacts"),
        app_home=chats.app_pages(sandbox)["home"], total=total,
    )  # fmt: skip


def customer(sandbox: Sandbox, request: Request, userid: str, person_id: str) -> Response:
    """One customer: remark, description, phones, tags."""
    member, person = members.find(sandbox.store, userid), sandbox.people.get(person_id)
    row = relations.open_relation(sandbox, userid, person_id)
    if member is None or person is None or row is None:
        return _nobody(sandbox, request)
    if request.method == "POST":
        relations.edit_in_client(sandbox, userid, person_id, _form_fields(request))
        return pages.redirect(f"/phone/m/{userid}/c/{person_id}?saved=1")
    groups = sandbox.store.rows("SELECT * FROM tag_groups ORDER BY ord DESC, serial")
    tags = sandbox.store.rows("SELECT * FROM tags ORDER BY ord DESC, serial")
    return _page(
        sandbox, request, "card.html", member=member, person=person, relation=row, groups=groups, tags=tags,
        chosen=set(relations.shown(sandbox, row)["tags"]), phones=json.loads(row["remark_mobiles"]),
        saved="saved" in request.args,
    )  # fmt: skip


def chat(sandbox: Sandbox, request: Request, userid: str, person_id: str) -> Response:
    """The chat with one customer, with the app's tool bar."""
    member, person = members.find(sandbox.store, userid), sandbox.people.get(person_id)
    row = relations.open_relation(sandbox, userid, person_id)
    if member is None or person is None or row is None or row["status"] != "active":
        return _nobody(sandbox, request)
    blocked = False
    if request.method == "POST":
        try:
            phone_media.say(sandbox, request, userid, person.id)
            return pages.redirect(f"/phone/m/{userid}/c/{person_id}/chat#end")
        except intercepts.InterceptedError:
            blocked = True
    return _page(
        sandbox, request, "guide_chat.html", member=member, person=person, relation=row, blocked=blocked,
        said=chats.between(sandbox, userid, person.id),
        tools=chats.app_pages(sandbox, row["external_userid"])["chat_tools"],
    )  # fmt: skip


def accept(sandbox: Sandbox, request: Request, userid: str, person_id: str) -> Response:
    """Confirm a customer."""
    try:
        relations.accept(sandbox, userid, person_id)
    except NotPossibleError:
        return _nobody(sandbox, request)
    return pages.redirect(f"/phone/m/{userid}/c/{person_id}")


def delete(sandbox: Sandbox, request: Request, userid: str, person_id: str) -> Response:
    """The guide deletes a customer."""
    try:
        relations.delete(sandbox, userid, person_id, by="member")
    except NotPossibleError:
        return _nobody(sandbox, request)
    return pages.redirect(f"/phone/m/{userid}")


def _form_fields(request: Request) -> dict[str, Any]:
    form = request.form
    return {
        "remark": form.get("remark", "")[:20],
        "description": form.get("description", "")[:150],
        "remark_mobiles": form.get("phones", "").split(),
        "tags": form.getlist("tag"),
    }


def _tag_names(sandbox: Sandbox, relation: follows.Row) -> list[str]:
    found = corp_tags.named(sandbox.store, follows.tag_ids(sandbox.store, relation))
    return [str(one["tag_name"]) for one in found]


def _messages(sandbox: Sandbox, userid: str) -> list[dict[str, Any]]:
    rows = sandbox.store.rows(
        "SELECT m.* FROM messages m JOIN message_recipients r ON r.message_id = m.id "
        "WHERE r.userid = ? AND r.dropped = '' ORDER BY m.id DESC LIMIT ?",
        userid, _MESSAGES,
    )  # fmt: skip
    return [dict(row) | {"content": json.loads(row["content"])} for row in rows]


def _page(
    sandbox: Sandbox, request: Request, template: str, *, member: Any, **values: Any
) -> Response:
    """A page of this member's phone; the log-in page offers whoever held it last first."""
    response = pages.render(sandbox, request, template, member=member, **values)
    response.set_cookie("member", member["userid"])
    return response


def _nobody(sandbox: Sandbox, request: Request) -> Response:
    return pages.render(sandbox, request, "refusal.html", status=404, problem="Nobody found.")
