"""Customer groups on the customer's phone: codes, invitations, talking, leaving."""

import io
import json

import segno
from werkzeug.routing import Rule
from werkzeug.wrappers import Request, Response

from wecom_sandbox import pages
from wecom_sandbox.errors import NotPossibleError, WeComError
from wecom_sandbox.groups import group_talk, groups, join_ways
from wecom_sandbox.phone.groups import card, inside, nobody, say
from wecom_sandbox.sandbox import Sandbox

_PEOPLE = 40
pages.menu_entry("customer", "Groups", "/phone/p/{id}/groups")


def rules() -> list[Rule]:
    """Routes of this module."""
    return [
        Rule("/g/<short_id>", endpoint=open_code, methods=["GET"]),
        Rule("/wwgroup/<short_id>/0", endpoint=picture, methods=["GET"]),
        Rule("/phone/p/<person_id>/groups", endpoint=overview, methods=["GET", "POST"]),
        Rule("/phone/p/<person_id>/code/<short_id>", endpoint=join, methods=["GET", "POST"]),
        Rule("/phone/p/<person_id>/g/<chat_id>", endpoint=chat, methods=["GET", "POST"]),
    ]


def opened(sandbox: Sandbox, person_id: str, link: str) -> str | None:
    """Where a scanned or pasted code of groups leads this customer; None when it is none."""
    row = join_ways.by_link(sandbox.store, link)
    return f"/phone/p/{person_id}/code/{row['short_id']}" if row is not None else None


def open_code(sandbox: Sandbox, request: Request, short_id: str) -> Response:
    """What a camera opens: go on as the customer of last time, or choose one."""
    row = join_ways.by_link(sandbox.store, short_id)
    if row is None:
        return pages.render(sandbox, request, "refusal.html", status=404, problem="No such code.")
    return choose(sandbox, request, "/phone/p/{id}/code/" + str(row["short_id"]), "Join the group")


def choose(sandbox: Sandbox, request: Request, target: str, title: str) -> Response:
    """Go on to ``target`` (with ``{id}``) as the customer of last time, or choose one."""
    person = sandbox.people.get(request.args.get("as") or request.cookies.get("person", ""))
    if person is not None and "choose" not in request.args:
        return pages.redirect(target.replace("{id}", person.id))
    search = request.args.get("q", "").strip()
    people = sandbox.people.search(search, _PEOPLE) if search else sandbox.people.page(0, _PEOPLE)
    links = [(one, target.replace("{id}", one.id)) for one in people]
    return pages.render(sandbox, request, "as_whom.html", people=links, q=search, title=title)


def picture(sandbox: Sandbox, request: Request, short_id: str) -> Response:
    """The QR of a code as PNG."""
    row = join_ways.by_link(sandbox.store, short_id)
    if row is None:
        return Response("no such picture", status=404, mimetype="text/plain")
    base_url = sandbox.public_url or request.host_url.rstrip("/")
    link = join_ways.link_of(row, base_url, sandbox.behaviour.qr_links)
    drawn = io.BytesIO()
    segno.make_qr(link, error="m").save(drawn, kind="png", scale=8, border=4)
    return Response(drawn.getvalue(), mimetype="image/png")


def overview(sandbox: Sandbox, request: Request, person_id: str) -> Response:
    """The customer's groups and invitations, and codes he could scan."""
    person = sandbox.people.get(person_id)
    if person is None:
        return nobody(sandbox, request)
    if request.method == "POST":
        try:
            chat_id = groups.accept(sandbox, int(request.form["invitation"]), person)
        except (NotPossibleError, WeComError, ValueError, KeyError):
            return pages.redirect(f"/phone/p/{person.id}/groups")
        return pages.redirect(f"/phone/p/{person.id}/g/{chat_id}")
    found = groups.groups_of(sandbox.store, person.external_userid)
    invited = groups.invitations(sandbox.store, person.id)
    return pages.render(
        sandbox, request, "customer_groups.html", person=person,
        groups=[card(sandbox, row["chat_id"]) for row in found],
        invitations=[dict(one) | {"by": group_talk.name_of(sandbox, one["invitor"])} for one in invited],
        codes=join_ways.listed(sandbox.store)[:50],
    )  # fmt: skip


def join(sandbox: Sandbox, request: Request, person_id: str, short_id: str) -> Response:
    """What a code of groups shows, and coming in."""
    person = sandbox.people.get(person_id)
    row = join_ways.by_link(sandbox.store, short_id)
    if person is None or row is None:
        return nobody(sandbox, request)
    problem = ""
    if request.method == "POST":
        try:
            chat_id = join_ways.scan(sandbox, row, person)
            return pages.redirect(f"/phone/p/{person.id}/g/{chat_id}")
        except (NotPossibleError, WeComError):
            problem = "Every group of this code is full."
    present = join_ways.already_in(sandbox, row, person)
    shown = str(present or json.loads(row["data"])["chat_id_list"][0])
    known = groups.find(sandbox.store, shown)
    return pages.render(
        sandbox, request, "group_join.html", person=person, problem=problem, present=present,
        way=row, group=card(sandbox, shown) if known else None,
    )  # fmt: skip


def chat(sandbox: Sandbox, request: Request, person_id: str, chat_id: str) -> Response:
    """A group's chat; leaving it."""
    person = sandbox.people.get(person_id)
    if person is None:
        return nobody(sandbox, request)
    me, problem = person.external_userid, ""
    if groups.membership(sandbox.store, chat_id, me) is None:
        return nobody(sandbox, request)
    if request.method == "POST":
        if request.form.get("do") == "leave":
            groups.leave(sandbox, chat_id, me)
            return pages.redirect(f"/phone/p/{person.id}/groups")
        problem = say(sandbox, request, chat_id, me)
        if not problem:
            return pages.redirect(f"/phone/p/{person.id}/g/{chat_id}#end")
    return pages.render(
        sandbox, request, "group.html", member=None, person=person, me=me, problem=problem,
        group=card(sandbox, chat_id), said=group_talk.said(sandbox, chat_id),
        inside=inside(sandbox, chat_id), back=f"/phone/p/{person.id}/groups",
        here=f"/phone/p/{person.id}/g/{chat_id}",
    )  # fmt: skip
