"""WeChat's side of the customer's phone: the service account's chat and menu, the mini program, its links."""

from typing import Any
from urllib.parse import urlencode

from werkzeug.routing import Rule
from werkzeug.wrappers import Request, Response

from wecom_sandbox import pages
from wecom_sandbox.customers.people import Person
from wecom_sandbox.errors import NotPossibleError
from wecom_sandbox.sandbox import Sandbox
from wecom_sandbox.wechat import (
    followers,
    identities,
    links,
    menus,
    messages,
    notices,
    programs,
    scene_codes,
    templates,
)
from wecom_sandbox.wechat import phone_program as program_pages
from wecom_sandbox.wechat.accounts import MINI, SERVICE
from wecom_sandbox.wechat.errors import WeChatError

pages.menu_entry("customer", "Service account", "/phone/p/{id}/wechat")
pages.menu_entry("customer", "Mini program", "/phone/p/{id}/program")


def rules() -> list[Rule]:
    """Routes of this module."""
    mine = "/phone/p/<person_id>/wechat"
    return [
        Rule(mine, endpoint=account, methods=["GET", "POST"]),
        Rule(f"{mine}/open", endpoint=open_target, methods=["GET", "POST"]),
        Rule(f"{mine}/q/<short_id>", endpoint=card, methods=["GET", "POST"]),
        Rule("/wechat/q/<short_id>", endpoint=scene_link, methods=["GET"]),
        Rule("/wechat/l/<ticket>", endpoint=program_link, methods=["GET"]),
        *program_pages.rules(),
    ]


def account(sandbox: Sandbox, request: Request, person_id: str) -> Response:
    """The service account: follow, write, tap its menu, answer its questions, unfollow."""
    person = sandbox.people.get(person_id)
    if person is None:
        return _nobody(sandbox, request)
    problem = ""
    if request.method == "POST":
        try:
            target = _act(sandbox, person, request)
        except (NotPossibleError, WeChatError, ValueError) as error:
            problem = str(error) or error.__class__.__name__
        else:
            return pages.redirect(target)
    openid = identities.openid(sandbox, SERVICE, person)
    templates.ensure(sandbox)
    rows = templates.listed(sandbox, SERVICE, templates.CONSENTED)
    return page(
        sandbox, request, "wechat_account.html", person, account=SERVICE, problem=problem,
        following=followers.following(sandbox, person), row=followers.find(sandbox, person),
        said=messages.chat(sandbox, SERVICE, person), buttons=menus.seen_by(sandbox, person),
        consents=[(one, notices.left(sandbox, openid, one["template_id"])) for one in rows],
    )  # fmt: skip


def _act(sandbox: Sandbox, person: Person, request: Request) -> str:
    form, here = request.form, f"/phone/p/{person.id}/wechat"
    what = form.get("do", "say")
    if what == "follow":
        followers.follow(sandbox, person)
    elif what == "unfollow":
        followers.unfollow(sandbox, person)
    elif what == "mute":
        _mute(sandbox, person)
    elif what == "tap":
        return _tapped(menus.tap(sandbox, person, form.get("name", "")), person)
    elif what in ("accept", "reject"):
        answers = {form.get("template_id", ""): what == "accept"}
        notices.consent(sandbox, SERVICE.name, person, answers)
    elif what == "place":
        place = {
            "latitude": form.get("latitude", "31.23"),
            "longitude": form.get("longitude", "121.47"),
        }
        messages.say(sandbox, SERVICE, person, {**place, "label": form.get("label", "")})
    elif form.get("text"):
        messages.say(sandbox, SERVICE, person, {"text": form["text"]})
    return f"{here}#end"


def _mute(sandbox: Sandbox, person: Person) -> None:
    with sandbox.store.transaction():
        sandbox.store.run(
            "UPDATE wechat_followers SET mute = 1 - mute WHERE person_id = ?", person.id
        )


def _tapped(entry: dict[str, Any], person: Person) -> str:
    if entry["type"] == "view":
        return str(entry["url"])
    if entry["type"] == "miniprogram":
        return f"/phone/p/{person.id}/program"
    return f"/phone/p/{person.id}/wechat#end"


