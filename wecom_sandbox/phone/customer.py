"""The customer's side of the phone: WeChat."""

import json
import sqlite3
from typing import Any

from werkzeug.routing import Rule
from werkzeug.wrappers import Request, Response

from wecom_sandbox import pages
from wecom_sandbox.contacts import members
from wecom_sandbox.contacts.member_profile import shown_to_customers
from wecom_sandbox.customers import chats, follows, relations, transfers
from wecom_sandbox.customers.people import Person
from wecom_sandbox.defaults import CORP_NAME
from wecom_sandbox.errors import NotPossibleError
from wecom_sandbox.marketing import acquisition_links, ways
from wecom_sandbox.phone import acquisition as phone_acquisition
from wecom_sandbox.phone import archive as phone_archive
from wecom_sandbox.phone import group_customer as phone_group_customer
from wecom_sandbox.phone import kf as phone_kf
from wecom_sandbox.phone import media as phone_media
from wecom_sandbox.sandbox import Sandbox
from wecom_sandbox.wechat import phone as wechat_phone


def rules() -> list[Rule]:
    """Routes of this module."""
    return [
        Rule("/phone/p/<person_id>", endpoint=home, methods=["GET"]),
        Rule("/phone/p/<person_id>/scan", endpoint=scan, methods=["GET", "POST"]),
        Rule("/phone/p/<person_id>/add/<short_id>", endpoint=add, methods=["GET", "POST"]),
        Rule("/phone/p/<person_id>/chat/<userid>", endpoint=chat, methods=["GET", "POST"]),
        Rule("/phone/p/<person_id>/chat/<userid>/card", endpoint=card, methods=["GET"]),
        Rule("/phone/p/<person_id>/chat/<userid>/transfer", endpoint=transfer, methods=["POST"]),
        Rule("/phone/p/<person_id>/chat/<userid>/delete", endpoint=delete, methods=["POST"]),
    ]


def home(sandbox: Sandbox, request: Request, person_id: str) -> Response:
    """The customer's chats."""
    person = sandbox.people.get(person_id)
    if person is None:
        return _nobody(sandbox, request)
    past = follows.history(sandbox.store, person.external_userid)
    last = {row["userid"].lower(): row for row in past}
    rows = sorted(last.values(), key=lambda row: int(row["id"]), reverse=True)
    chats = [
        {
            "relation": row,
            "member": members.find(sandbox.store, row["userid"]),
            "last": _last_words(sandbox, row),
        }
        for row in rows
    ]
    return _page(
        sandbox,
        request,
        "customer.html",
        person,
        chats=chats,
        menu=pages.menu("customer", person.id),
    )


def scan(sandbox: Sandbox, request: Request, person_id: str) -> Response:
    """Choose a code or paste what a QR holds."""
    person = sandbox.people.get(person_id)
    if person is None:
        return _nobody(sandbox, request)
    problem = ""
    if request.method == "POST":
        row = ways.by_link(sandbox.store, request.form.get("link", ""))
        if row is not None:
            return pages.redirect(f"/phone/p/{person.id}/add/{row['short_id']}")
        link = acquisition_links.parse(sandbox.store, request.form.get("link", ""))
        if link is not None:
            return pages.redirect(phone_acquisition.address(person, *link))
        other = _elsewhere(sandbox, person, request.form.get("link", ""))
        if other is not None:
            return pages.redirect(other)
        problem = "No such code."
    rows = sandbox.store.rows("SELECT * FROM ways ORDER BY serial DESC LIMIT 50")
    codes = [_code(sandbox, row) for row in rows]
    return _page(sandbox, request, "scan.html", person, codes=codes, problem=problem)


def _elsewhere(sandbox: Sandbox, person: Person, link: str) -> str | None:
    """Where codes of groups, links of customer service, and codes and links of WeChat accounts lead."""
    group = phone_group_customer.opened(sandbox, person.id, link)
    service = phone_kf.opened(sandbox, person.id, link)
    return group or service or wechat_phone.opened(sandbox, person.id, link)


def add(sandbox: Sandbox, request: Request, person_id: str, short_id: str) -> Response:
    """The member's card after a scan, and adding him."""
    person = sandbox.people.get(person_id)
    row = ways.by_link(sandbox.store, short_id)
    if person is None or row is None:
        return _nobody(sandbox, request)
    if request.method == "POST":
        try:
            added = relations.scan(sandbox, row, person)
        except NotPossibleError:
            return pages.redirect(f"/phone/p/{person.id}/add/{short_id}")
        return pages.redirect(f"/phone/p/{person.id}/chat/{added.userid}")
    able = ways.eligible(sandbox.store, row)
    present = next((one for one in able if relations.open_relation(sandbox, one, person.id)), None)
    shown = present or (able[int(row["robin"]) % len(able)] if able else None)
    member = members.find(sandbox.store, shown) if shown else None
    return _page(
        sandbox, request, "add.html", person, way=row, data=json.loads(row["data"]), corp=CORP_NAME,
        member=member, profile=_profile(member), present=present,
    )  # fmt: skip


