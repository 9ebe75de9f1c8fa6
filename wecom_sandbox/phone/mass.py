"""Mass messages on a guide's phone: what the corp asks to send, and writing one himself."""

from typing import Any

from werkzeug.routing import Rule
from werkzeug.wrappers import Request, Response

from wecom_sandbox import due, pages
from wecom_sandbox.contacts import members
from wecom_sandbox.customers import follows
from wecom_sandbox.errors import NotPossibleError
from wecom_sandbox.groups import groups
from wecom_sandbox.marketing import mass_messages, mass_sending
from wecom_sandbox.sandbox import Sandbox

_CUSTOMERS = 200

pages.menu_entry("guide", "Mass messages", "/phone/m/{id}/masses")


def rules() -> list[Rule]:
    """Routes of this module."""
    return [
        Rule("/phone/m/<userid>/masses", endpoint=listed, methods=["GET"]),
        Rule("/phone/m/<userid>/masses/new", endpoint=write, methods=["GET", "POST"]),
        Rule("/phone/m/<userid>/masses/<msgid>", endpoint=task, methods=["GET", "POST"]),
    ]


def listed(sandbox: Sandbox, request: Request, userid: str) -> Response:
    """Every mass message of the guide: waiting, sent, cancelled."""
    member = members.find(sandbox.store, userid)
    if member is None:
        return pages.nobody(sandbox, request)
    due.settle(sandbox)
    tasks = mass_sending.tasks_of(sandbox, member["userid"])
    return pages.render(sandbox, request, "masses.html", member=member, tasks=tasks)


def task(sandbox: Sandbox, request: Request, userid: str, msgid: str) -> Response:
    """One message: what it says, whom it goes to, and the button."""
    member = members.find(sandbox.store, userid)
    tasks = mass_sending.tasks_of(sandbox, member["userid"]) if member else []
    row = next((one for one in tasks if one["msgid"] == msgid), None)
    if member is None or row is None:
        return pages.nobody(sandbox, request)
    problem = ""
    if request.method == "POST":
        free = row["allow_select"] or row["chat_type"] == mass_messages.GROUP
        chosen = request.form.getlist("receiver") if free and "receiver" in request.form else None
        try:
            mass_sending.confirm(sandbox, msgid, member["userid"], chosen)
            return pages.redirect(f"/phone/m/{member['userid']}/masses/{msgid}")
        except NotPossibleError as error:
            problem = str(error)
    return pages.render(
        sandbox, request, "mass.html", member=member, task=row, problem=problem,
        messages=mass_messages.messages(row["content"]),
        receivers=_receivers(sandbox, row, member["userid"]),
    )  # fmt: skip


def write(sandbox: Sandbox, request: Request, userid: str) -> Response:
    """The guide writes to many of his customers himself."""
    member = members.find(sandbox.store, userid)
    if member is None:
        return pages.nobody(sandbox, request)
    problem = ""
    if request.method == "POST":
        chosen, text = request.form.getlist("receiver"), request.form.get("text", "")
        try:
            msgid = mass_sending.write_own(sandbox, member["userid"], chosen, text)
            return pages.redirect(f"/phone/m/{member['userid']}/masses/{msgid}")
        except NotPossibleError as error:
            problem = str(error)
    rows = follows.of_members(sandbox.store, [member["userid"]], limit=_CUSTOMERS)
    customers = [(row["external_userid"], row["remark"] or row["person_id"]) for row in rows]
    return pages.render(
        sandbox, request, "mass_new.html", member=member, customers=customers, problem=problem
    )


def _receivers(sandbox: Sandbox, row: dict[str, Any], userid: str) -> list[dict[str, Any]]:
    """Who is planned with what became of it; the guide's groups when he has to choose."""
    planned = mass_sending.targets_of(sandbox, row["msgid"], userid)
    if row["chat_type"] == mass_messages.GROUP and not planned:
        own = groups.owned_by(sandbox.store, userid)
        return [
            {"id": one["chat_id"], "name": one["name"] or one["chat_id"], "status": 0}
            for one in own
        ]
    return [
        {"id": one["receiver"], "name": _name(sandbox, one["receiver"]), "status": one["status"]}
        for one in planned
    ]


def _name(sandbox: Sandbox, receiver: str) -> str:
    group = groups.find(sandbox.store, receiver)
    if group is not None:
        return str(group["name"] or receiver)
    person = sandbox.people.by_external_userid(receiver)
    return person.name if person else receiver
