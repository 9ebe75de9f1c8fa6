"""Customer groups on the guide's phone: open one, talk, invite, manage."""

from collections.abc import Callable
from typing import Any

from werkzeug.routing import Rule
from werkzeug.wrappers import Request, Response

from wecom_sandbox import pages
from wecom_sandbox.contacts import members
from wecom_sandbox.customers import follows
from wecom_sandbox.customers.people import Person
from wecom_sandbox.errors import NotPossibleError, WeComError
from wecom_sandbox.groups import group_talk, group_transfers, groups
from wecom_sandbox.phone import media as phone_media
from wecom_sandbox.sandbox import Sandbox

_CHOICES = 60
pages.menu_entry("guide", "Groups", "/phone/m/{id}/groups")


def rules() -> list[Rule]:
    """Routes of this module."""
    return [
        Rule("/phone/m/<userid>/groups", endpoint=overview, methods=["GET", "POST"]),
        Rule("/phone/m/<userid>/g/<chat_id>", endpoint=chat, methods=["GET", "POST"]),
        Rule("/phone/m/<userid>/g/<chat_id>/manage", endpoint=manage, methods=["GET", "POST"]),
    ]


def overview(sandbox: Sandbox, request: Request, userid: str) -> Response:
    """The guide's groups, and opening a new one."""
    member = members.find(sandbox.store, userid)
    if member is None:
        return nobody(sandbox, request)
    problem = ""
    if request.method == "POST":
        try:
            row = groups.create(
                sandbox, userid, name=request.form.get("name", ""), people=_people(sandbox, request),
                colleagues=request.form.getlist("member"),
            )  # fmt: skip
            return pages.redirect(f"/phone/m/{userid}/g/{row['chat_id']}")
        except (NotPossibleError, WeComError) as error:
            problem = str(error.text() if isinstance(error, WeComError) else error)
    found = groups.groups_of(sandbox.store, userid)
    return pages.render(
        sandbox, request, "groups.html", member=member, problem=problem,
        groups=[card(sandbox, row["chat_id"]) for row in found],
        customers=_customers(sandbox, userid), colleagues=_colleagues(sandbox, userid),
    )  # fmt: skip


def chat(sandbox: Sandbox, request: Request, userid: str, chat_id: str) -> Response:
    """A group's chat."""
    member = members.find(sandbox.store, userid)
    if member is None or groups.membership(sandbox.store, chat_id, userid) is None:
        return nobody(sandbox, request)
    problem = ""
    if request.method == "POST":
        problem = say(sandbox, request, chat_id, userid)
        if not problem:
            return pages.redirect(f"/phone/m/{userid}/g/{chat_id}#end")
    return pages.render(
        sandbox, request, "group.html", member=member, person=None, me=member["userid"], problem=problem,
        group=card(sandbox, chat_id), said=group_talk.said(sandbox, chat_id),
        back=f"/phone/m/{userid}/groups", here=f"/phone/m/{userid}/g/{chat_id}",
    )  # fmt: skip


def manage(sandbox: Sandbox, request: Request, userid: str, chat_id: str) -> Response:
    """Who is in the group; name, notice, inviting, removing, handing over, ending."""
    member = members.find(sandbox.store, userid)
    if member is None or groups.membership(sandbox.store, chat_id, userid) is None:
        return nobody(sandbox, request)
    problem = ""
    if request.method == "POST":
        try:
            _ACTS[request.form.get("do", "")](sandbox, request, userid, chat_id)
        except (NotPossibleError, WeComError) as error:
            problem = str(error.text() if isinstance(error, WeComError) else error)
        except KeyError:
            problem = "Nothing to do."
        if not problem and groups.membership(sandbox.store, chat_id, userid) is None:
            return pages.redirect(f"/phone/m/{userid}/groups")
    return pages.render(
        sandbox, request, "group_manage.html", member=member, problem=problem,
        group=card(sandbox, chat_id), inside=inside(sandbox, chat_id),
        customers=_customers(sandbox, userid), colleagues=_colleagues(sandbox, userid),
        back=f"/phone/m/{userid}/g/{chat_id}",
    )  # fmt: skip


