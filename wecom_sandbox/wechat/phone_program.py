"""The mini program in the customer's phone: its pages, login, phone number, messages."""

from typing import Any
from urllib.parse import quote

from werkzeug.routing import Rule
from werkzeug.wrappers import Request, Response

from wecom_sandbox import pages
from wecom_sandbox.customers.people import Person
from wecom_sandbox.errors import NotPossibleError
from wecom_sandbox.sandbox import Sandbox
from wecom_sandbox.wechat import identities, messages, notices, programs, templates
from wecom_sandbox.wechat.accounts import MINI, settings_of
from wecom_sandbox.wechat.errors import WeChatError


def rules() -> list[Rule]:
    """Routes of this module."""
    return [Rule("/phone/p/<person_id>/program", endpoint=program, methods=["GET", "POST"])]


def program(sandbox: Sandbox, request: Request, person_id: str) -> Response:
    """The page that is open: what it was opened with, and what its buttons give to the retailer."""
    person = sandbox.people.get(person_id)
    if person is None:
        return pages.render(sandbox, request, "refusal.html", status=404, problem="Nobody found.")
    problem, given = "", {}
    if request.method == "POST":
        try:
            given = _act(sandbox, person, request)
        except (NotPossibleError, WeChatError, ValueError) as error:
            problem = str(error)
    visit = _visit(sandbox, person)
    openid = identities.openid(sandbox, MINI, person)
    templates.ensure(sandbox)
    rows = templates.listed(sandbox, MINI, templates.CONSENTED)
    response = pages.render(
        sandbox, request, "wechat_program.html", person=person, account=MINI, visit=visit, given=given,
        problem=problem, web_view=_web_view(sandbox, person, visit),
        consents=[(one, notices.left(sandbox, openid, one["template_id"])) for one in rows],
        said=messages.chat(sandbox, MINI, person),
    )  # fmt: skip
    response.set_cookie("person", person.id)
    return response


def _act(sandbox: Sandbox, person: Person, request: Request) -> dict[str, str]:
    form = request.form
    what = form.get("do", "")
    if what == "login":
        return {"login": programs.login_code(sandbox, person)}
    if what == "phone":
        return {"phone": programs.phone_code(sandbox, person)}
    if what == "service":
        messages.enter(sandbox, person, "sandbox")
    elif what == "say" and form.get("text"):
        messages.say(sandbox, MINI, person, {"text": form["text"]})
    elif what in ("accept", "reject"):
        notices.consent(sandbox, MINI.name, person, {form.get("template_id", ""): what == "accept"})
    elif what == "revoke":
        programs.revoke(sandbox, person, "1")
    else:
        programs.open_page(sandbox, person, form.get("path", ""), "", scene=1001)
    return {}


def _visit(sandbox: Sandbox, person: Person) -> dict[str, Any] | None:
    row = sandbox.store.row(
        "SELECT * FROM wechat_visits WHERE person_id = ? ORDER BY id DESC", person.id
    )
    return dict(row) if row is not None else None


def _web_view(sandbox: Sandbox, person: Person, visit: dict[str, Any] | None) -> str:
    """The web page in the open page: its address with ``{query}``, ``{scene}`` and a login ``{code}`` filled in."""
    address = settings_of(sandbox, MINI).web_views.get(visit["path"], "") if visit else ""
    if not address or visit is None:
        return ""
    code = programs.login_code(sandbox, person) if "{code}" in address else ""
    filled = address.replace("{query}", visit["query"]).replace("{scene}", str(visit["scene"]))
    return filled.replace("{code}", quote(code))
