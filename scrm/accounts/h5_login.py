"""Log-in of the phone face by WeCom's silent page (doc 91022).

Two pages of the chat toolbar open at the same moment, in a browser that has no cookie yet, and each begins
a log-in of its own. So every attempt has its own record here and its own short-lived cookie: neither spoils
the other's. The record keeps where the person wanted to go; WeCom only sees 128 random bits.
"""

import secrets
from typing import Any

import segno
from django.conf import settings
from django.contrib.auth import login, logout
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from scrm.accounts import wecom_login
from scrm.accounts.models import User
from scrm.core.exceptions import PermissionDenied, ScrmError, ValidationFailed
from scrm.core.gateway import wecom
from scrm.core.scope import public

BACKEND = "django.contrib.auth.backends.ModelBackend"
COOKIE = "h5_login_{}"
# Members who use WeCom's plug-in open our pages in WeChat.
CLIENTS = ("wxwork", "micromessenger")


@public
@never_cache
@require_GET
def start(request: HttpRequest) -> HttpResponse:
    """Send the person to WeCom's silent page; outside of WeCom show how to get inside."""
    wanted = wecom_login.safe_next(request, request.GET.get("next", ""), reverse("h5:home"))
    if not wecom_login.is_set_up():
        words = _("WeCom is not connected here yet: corp id, agent id and secret are missing.")
        return _failed(request, ValidationFailed(words))
    if not (_inside_wecom(request) or settings.DEMO_MODE):
        return _outside(request, wanted)
    state = secrets.token_hex(16)
    attempt = SessionStore()
    attempt["state"], attempt["next"] = state, wanted
    attempt.set_expiry(wecom_login.LIFETIME_S)
    attempt.create()
    back = settings.BASE_URL.rstrip("/") + reverse("h5:login_callback")
    response = HttpResponseRedirect(wecom().oauth.authorize_url(back, state))
    response.set_cookie(
        _cookie(state),
        str(attempt.session_key),
        max_age=wecom_login.LIFETIME_S,
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
        response = _failed(request, error)
    else:
        login(request, user, backend=BACKEND)
        request.session.set_expiry(settings.H5_SESSION_AGE)
        response = _with_language(HttpResponseRedirect(wanted), user)
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
    key = request.COOKIES.get(_cookie(state), "")
    remembered: dict[str, Any] = SessionStore(session_key=key).load() if key else {}
    known = constant_time_compare(str(remembered.get("state", "")), state) and bool(state)
    # Of two requests with one state only one deletes the record.
    if not known or not Session.objects.filter(session_key=key).delete()[0]:
        raise ValidationFailed(
            _("This log-in is used up or older than five minutes. Open the page again.")
        )
    return str(remembered["next"])


def _member(request: HttpRequest) -> User:
    code = request.GET.get("code", "")
    if not code:
        raise PermissionDenied(
            _("WeCom did not confirm who you are. Open the page again from the workbench.")
        )
    return wecom_login.user_of(code)


def _with_language(response: HttpResponse, user: User) -> HttpResponse:
    if user.language in dict(settings.LANGUAGES):
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            user.language,
            max_age=settings.H5_SESSION_AGE,
            samesite="Lax",
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
        )
    return response


def _failed(request: HttpRequest, error: ScrmError) -> HttpResponse:
    return render(request, "h5/login_failed.html", {"error": error}, status=error.status)


def _outside(request: HttpRequest, wanted: str) -> HttpResponse:
    address = settings.BASE_URL.rstrip("/") + wanted
    picture = segno.make_qr(address, error="m").svg_data_uri(scale=6, border=3)
    return render(request, "h5/outside.html", {"address": address, "picture": picture})
