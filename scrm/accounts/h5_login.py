"""Log-in of the phone face by WeCom's silent page (doc 91022).

Two pages of the chat toolbar open at the same moment, in a browser that has no cookie yet, and each begins
a log-in of its own. So every attempt has its own short-lived cookie: neither spoils the other's. The cookie,
signed by us, keeps where the person wanted to go; WeCom only sees 128 random bits. Nothing is stored here
before somebody is known: whoever opens this page a million times fills no table.
"""

import secrets

import segno
from django.conf import settings
from django.contrib.auth import logout
from django.core import signing
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from scrm.accounts import doors, wecom_login
from scrm.accounts.languages import with_language
from scrm.accounts.models import User
from scrm.accounts.refusals import way_refused
from scrm.accounts.sessions.models import Face, Way
from scrm.accounts.sessions.services import session_begin
from scrm.core.exceptions import PermissionDenied, ScrmError, ValidationFailed
from scrm.core.gateway import wecom
from scrm.core.limits import counted
from scrm.core.scope import public

COOKIE = "h5_login_{}"
SALT = "scrm.accounts.h5_login"
# A browser keeps 4096 bytes a cookie; who wants to go to a longer address begins at the first page.
LONGEST_NEXT = 2000
# Members who use WeCom's plug-in open our pages in WeChat.
CLIENTS = ("wxwork", "micromessenger")


@public
@never_cache
@require_GET
def start(request: HttpRequest) -> HttpResponse:
    """Send the person to WeCom's silent page; outside of WeCom show how to get inside."""
    wanted = doors.safe_next(request.GET.get("next", "")[: LONGEST_NEXT + 1], reverse("h5:home"))
    if len(wanted) > LONGEST_NEXT:
        wanted = reverse("h5:home")
    if not wecom_login.is_set_up():
        words = _("WeCom is not connected here yet: corp id, agent id and secret are missing.")
        return _failed(request, ValidationFailed(words))
    if not (_inside_wecom(request) or settings.DEMO_MODE):
        return _outside(request, wanted)
    state = secrets.token_hex(16)
    back = settings.BASE_URL.rstrip("/") + reverse("h5:login_callback")
    response = HttpResponseRedirect(wecom().oauth.authorize_url(back, state))
    response.set_cookie(
        _cookie(state),
        signing.dumps({"state": state, "next": wanted}, salt=SALT, compress=True),
        max_age=doors.LIFETIME_S,
        path=reverse("h5:login"),
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return response


@public
@never_cache
@require_GET
def callback(request: HttpRequest) -> HttpResponse:
    """Take WeCom's code; a refusal is a page with the reason and a way on."""
    state = request.GET.get("state", "")
    try:
        wanted = _attempt_of(request, state)
        user = _member(request)
    except ScrmError as error:
        if request.user.is_authenticated:
            # The back gesture returned here, or a second page was faster.
            return redirect("h5:home")
        way_refused(error, face=Face.PHONE, way=Way.WECOM)
        response = _failed(request, error)
    else:
        session_begin(request, user, face=Face.PHONE, way=Way.WECOM)
        response = with_language(HttpResponseRedirect(wanted), user)
    response.delete_cookie(_cookie(state), path=reverse("h5:login"))
    return response


@public
@require_POST
def log_out(request: HttpRequest) -> HttpResponse:
    """End this session; the silent page would log in again at once, so stay here."""
    logout(request)
    return render(request, "h5/logged_out.html")


def _inside_wecom(request: HttpRequest) -> bool:
    agent = request.headers.get("User-Agent", "").lower()
    return any(client in agent for client in CLIENTS)


def _cookie(state: str) -> str:
    return COOKIE.format("".join(filter(str.isalnum, state))[:12])


def _attempt_of(request: HttpRequest, state: str) -> str:
    """Use up the attempt this state belongs to and return where it wanted to go.

    Raises ValidationFailed for a state of another browser, used already, or older than five minutes.
    """
    remembered = _remembered(request.COOKIES.get(_cookie(state), ""))
    known = constant_time_compare(remembered.get("state", ""), state) and bool(state)
    # Of two requests with one state only one is the first.
    if not known or counted("accounts.h5_state", state, doors.LIFETIME_S) > 1:
        raise ValidationFailed(
            _("This log-in is used up or older than five minutes. Open the page again.")
        )
    return remembered["next"]


def _remembered(cookie: str) -> dict[str, str]:
    try:
        known: dict[str, str] = signing.loads(cookie, salt=SALT, max_age=doors.LIFETIME_S)
    except signing.BadSignature:
        return {}
    return known


def _member(request: HttpRequest) -> User:
    code = request.GET.get("code", "")
    if not code:
        raise PermissionDenied(
            _("WeCom did not confirm who you are. Open the page again from the workbench.")
        )
    return wecom_login.user_of(code)


def _failed(request: HttpRequest, error: ScrmError) -> HttpResponse:
    return render(request, "h5/login_failed.html", {"error": error}, status=error.status)


def _outside(request: HttpRequest, wanted: str) -> HttpResponse:
    address = settings.BASE_URL.rstrip("/") + wanted
    picture = segno.make_qr(address, error="m").svg_data_uri(scale=6, border=3)
    return render(request, "h5/outside.html", {"address": address, "picture": picture})
