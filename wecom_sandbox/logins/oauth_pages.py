"""The pages where WeCom asks who you are: in-client OAuth and browser login (oauth-jssdk.md §1, §2)."""

import re
from urllib.parse import urlsplit

from werkzeug.routing import Rule
from werkzeug.wrappers import Request, Response

from wecom_sandbox import pages
from wecom_sandbox.contacts import members
from wecom_sandbox.defaults import APPS, CORP_ID, CORP_NAME
from wecom_sandbox.errors import TEXTS
from wecom_sandbox.logins import login_waits
from wecom_sandbox.sandbox import Sandbox
from wecom_sandbox.wechat import oauth_page
from wecom_sandbox.wechat import site as wechat

_STATE = re.compile(r"[a-zA-Z0-9_\-]{0,128}")
SCOPES = ("snsapi_base", "snsapi_userinfo", "snsapi_privateinfo")
_SHOWN = 50


def rules() -> list[Rule]:
    """Routes of this module."""
    return [
        Rule("/connect/oauth2/authorize", endpoint=authorize, methods=["GET", "POST"]),
        Rule("/wwlogin/sso/login", endpoint=login, methods=["GET", "POST"]),
        Rule("/wwopen/sso/qrConnect", endpoint=login, methods=["GET", "POST"]),
    ]


def authorize(sandbox: Sandbox, request: Request) -> Response:
    """In-client OAuth: choose the member or customer who opens the page.

    ``&sandbox_userid=`` or ``&sandbox_person=`` in the address chooses at once, for scripts.
    """
    if wechat.is_oauth(request):
        return oauth_page.authorize(sandbox, request)
    problem = _problem(sandbox, request, need_scope=True)
    if problem:
        return _refusal(sandbox, request, problem)
    scope = request.args.get("scope", SCOPES[0])
    return _answer(sandbox, request, scope, "oauth.html", with_people=scope == SCOPES[0])


def login(sandbox: Sandbox, request: Request) -> Response:
    """Browser login: a code to scan with a member's phone, or the members to choose from."""
    problem = _problem(sandbox, request, need_scope=False)
    if problem:
        return _refusal(sandbox, request, problem)
    return _answer(sandbox, request, SCOPES[0], "login.html", with_people=False)


def _answer(
    sandbox: Sandbox, request: Request, scope: str, template: str, *, with_people: bool
) -> Response:
    chosen = request.form if request.method == "POST" else request.args
    userid = chosen.get("sandbox_userid", "")
    member = members.find(sandbox.store, userid) if userid else None
    if member is not None and member["status"] == members.ACTIVE:
        return _back(sandbox, request, {"userid": member["userid"], "scope": scope})
    if member is not None:
        # Whoever is disabled or never logged in has no client that could confirm.
        return _refusal(sandbox, request, "This account cannot log in to WeCom now.", status=403)
    person = sandbox.people.get(chosen.get("sandbox_person", "")) if with_people else None
    if person is not None:
        return _back(sandbox, request, {"person_id": person.id, "scope": scope})
    search = request.args.get("q", "")
    rows = sandbox.store.rows(
        "SELECT * FROM members WHERE status = 1 AND (instr(name, ?) OR instr(userid, ?)) "
        "ORDER BY userid = ? DESC, rowid LIMIT ?",
        search, search, request.cookies.get("member", ""), _SHOWN,
    )  # fmt: skip
    people = sandbox.people.search(search, 8) if with_people and search else []
    key = _wait(sandbox, request) if template == "login.html" else ""
    return pages.render(
        sandbox, request, template, members=rows, people=people, corp=CORP_NAME, q=search, scope=scope,
        query=request.args, key=key,
    )  # fmt: skip


def _back(sandbox: Sandbox, request: Request, data: dict[str, str]) -> Response:
    return pages.redirect(login_waits.back(sandbox, request.args.to_dict(), data))


def _wait(sandbox: Sandbox, request: Request) -> str:
    old = request.path.startswith("/wwopen/")
    return login_waits.begin(sandbox, request.args.to_dict(), old=old)


def _problem(sandbox: Sandbox, request: Request, *, need_scope: bool) -> str:
    args = request.args
    parts = urlsplit(args.get("redirect_uri", ""))
    trusted = sandbox.scopes.trusted_domains
    if args.get("appid") != CORP_ID:
        return _words(40013)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        return _words(50001)
    if trusted is not None and parts.netloc not in trusted and parts.hostname not in trusted:
        return _words(50001)
    if not _STATE.fullmatch(args.get("state", "")):
        return _words(84025)
    if need_scope and (args.get("response_type") != "code" or args.get("scope") not in SCOPES):
        return "response_type must be code and scope one of " + ", ".join(SCOPES)
    private = need_scope and args.get("scope") == "snsapi_privateinfo"
    corp_login = not need_scope and args.get("login_type", "CorpApp") == "CorpApp"
    agents = {str(app.agent_id) for app in APPS if app.kind == "app"}
    if (private or corp_login) and args.get("agentid") not in agents:
        return _words(40056)
    return ""


def _words(code: int) -> str:
    return f"{code} {TEXTS[code]}"


def _refusal(sandbox: Sandbox, request: Request, problem: str, *, status: int = 400) -> Response:
    return pages.render(sandbox, request, "refusal.html", status=status, problem=problem)
