"""Moments on both phones: the guide publishes and answers, the customer reads, likes and comments."""

from werkzeug.routing import Rule
from werkzeug.wrappers import Request, Response

from wecom_sandbox import due, pages
from wecom_sandbox.contacts import members
from wecom_sandbox.errors import NotPossibleError
from wecom_sandbox.marketing import moment_posting, moments
from wecom_sandbox.sandbox import Sandbox

pages.menu_entry("customer", "Moments", "/phone/p/{id}/moments")
pages.menu_entry("guide", "Moments", "/phone/m/{id}/moments")


def rules() -> list[Rule]:
    """Routes of this module."""
    return [
        Rule("/phone/p/<person_id>/moments", endpoint=customer, methods=["GET"]),
        Rule("/phone/p/<person_id>/moments/<moment_id>/<userid>", endpoint=react, methods=["POST"]),
        Rule("/phone/m/<userid>/moments", endpoint=guide, methods=["GET", "POST"]),
        Rule("/phone/m/<userid>/moments/<moment_id>", endpoint=act, methods=["POST"]),
    ]


def customer(sandbox: Sandbox, request: Request, person_id: str) -> Response:
    """What the guides a customer knows have published."""
    person = sandbox.people.get(person_id)
    if person is None:
        return pages.nobody(sandbox, request)
    due.settle(sandbox)
    found = moment_posting.for_customer(sandbox, person)
    return pages.render(sandbox, request, "moments.html", person=person, moments=found)


def react(
    sandbox: Sandbox, request: Request, person_id: str, moment_id: str, userid: str
) -> Response:
    """The customer likes or comments."""
    person = sandbox.people.get(person_id)
    if person is None:
        return pages.nobody(sandbox, request)
    try:
        moments.react(
            sandbox, moment_id, userid, _kind(request), external_userid=person.external_userid,
            text=request.form.get("text", ""),
        )  # fmt: skip
    except NotPossibleError:
        return pages.nobody(sandbox, request)
    return pages.redirect(f"/phone/p/{person.id}/moments#{moment_id}")


def guide(sandbox: Sandbox, request: Request, userid: str) -> Response:
    """What the corp asks the guide to publish, what he published, and a form for his own."""
    member = members.find(sandbox.store, userid)
    if member is None:
        return pages.nobody(sandbox, request)
    if request.method == "POST":
        if request.form.get("text", "").strip():
            moment_posting.write_own(sandbox, member["userid"], request.form["text"])
        return pages.redirect(f"/phone/m/{member['userid']}/moments")
    due.settle(sandbox)
    found = moment_posting.of_member(sandbox, member["userid"])
    return pages.render(sandbox, request, "guide_moments.html", member=member, moments=found)


def act(sandbox: Sandbox, request: Request, userid: str, moment_id: str) -> Response:
    """The guide publishes, takes away, likes or comments."""
    member = members.find(sandbox.store, userid)
    if member is None:
        return pages.nobody(sandbox, request)
    action = request.form.get("action", "")
    try:
        if action == "publish":
            moments.publish(sandbox, moment_id, member["userid"])
        elif action == "delete":
            _delete(sandbox, moment_id, member["userid"])
        else:
            moments.react(
                sandbox, moment_id, member["userid"], _kind(request), by_member=member["userid"],
                text=request.form.get("text", ""),
            )  # fmt: skip
    except NotPossibleError:
        return pages.nobody(sandbox, request)
    return pages.redirect(f"/phone/m/{member['userid']}/moments#{moment_id}")


def _delete(sandbox: Sandbox, moment_id: str, userid: str) -> None:
    row = moments.find(sandbox, moment_id)
    if row is None or str(row["creator"]).lower() != userid.lower():
        raise NotPossibleError("only one's own moment can be taken away")
    with sandbox.store.transaction():
        moments.delete(sandbox, moment_id)


def _kind(request: Request) -> str:
    return moments.LIKE if request.form.get("action") == moments.LIKE else moments.COMMENT
