"""An acquisition link on a customer's phone: opened somewhere, it shows a guide's card."""

import sqlite3
from urllib.parse import urlencode

from werkzeug.routing import Rule
from werkzeug.wrappers import Request, Response

from wecom_sandbox import due, pages
from wecom_sandbox.contacts import members
from wecom_sandbox.customers import relations
from wecom_sandbox.customers.people import Person
from wecom_sandbox.defaults import CORP_NAME
from wecom_sandbox.errors import NotPossibleError
from wecom_sandbox.marketing import acquisition, acquisition_links, acquisition_quotas
from wecom_sandbox.sandbox import Sandbox

_SHOWN = 40


def rules() -> list[Rule]:
    """Routes of this module."""
    return [
        Rule("/ca/<link_id>", endpoint=open_link, methods=["GET"]),
        Rule("/phone/p/<person_id>/ca/<link_id>", endpoint=card, methods=["GET", "POST"]),
    ]


def address(person: Person, row: sqlite3.Row, channel: str) -> str:
    """Where a customer sees a link on his phone."""
    query = f"?{urlencode({'customer_channel': channel})}" if channel else ""
    return f"/phone/p/{person.id}/ca/{row['link_id']}{query}"


def open_link(sandbox: Sandbox, request: Request, link_id: str) -> Response:
    """What a browser opens: go on as the customer of last time, or choose one."""
    found = acquisition_links.parse(sandbox.store, request.full_path)
    if found is None:
        return pages.render(sandbox, request, "refusal.html", status=404, problem="No such link.")
    row, channel = found
    person = sandbox.people.get(request.args.get("as") or request.cookies.get("person", ""))
    if person is not None and "choose" not in request.args:
        return pages.redirect(address(person, row, channel))
    search = request.args.get("q", "").strip()
    people = sandbox.people.search(search, _SHOWN) if search else sandbox.people.page(0, _SHOWN)
    return pages.render(
        sandbox, request, "link_choose.html", people=people, q=search, channel=channel,
        link=row["link_id"],
    )  # fmt: skip


def card(sandbox: Sandbox, request: Request, person_id: str, link_id: str) -> Response:
    """The card of the guide WeCom picks, and adding him."""
    person = sandbox.people.get(person_id)
    found = acquisition_links.parse(sandbox.store, f"{link_id}?{request.query_string.decode()}")
    if person is None or found is None:
        return pages.nobody(sandbox, request)
    row, channel = found
    due.settle(sandbox)
    if request.method == "POST":
        try:
            added = acquisition.add(sandbox, row, person, channel)
        except NotPossibleError:
            return pages.redirect(address(person, row, channel))
        return pages.redirect(f"/phone/p/{person.id}/chat/{added.userid}")
    acquisition.open_link(sandbox, row, person, channel)
    chosen = acquisition_links.choose(sandbox, row, person)
    present = relations.open_relation(sandbox, chosen, person.id) if chosen else None
    response = pages.render(
        sandbox, request, "link_card.html", person=person, link=row, channel=channel, corp=CORP_NAME,
        member=members.find(sandbox.store, chosen) if chosen else None, present=present,
        used_up=acquisition_quotas.balance(sandbox) == 0,
    )  # fmt: skip
    response.set_cookie("person", person.id)
    return response