def card(sandbox: Sandbox, request: Request, person_id: str, userid: str) -> Response:
    """The card of a guide the customer knows."""
    person = sandbox.people.get(person_id)
    member = members.find(sandbox.store, userid)
    known = follows.history(sandbox.store, person.external_userid, userid) if person else []
    if person is None or member is None or not known:
        return _nobody(sandbox, request)
    return _page(
        sandbox, request, "guide_card.html", person, member=member, profile=_profile(member), corp=CORP_NAME,
    )  # fmt: skip


def _profile(member: sqlite3.Row | None) -> dict[str, Any]:
    return shown_to_customers(json.loads(member["data"])) if member is not None else {}


def chat(sandbox: Sandbox, request: Request, person_id: str, userid: str) -> Response:
    """The chat with one guide: what happened, the welcome message, what the two wrote."""
    person = sandbox.people.get(person_id)
    rows = follows.history(sandbox.store, person.external_userid, userid) if person else []
    if person is None or not rows:
        return _nobody(sandbox, request)
    if request.method == "POST":
        phone_media.say(sandbox, request, userid, person.id, sender=chats.CUSTOMER)
        return pages.redirect(f"/phone/p/{person.id}/chat/{userid}#end")
    member = members.find(sandbox.store, userid)
    asked = transfers.waiting_for(sandbox, person.id, userid)
    successor = members.find(sandbox.store, asked["takeover"]) if asked else None
    said = chats.between(sandbox, userid, person.id)
    ends = [row["createtime"] for row in rows[1:]] + [float("inf")]
    episodes: list[dict[str, Any]] = [
        {
            "relation": row,
            "welcome": _welcome(sandbox, row, person),
            # Whole seconds on one side: what was written at once still belongs to the new episode.
            "said": [one for one in said if row["createtime"] <= one["at"] < end],
        }
        for row, end in zip(rows, ends, strict=True)
    ]
    return _page(
        sandbox, request, "chat.html", person, member=member, corp=CORP_NAME, episodes=episodes,
        name=member["name"] if member else userid, userid=userid, last=rows[-1],
        asked=asked, successor=successor["name"] if successor else "",
        waiting=episodes[-1]["welcome"]["status"] == "open",
        archive=phone_archive.question(sandbox, rows[-1]),
    )  # fmt: skip


def transfer(sandbox: Sandbox, request: Request, person_id: str, userid: str) -> Response:
    """The customer lets the hand-over happen at once, or refuses it."""
    try:
        transfers.answer(sandbox, person_id, accept=request.form.get("answer") == "accept")
    except NotPossibleError:
        return _nobody(sandbox, request)
    return pages.redirect(f"/phone/p/{person_id}/chat/{userid}")


def delete(sandbox: Sandbox, request: Request, person_id: str, userid: str) -> Response:
    """The customer deletes the guide."""
    try:
        relations.delete(sandbox, userid, person_id, by="customer")
    except NotPossibleError:
        return _nobody(sandbox, request)
    return pages.redirect(f"/phone/p/{person_id}/chat/{userid}")


def _welcome(sandbox: Sandbox, relation: follows.Row, person: Person) -> dict[str, Any]:
    row = sandbox.store.row(
        "SELECT * FROM welcomes WHERE relation_id = ? ORDER BY sent_at IS NULL, issued_at DESC",
        relation["id"],
    )
    if row is None:
        return {"status": "none"}
    if row["sent_at"] is None:
        expired = row["expires_at"] < sandbox.clock.now()
        return {"status": "expired" if expired else "open"}
    content = json.loads(row["content"])
    text = content["text"].replace("%NICKNAME%", person.name)
    return {
        "status": "sent", "at": row["sent_at"], "text": text,
        "attachments": content["attachments"],
    }  # fmt: skip


def _last_words(sandbox: Sandbox, row: follows.Row) -> str:
    said = chats.between(sandbox, row["userid"], row["person_id"])
    if said and said[-1]["at"] >= row["createtime"]:
        return chats.words(said[-1]["content"])
    content = sandbox.store.value(
        "SELECT content FROM welcomes WHERE relation_id = ? AND sent_at IS NOT NULL", row["id"]
    )
    return str(json.loads(content)["text"]) if content else ""


def _code(sandbox: Sandbox, row: sqlite3.Row) -> dict[str, Any]:
    data = json.loads(row["data"])
    receivers = ways.expanded(sandbox.store, data["user"], data["party"])
    first = members.find(sandbox.store, receivers[0]) if receivers else None
    return {
        "short_id": row["short_id"],
        "title": data["remark"] or (first["name"] if first else row["short_id"]),
        "state": data["state"],
        "receivers": len(receivers),
        "skip_verify": data["skip_verify"],
        "qr": data["scene"] == 2,
    }


def _page(
    sandbox: Sandbox, request: Request, template: str, person: Person, **values: Any
) -> Response:
    response = pages.render(sandbox, request, template, person=person, **values)
    response.set_cookie("person", person.id)
    return response


def _nobody(sandbox: Sandbox, request: Request) -> Response:
    return pages.render(sandbox, request, "refusal.html", status=404, problem="Nobody found.")
