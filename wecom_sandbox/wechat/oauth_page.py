"""The page where WeChat asks a person for consent (wechat.md §7), and the one-time message's page (§12)."""

import re
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from werkzeug.routing import Rule
from werkzeug.wrappers import Request, Response

from wecom_sandbox import pages
from wecom_sandbox.customers.people import Person
from wecom_sandbox.sandbox import Sandbox
from wecom_sandbox.wechat import codes, grants, identities, notices
from wecom_sandbox.wechat.accounts import SERVICE, settings_of

_STATE = re.compile(r"[a-zA-Z0-9]{0,128}")
_SHOWN = 20


def rules() -> list[Rule]:
    """Routes of this module."""
    return [
        Rule("/wechat/connect/oauth2/authorize", endpoint=authorize, methods=["GET", "POST"]),
        Rule("/wechat/mp/subscribemsg", endpoint=one_time, methods=["GET", "POST"]),
    ]


def authorize(sandbox: Sandbox, request: Request) -> Response:
    """Silent for snsapi_base when it is known whose phone this is; else choose the person, and consent.

    ``&sandbox_person=`` in the address chooses (and consents) at once, for scripts; ``&sandbox_snapshot=1`` goes
    on as the snapshot of a page that was not opened by a tap.
    """
    problem = _problem(sandbox, request)
    if problem:
        return _refusal(sandbox, request, problem)
    scope = request.args["scope"]
    chosen = request.form if request.method == "POST" else request.args
    person = sandbox.people.get(chosen.get("sandbox_person", ""))
    if person is None and scope == grants.BASE and "choose" not in request.args:
        person = sandbox.people.get(request.cookies.get("person", ""))
    if person is not None and request.form.get("answer") == "refuse":
        return pages.redirect(f"/phone/p/{person.id}/wechat")
    if person is not None and person.type == 1:
        snapshot = chosen.get("sandbox_snapshot") == "1" or request.form.get("answer") == "snapshot"
        return _back(sandbox, request, person, scope, snapshot=snapshot and scope == grants.PROFILE)
    return _choose(sandbox, request, "wechat_oauth.html", scope=scope)


def _choose(sandbox: Sandbox, request: Request, template: str, **values: Any) -> Response:
    search = request.args.get("q", "")
    known = sandbox.people.get(request.cookies.get("person", ""))
    if search:
        people = sandbox.people.search(search, _SHOWN)
    else:
        people = [known] if known else sandbox.people.page(0, _SHOWN)
    return pages.render(
        sandbox, request, template, account=SERVICE, people=[one for one in people if one.type == 1],
        q=search, query=request.args, **values,
    )  # fmt: skip


def _back(
    sandbox: Sandbox, request: Request, person: Person, scope: str, *, snapshot: bool
) -> Response:
    data = {"scope": scope, "snapshot": snapshot}
    code = codes.issue(sandbox, codes.OAUTH, SERVICE, person, data)
    answer = {"code": code, "state": request.args.get("state", "")}
    return pages.redirect(_joined(request.args["redirect_uri"], answer))


def _joined(address: str, answer: dict[str, str]) -> str:
    parts = urlsplit(address)
    query = "&".join(part for part in (parts.query, urlencode(answer)) if part)
    return urlunsplit(parts._replace(query=query))


def _problem(sandbox: Sandbox, request: Request) -> str:
    args, settings = request.args, settings_of(sandbox, SERVICE)
    parts = urlsplit(args.get("redirect_uri", ""))
    if args.get("appid") != SERVICE.appid:
        return "40013 invalid appid"
    if parts.scheme not in ("http", "https") or not parts.netloc:
        return "10003 redirect_uri"
    if settings.oauth_domains is not None and parts.netloc not in settings.oauth_domains:
        return "10003 redirect_uri"
    if args.get("response_type") != "code" or args.get("scope") not in (
        grants.BASE,
        grants.PROFILE,
    ):
        return "10005 scope"
    if not settings.verified:
        return "10005 scope"
    return "" if _STATE.fullmatch(args.get("state", "")) else "40035 state"


def one_time(sandbox: Sandbox, request: Request) -> Response:
    """A person consents to one message of a scene, and goes back to the retailer's page."""
    args = request.args
    scene, parts = args.get("scene", ""), urlsplit(args.get("redirect_url", ""))
    if args.get("appid") != SERVICE.appid or args.get("action") != "get_confirm":
        return _refusal(sandbox, request, "40013 invalid appid")
    if not scene.isdigit() or int(scene) > 10_000 or not args.get("template_id"):
        return _refusal(sandbox, request, "40097 invalid args")
    if parts.scheme not in ("http", "https"):
        return _refusal(sandbox, request, "10003 redirect_url")
    chosen = request.form if request.method == "POST" else args
    person = sandbox.people.get(chosen.get("sandbox_person", ""))
    if person is None:
        return _choose(sandbox, request, "wechat_oauth.html", scope="one-time")
    openid = identities.openid(sandbox, SERVICE, person)
    confirmed = request.form.get("answer", "accept") == "accept"
    if confirmed:
        with sandbox.store.transaction():
            notices.credit(sandbox, openid, f"{notices.ONE_TIME}:{scene}")
    answer = {
        "template_id": args["template_id"], "action": "confirm" if confirmed else "cancel",
        "scene": scene, "reserved": args.get("reserved", ""),
    } | ({"openid": openid} if confirmed else {})  # fmt: skip
    return pages.redirect(_joined(args["redirect_url"], answer))


def _refusal(sandbox: Sandbox, request: Request, problem: str) -> Response:
    return pages.render(sandbox, request, "refusal.html", status=400, problem=problem)
