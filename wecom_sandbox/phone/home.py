"""The phone: be any customer or any guide and do what they would do."""

import json
from typing import Any

from werkzeug.routing import Rule
from werkzeug.wrappers import Request, Response

from wecom_sandbox import pages
from wecom_sandbox.contacts import members
from wecom_sandbox.marketing import ways
from wecom_sandbox.phone import acquisition as phone_acquisition
from wecom_sandbox.phone import album as phone_album
from wecom_sandbox.phone import app as phone_app
from wecom_sandbox.phone import archive as phone_archive
from wecom_sandbox.phone import customer as phone_customer
from wecom_sandbox.phone import group_customer as phone_group_customer
from wecom_sandbox.phone import groups as phone_groups
from wecom_sandbox.phone import guide as phone_guide
from wecom_sandbox.phone import join as phone_join
from wecom_sandbox.phone import kf as phone_kf
from wecom_sandbox.phone import login as phone_login
from wecom_sandbox.phone import mass as phone_mass
from wecom_sandbox.phone import media as phone_media
from wecom_sandbox.phone import moments as phone_moments
from wecom_sandbox.phone import request as phone_request
from wecom_sandbox.sandbox import Sandbox

_SHOWN = 40


def rules() -> list[Rule]:
    """Routes of this module."""
    return [
        Rule("/phone", endpoint=choose, methods=["GET"]),
        Rule("/q/<short_id>", endpoint=open_link, methods=["GET"]),
        *phone_acquisition.rules(),
        *phone_album.rules(),
        *phone_archive.rules(),
        *phone_customer.rules(),
        *phone_guide.rules(),
        *phone_app.rules(),
        *phone_group_customer.rules(),
        *phone_groups.rules(),
        *phone_kf.rules(),
        *phone_media.rules(),
        *phone_mass.rules(),
        *phone_moments.rules(),
        *phone_join.rules(),
        *phone_login.rules(),
        *phone_request.rules(),
    ]


def choose(sandbox: Sandbox, request: Request) -> Response:
    """Choose who you are."""
    search = request.args.get("q", "").strip()
    people = sandbox.people.search(search, _SHOWN) if search else sandbox.people.page(0, _SHOWN)
    rows = sandbox.store.rows(
        "SELECT * FROM members WHERE instr(name, ?) OR instr(userid, ?) ORDER BY rowid LIMIT ?",
        search, search, _SHOWN,
    )  # fmt: skip
    tab = request.args.get("tab", "customers")
    return pages.render(
        sandbox, request, "choose.html", people=people, members=rows, q=search, tab=tab,
        posts={row["userid"]: json.loads(row["data"]).get("position", "") for row in rows},
        total=sandbox.people.count, total_members=sandbox.store.value("SELECT COUNT(*) FROM members"),
    )  # fmt: skip


def open_link(sandbox: Sandbox, request: Request, short_id: str) -> Response:
    """What a camera opens: go on as the customer of last time, or choose one."""
    row = ways.by_link(sandbox.store, short_id)
    if row is None:
        return pages.render(sandbox, request, "refusal.html", status=404, problem="No such code.")
    person = sandbox.people.get(request.args.get("as") or request.cookies.get("person", ""))
    if person is not None and "choose" not in request.args:
        return pages.redirect(f"/phone/p/{person.id}/add/{row['short_id']}")
    search = request.args.get("q", "").strip()
    people = sandbox.people.search(search, _SHOWN) if search else sandbox.people.page(0, _SHOWN)
    return pages.render(
        sandbox, request, "link.html", people=people, way=_way_words(sandbox, row), q=search
    )


def _way_words(sandbox: Sandbox, row: Any) -> dict[str, Any]:
    data = json.loads(row["data"])
    count = len(ways.expanded(sandbox.store, data["user"], data["party"]))
    first = members.find(sandbox.store, data["user"][0]) if data["user"] else None
    return {
        "short_id": row["short_id"],
        "remark": data["remark"] or (first["name"] if first else data["state"]),
        "members": count,
    }
