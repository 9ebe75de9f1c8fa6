"""Friend requests on both phones: a guide adds a customer by phone number, the customer answers."""

from werkzeug.routing import Rule
from werkzeug.wrappers import Request, Response

from wecom_sandbox import pages
from wecom_sandbox.contacts import members
from wecom_sandbox.customers import friend_requests
from wecom_sandbox.defaults import CORP_NAME
from wecom_sandbox.errors import NotPossibleError
from wecom_sandbox.sandbox import Sandbox

pages.menu_entry("guide", "Add a customer", "/phone/m/{id}/ask")
pages.menu_entry("customer", "New friends", "/phone/p/{id}/asked")


def rules() -> list[Rule]:
    """Routes of this module."""
    return [
        Rule("/phone/m/<userid>/ask", endpoint=ask, methods=["GET", "POST"]),
        Rule("/phone/p/<person_id>/asked", endpoint=asked, methods=["GET", "POST"]),
    ]


def ask(sandbox: Sandbox, request: Request, userid: str) -> Response:
    """The guide searches a phone number and sends a request."""
    member = members.find(sandbox.store, userid)
    if member is None:
        return _nobody(sandbox, request)
    problem = ""
    if request.method == "POST":
        person = sandbox.people.by_phone(request.form.get("phone", "").strip())
        if person is None:
            problem = "Nobody has this phone number."
        else:
            try:
                words = request.form.get("words", "")
                friend_requests.ask(sandbox, member["userid"], person, words=words)
                return pages.redirect(f"/phone/m/{userid}/ask")
            except NotPossibleError:
                problem = "You cannot send this person a request."
    sent = [
        {"row": row, "person": sandbox.people.get(row["person_id"])}
        for row in friend_requests.of_member(sandbox, member["userid"])
    ]
    return pages.render(
        sandbox, request, "ask.html", member=member, problem=problem, sent=sent, corp=CORP_NAME
    )


def asked(sandbox: Sandbox, request: Request, person_id: str) -> Response:
    """The customer sees who asked, and answers."""
    person = sandbox.people.get(person_id)
    if person is None:
        return _nobody(sandbox, request)
    if request.method == "POST":
        userid, accept = request.form.get("userid", ""), request.form.get("answer") == "accept"
        try:
            friend_requests.answer(sandbox, userid, person, accept=accept)
        except NotPossibleError:
            return pages.redirect(f"/phone/p/{person_id}/asked")
        return pages.redirect(f"/phone/p/{person_id}" + (f"/chat/{userid}" if accept else "/asked"))
    got = [
        {"row": row, "member": members.find(sandbox.store, row["userid"])}
        for row in friend_requests.to_person(sandbox, person_id)
    ]
    return pages.render(sandbox, request, "asked.html", person=person, got=got, corp=CORP_NAME)


def _nobody(sandbox: Sandbox, request: Request) -> Response:
    return pages.render(sandbox, request, "refusal.html", status=404, problem="Nobody found.")