def card(sandbox: Sandbox, request: Request, person_id: str, short_id: str) -> Response:
    """What a scan of a scene code shows: followers come into the chat, others see the account's card."""
    person, code = sandbox.people.get(person_id), scene_codes.by_link(sandbox, short_id)
    if person is None or code is None:
        return _nobody(sandbox, request)
    follows = request.method == "POST" or followers.following(sandbox, person)
    try:
        outcome = followers.scan(sandbox, person, code, follows=follows)
    except NotPossibleError as error:
        return pages.render(sandbox, request, "refusal.html", status=409, problem=str(error))
    if outcome != "card":
        return pages.redirect(f"/phone/p/{person.id}/wechat#end")
    return page(sandbox, request, "wechat_card.html", person, account=SERVICE)


def open_target(sandbox: Sandbox, request: Request, person_id: str) -> Response:
    """Paste a scheme, a link or what a code holds; also from a template message."""
    person = sandbox.people.get(person_id)
    if person is None:
        return _nobody(sandbox, request)
    wished = request.values.get("link", "")
    code, row = scene_codes.by_link(sandbox, wished), links.find(sandbox, wished)
    if code is not None:
        return pages.redirect(f"/phone/p/{person.id}/wechat/q/{code['short_id']}")
    try:
        if row is not None:
            links.open_link(sandbox, person, row, links.own_parameter(wished))
        else:
            programs.open_page(sandbox, person, request.values.get("page", ""), "", scene=1043)
    except NotPossibleError as error:
        return pages.render(sandbox, request, "refusal.html", status=409, problem=str(error))
    return pages.redirect(f"/phone/p/{person.id}/program")


def opened(sandbox: Sandbox, person_id: str, link: str) -> str | None:
    """Where a scene code, a code or a link of the mini program leads in a person's phone, or None."""
    if scene_codes.by_link(sandbox, link) is None and links.find(sandbox, link) is None:
        return None
    return f"/phone/p/{person_id}/wechat/open?{urlencode({'link': link})}"


def scene_link(sandbox: Sandbox, request: Request, short_id: str) -> Response:
    """What a camera opens: the scene code, as the customer of last time or one to choose."""
    if scene_codes.by_link(sandbox, short_id) is None:
        return pages.render(sandbox, request, "refusal.html", status=404, problem="No such code.")
    return _as_somebody(sandbox, request, SERVICE.title, lambda who: f"/phone/p/{who}/wechat/q/{short_id}")  # fmt: skip


def program_link(sandbox: Sandbox, request: Request, ticket: str) -> Response:
    """What a browser opens: a URL link or a mini-program code."""
    if links.find(sandbox, ticket) is None:
        return pages.render(sandbox, request, "refusal.html", status=404, problem="No such code.")
    own = links.own_parameter(request.full_path)
    more = f"%3Fcq%3D{own.replace('%', '%25')}" if own else ""
    return _as_somebody(
        sandbox, request, MINI.title, lambda who: f"/phone/p/{who}/wechat/open?link={ticket}{more}"
    )


def _as_somebody(sandbox: Sandbox, request: Request, title: str, target: Any) -> Response:
    person = sandbox.people.get(request.args.get("as") or request.cookies.get("person", ""))
    if person is not None and "choose" not in request.args:
        return pages.redirect(target(person.id))
    search = request.args.get("q", "")
    people = sandbox.people.search(search, 30) if search else sandbox.people.page(0, 30)
    return pages.render(
        sandbox, request, "wechat_choose.html", title=title, q=search,
        people=[(one, target(one.id)) for one in people if one.type == 1],
    )  # fmt: skip


def page(
    sandbox: Sandbox, request: Request, template: str, person: Person, **values: Any
) -> Response:
    """A page of a person's phone; the browser remembers whose it is."""
    response = pages.render(sandbox, request, template, person=person, **values)
    response.set_cookie("person", person.id)
    return response


def _nobody(sandbox: Sandbox, request: Request) -> Response:
    return pages.render(sandbox, request, "refusal.html", status=404, problem="Nobody found.")
