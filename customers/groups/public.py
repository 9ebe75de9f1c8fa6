"""The way of a customer into a group's pages: WeChat says who opens them. No log-in, no console, no session of ours.

Every attempt has its own signed cookie, and so has the visitor once known; the address holds no name of anybody.
"""

import secrets
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import translation
from django.utils.crypto import constant_time_compare
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from customers.groups import visitors
from customers.groups.models import WeChatIdentity
from scrm.core.exceptions import ScrmError
from scrm.core.gateway import wechat
from scrm.core.limits import counted
from scrm.core.middleware import client_ip
from scrm.core.scope import public
from scrm.wechat.api.oauth import CONSENT, SILENT
from scrm.wechat.errors import WeChatError

ATTEMPT, VISITOR = "g_try_{}", "g_visitor"
SALT = "customers.groups.public"
ATTEMPT_SECONDS, VISITOR_SECONDS = 300, 12 * 3600
PATH = "/g/"
MOST_MISSES, WINDOW = 20, 60
FOLDER = "public/groups"


def in_phones_language(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Answer in the language of the customer's phone, and let nobody keep or index the page."""

    @wraps(view)
    def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        with translation.override(translation.get_language_from_request(request)):
            response = view(request, *args, **kwargs)
            response["Content-Language"] = translation.get_language() or settings.LANGUAGE_CODE
        response["X-Robots-Tag"] = "noindex, nofollow"
        # Forms of these pages need their own origin; other sites learn nothing.
        response["Referrer-Policy"] = "same-origin"
        response["Cache-Control"] = "private, no-store"
        return response

    return answered


def missing(request: HttpRequest) -> HttpResponse:
    """Say what to do instead; whoever guesses addresses is slowed down."""
    guessed = counted("groups.miss", client_ip(request), WINDOW) > MOST_MISSES
    return render(request, "public/missing.html", status=429 if guessed else 404)


def notice(request: HttpRequest, what: str, *, status: int = 200, **values: Any) -> HttpResponse:
    """Show one of the pages that only say something: outside, colleague, consent, unknown, unbound, failed."""
    return render(request, f"{FOLDER}/notice.html", {"what": what, **values}, status=status)


def in_wechat(request: HttpRequest) -> bool:
    """Whether the page is opened inside of WeChat, where OAuth works; WeCom is for colleagues."""
    agent = request.headers.get("User-Agent", "").lower()
    return "micromessenger" in agent and "wxwork" not in agent


def identity_of(request: HttpRequest) -> WeChatIdentity | None:
    """Return who opened the page before in this browser; a cookie we did not sign is nobody's."""
    try:
        pk = signing.loads(request.COOKIES.get(VISITOR, ""), salt=SALT, max_age=VISITOR_SECONDS)
    except signing.BadSignature:
        return None
    return WeChatIdentity.objects.filter(pk=pk).first() if isinstance(pk, int) else None


def ask_wechat(wanted: str, *, consent: bool = False) -> HttpResponse:
    """Send the customer to WeChat's page, silently or to consent, and back to `wanted`. Raises NotFound."""
    state = secrets.token_hex(16)
    back = settings.BASE_URL.rstrip("/") + reverse("group_pages:back")
    scope = CONSENT if consent else SILENT
    response = HttpResponseRedirect(wechat("service").oauth.authorize_url(back, state, scope))
    attempt = {"state": state, "next": wanted, "consent": consent}
    _keep(response, _attempt(state), attempt, ATTEMPT_SECONDS)
    return response


def _attempt(state: str) -> str:
    return ATTEMPT.format("".join(filter(str.isalnum, state))[:12])


def _keep(response: HttpResponse, name: str, value: Any, seconds: int) -> None:
    response.set_cookie(
        name, signing.dumps(value, salt=SALT), max_age=seconds, path=PATH, httponly=True,
        samesite="Lax", secure=settings.SESSION_COOKIE_SECURE,
    )  # fmt: skip


@public
@never_cache
@require_GET
@in_phones_language
def back(request: HttpRequest) -> HttpResponse:
    """Take WeChat's code, know the visitor, lead on to where they wanted to go."""
    state = request.GET.get("state", "")
    attempt = _attempt_of(request, state)
    if attempt is None:
        return notice(request, "used", status=400)
    wanted = str(attempt["next"])
    code = request.GET.get("code", "")
    if not code:
        return notice(request, "refused", status=403, again=wanted)
    try:
        identity = visitors.arrived(code, consented=bool(attempt["consent"]))
    except (WeChatError, ScrmError):
        return notice(request, "failed", status=502, again=wanted)
    if identity is None:
        return notice(request, "snapshot", again=wanted)
    response = HttpResponseRedirect(f"{wanted}?asked=1" if attempt["consent"] else wanted)
    _keep(response, VISITOR, identity.pk, VISITOR_SECONDS)
    response.delete_cookie(_attempt(state), path=PATH)
    return response


def _attempt_of(request: HttpRequest, state: str) -> dict[str, Any] | None:
    """Use up the attempt a state belongs to; None for one of another browser, used already, or too old."""
    cookie = request.COOKIES.get(_attempt(state), "")
    try:
        known = signing.loads(cookie, salt=SALT, max_age=ATTEMPT_SECONDS)
    except signing.BadSignature:
        return None
    if not isinstance(known, dict) or not state:
        return None
    if not constant_time_compare(str(known.get("state", "")), state):
        return None
    if not url_has_allowed_host_and_scheme(str(known.get("next", "")), allowed_hosts=None):
        return None
    return known if counted("groups.state", state, ATTEMPT_SECONDS) == 1 else None
