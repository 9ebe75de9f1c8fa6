"""The lead-in page customers open: no log-in, no console; and what its script tells us."""

import secrets
from collections.abc import Callable
from functools import lru_cache, wraps

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone, translation
from django.utils.crypto import constant_time_compare
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from attribution.entries import selectors, services
from attribution.entries.models import EntryVisit
from attribution.entries.selectors import Offer
from attribution.entries.shut import closure_of
from attribution.entries.tickets import Visitor, ticket_of, visitor_in
from attribution.entries.visiting import VisitRow
from attribution.live_codes.pictures import print_ready
from materials.tracking.robots import is_robot
from scrm.core.crypto import lasting_hash
from scrm.core.limits import counted
from scrm.core.middleware import client_ip
from scrm.core.scope import public

COOKIE = "e_visitor"
COOKIE_AGE = 365 * 24 * 3600
QR_PIXELS = 600
JUMP_SECONDS = 2
MOST_MISSES, MOST_BEATS, MOST_PICTURES, WINDOW = 20, 120, 120, 60
# New devices of one page from one address in half an hour; a shop's customers behind one Wi-Fi stay below.
MOST_VISITORS, VISITORS_WINDOW = 50, 1800
# What the page's script may tell; each at most once an opening.
TOLD = {
    "seen": EntryVisit.Kind.LEADIN_VIEW,
    "add": EntryVisit.Kind.ADD_CLICK,
}


def in_phones_language(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Answer in the language of the customer's phone; the console's visitors choose theirs by a switch."""

    @wraps(view)
    def answered(request: HttpRequest, token: str) -> HttpResponse:
        with translation.override(translation.get_language_from_request(request)):
            response = view(request, token)
            response["Content-Language"] = translation.get_language() or settings.LANGUAGE_CODE
            return response

    return answered


@public
@require_http_methods(["GET", "HEAD"])
@in_phones_language
def page(request: HttpRequest, token: str) -> HttpResponse:
    """Show the way to the guide of a store. Counted only when the page's script speaks, so previews never are."""
    found = selectors.offer_of_token(token)
    if not isinstance(found, Offer):
        return _missing(request, known=found is not None)
    cookie, is_new = _cookie(request)
    given = visitor_in(request.GET.get("v", ""), token)
    visitor = given[0] if given else Visitor(visitor_id=f"e:{cookie}")
    may_count = not is_robot(request.headers) and (
        given or not is_new or _is_believed(request, token)
    )
    context = {
        "offer": found,
        "guides": _guides(found),
        "closure": closure_of(found, timezone.now()),
        "ticket": _opening(visitor, token) if may_count else "",
        "jump_url": found.entry.mini_program_url.replace("{token}", token),
        "jump_seconds": JUMP_SECONDS,
    }
    response = _quiet(render(request, "public/entry.html", context))
    if is_new and not given and request.method == "GET":
        response.set_cookie(
            COOKIE, f"{cookie}.{_proof(cookie)}", max_age=COOKIE_AGE, path="/e/", httponly=True, samesite="Lax",
            secure=settings.SESSION_COOKIE_SECURE,
        )  # fmt: skip
    return response


def _opening(visitor: Visitor, token: str) -> str:
    return ticket_of(visitor, token, number=secrets.token_hex(8))


def _cookie(request: HttpRequest) -> tuple[str, bool]:
    """Return the device's name, and whether it is new; one we did not give out is no device of ours."""
    name, _dot, proof = request.COOKIES.get(COOKIE, "").partition(".")
    if name and proof.isascii() and constant_time_compare(proof, _proof(name)):
        return name, False
    return secrets.token_urlsafe(16), True


def _proof(name: str) -> str:
    # Not under SECRET_KEY: a device stays the same one when that is changed.
    return lasting_hash("entries.visitor", name).hex()[:16]


def _is_believed(request: HttpRequest, token: str) -> bool:
    """Return whether one more device from this address is likely; past that it is led on and not counted."""
    new = counted("entries.new", f"{client_ip(request)}:{token}", VISITORS_WINDOW)
    return new <= MOST_VISITORS


def _guides(offer: Offer) -> list[str]:
    """Return the names of those WeCom may choose; never more than the store's accounts behind the code."""
    told = set(offer.code.told_userids)
    members = selectors.serving([offer.row.store_id]).get(offer.row.store_id, [])
    return [member.name for member in members if member.userid in told and member.name]


def _missing(request: HttpRequest, *, known: bool) -> HttpResponse:
    """Say what to do instead; whoever guesses addresses is slowed down."""
    if known:
        return _quiet(render(request, "public/entry_closed.html", status=404))
    guessed = counted("entries.miss", client_ip(request), WINDOW) > MOST_MISSES
    return _quiet(render(request, "public/entry_missing.html", status=429 if guessed else 404))


def _quiet(response: HttpResponse) -> HttpResponse:
    response["X-Robots-Tag"] = "noindex, nofollow"
    # The address holds the visitor's ticket: no other site may read it.
    response["Referrer-Policy"] = "no-referrer"
    response["Cache-Control"] = "private, no-store"
    return response


@public
@require_http_methods(["GET", "HEAD"])
@in_phones_language
def picture(request: HttpRequest, token: str) -> HttpResponse:
    """Give the code as a picture to press long."""
    if counted("entries.picture", client_ip(request), WINDOW) > MOST_PICTURES:
        return _quiet(HttpResponse(status=429))
    found = selectors.offer_of_token(token)
    if not isinstance(found, Offer):
        return _missing(request, known=found is not None)
    response = _quiet(HttpResponse(_drawn(found.code.link), content_type="image/png"))
    response["Cache-Control"] = "private, max-age=300"
    return response


@lru_cache(maxsize=64)
def _drawn(link: str) -> bytes:
    return print_ready(link, QR_PIXELS)


@csrf_exempt
@public
@require_POST
def beat(request: HttpRequest, token: str) -> HttpResponse:
    """Take what the page's script tells: seen, or clicked to add. The answer never tells whether it counted."""
    # No session and no form: nothing of a logged-in person can be done from here.
    if counted("entries.beat", client_ip(request), WINDOW) > MOST_BEATS:
        return _quiet(HttpResponse(status=429))
    kind = TOLD.get(request.POST.get("what", ""))
    opened = visitor_in(request.POST.get("ticket", ""), token)
    # A ticket of an offer has no number: only a page we drew may speak.
    if kind and opened and opened[1] and not is_robot(request.headers):
        _record(kind, token, *opened)
    return _quiet(HttpResponse(status=204))


def _record(kind: EntryVisit.Kind, token: str, visitor: Visitor, number: str) -> None:
    services.visits_record(
        [
            VisitRow(
                key=f"scrm:{kind}:{number}", kind=kind, occurred_at=timezone.now(), token=token,
                unionid=visitor.unionid, external_userid=visitor.external_userid,
                visitor_id=visitor.visitor_id, order_no=visitor.order_no,
            )
        ]
    )  # fmt: skip