def card(sandbox: Sandbox, chat_id: str) -> dict[str, Any]:
    """A group as lists show it."""
    row = groups.find(sandbox.store, chat_id)
    if row is None:
        raise NotPossibleError("no such group")
    said = group_talk.said(sandbox, chat_id)
    return dict(row) | {
        "size": groups.size(sandbox.store, chat_id),
        "last": said[-1] if said else None,
        "owner_name": group_talk.name_of(sandbox, row["owner"]),
        "status": group_transfers.status(sandbox.store, row),
    }


def inside(sandbox: Sandbox, chat_id: str) -> list[dict[str, Any]]:
    """Who is in a group, with names."""
    return [
        dict(row) | {"name": group_talk.name_of(sandbox, row["userid"])}
        for row in groups.present(sandbox.store, chat_id)
    ]


def say(sandbox: Sandbox, request: Request, chat_id: str, userid: str) -> str:
    """Put what a form holds into a group; what went wrong, or nothing."""
    message = phone_media.message_of(sandbox, request)
    try:
        if message is not None:
            group_talk.say(sandbox, chat_id, userid, message)
    except (NotPossibleError, WeComError, ValueError) as error:
        return str(error)
    return ""


def nobody(sandbox: Sandbox, request: Request) -> Response:
    """The page for what is not there."""
    return pages.render(sandbox, request, "refusal.html", status=404, problem="Nobody found.")


def _people(sandbox: Sandbox, request: Request) -> list[Person]:
    found = (sandbox.people.get(one) for one in request.form.getlist("person"))
    return [person for person in found if person is not None]


def _customers(sandbox: Sandbox, userid: str) -> list[Person]:
    rows = follows.newest(sandbox.store, userid, _CHOICES)
    found = (sandbox.people.get(row["person_id"]) for row in rows)
    return [person for person in found if person is not None]


def _colleagues(sandbox: Sandbox, userid: str) -> list[Any]:
    sql = "SELECT userid, name FROM members WHERE userid != ? ORDER BY rowid LIMIT ?"
    return sandbox.store.rows(sql, userid, _CHOICES)


def _invite(sandbox: Sandbox, request: Request, userid: str, chat_id: str) -> None:
    groups.invite(
        sandbox, chat_id, userid, people=_people(sandbox, request),
        colleagues=request.form.getlist("member"), link="link" in request.form,
    )  # fmt: skip


def _remove(sandbox: Sandbox, request: Request, userid: str, chat_id: str) -> None:
    groups.remove(sandbox, chat_id, userid, [request.form["who"]])


def _rename(sandbox: Sandbox, request: Request, userid: str, chat_id: str) -> None:
    groups.rename(sandbox, chat_id, userid, request.form["name"])


def _notice(sandbox: Sandbox, request: Request, userid: str, chat_id: str) -> None:
    groups.announce(sandbox, chat_id, userid, request.form["notice"])


def _owner(sandbox: Sandbox, request: Request, userid: str, chat_id: str) -> None:
    groups.hand_over(sandbox, chat_id, userid, request.form["who"])


def _admin(sandbox: Sandbox, request: Request, userid: str, chat_id: str) -> None:
    who = request.form["who"]
    known = groups.membership(sandbox.store, chat_id, who)
    groups.set_admin(sandbox, chat_id, userid, who, admin=not (known and known["admin"]))


def _leave(sandbox: Sandbox, request: Request, userid: str, chat_id: str) -> None:
    groups.leave(sandbox, chat_id, userid)


def _dismiss(sandbox: Sandbox, request: Request, userid: str, chat_id: str) -> None:
    groups.dismiss(sandbox, chat_id, userid)


_ACTS: dict[str, Callable[[Sandbox, Request, str, str], None]] = {
    "invite": _invite,
    "remove": _remove,
    "rename": _rename,
    "notice": _notice,
    "owner": _owner,
    "admin": _admin,
    "leave": _leave,
    "dismiss": _dismiss,
}
