"""The public page customers see, and the console's reach pages."""

import secrets

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from materials.library.models import Material
from materials.library.selectors import destination_of, materials_visible_to
from materials.tracking import selectors
from materials.tracking.forms import BeatForm, ReachFilter
from materials.tracking.messages import destination
from materials.tracking.models import Send, View
from materials.tracking.robots import is_robot, is_wecom
from materials.tracking.tables import ReachTable
from materials.tracking.viewing import BEAT_SECONDS, Opening, view_beat, view_opened
from scrm.core.limits import counted
from scrm.core.listing import build_list
from scrm.core.middleware import client_ip
from scrm.core.scope import ScopedRequest, public, requires

FOLDER = "console/materials/tracking"
COOKIE = "m_visitor"
COOKIE_AGE = 365 * 24 * 3600
COOKIE_CHARS = 22
MOST_MISSES = 20
MISSES_WINDOW = 60
MOST_BEATS = 600
BEATS_WINDOW = 60


@public
@require_http_methods(["GET", "HEAD"])
def page(request: HttpRequest, token: str) -> HttpResponse:
    """Show a sent material. No log-in, no name of anybody; a robot's opening is kept but never counts."""
    send = selectors.public_send(token)
    if send is None:
        return _missing(request)
    cookie, is_new = _visitor(request)
    view = None if request.method == "HEAD" else _opened(request, send, cookie, is_new=is_new)
    context = {
        "material": send.material,
        "send": send,
        "view": view,
        "beat_seconds": BEAT_SECONDS,
        "link": destination_of(send.material.url) if send.material.url else None,
    }
    response = _quiet(render(request, "public/material.html", context))
    if is_new and request.method == "GET":
        response.set_cookie(
            COOKIE, cookie, max_age=COOKIE_AGE, path="/m/", httponly=True, samesite="Lax",
            secure=settings.SESSION_COOKIE_SECURE,
        )  # fmt: skip
    return response


def _visitor(request: HttpRequest) -> tuple[str, bool]:
    given = request.COOKIES.get(COOKIE, "")
    if len(given) == COOKIE_CHARS and given.isascii():
        return given, False
    return secrets.token_urlsafe(16), True


def _opened(request: HttpRequest, send: Send, cookie: str, *, is_new: bool) -> View | None:
    opening = Opening(
        cookie=cookie,
        is_new=is_new,
        is_robot=is_robot(request.headers),
        is_staff=request.user.is_authenticated and is_wecom(request.headers),
        address=client_ip(request),
    )
    return view_opened(send, opening)


def _missing(request: HttpRequest) -> HttpResponse:
    """Answer alike for what never was, is over or was put away; whoever guesses is slowed down."""
    guessed = counted("materials.miss", client_ip(request), MISSES_WINDOW) > MOST_MISSES
    return _quiet(render(request, "public/missing.html", status=429 if guessed else 404))


def _quiet(response: HttpResponse) -> HttpResponse:
    response["X-Robots-Tag"] = "noindex, nofollow"
    response["Referrer-Policy"] = "no-referrer"
    response["Cache-Control"] = "private, no-store"
    return response


@csrf_exempt
@public
@require_POST
def beat(request: HttpRequest, token: str) -> HttpResponse:
    """Take a sign of life of the page. The answer never tells whether it counted."""
    # No session and no form: nothing of a logged-in person can be done from here.
    if counted("materials.beat", client_ip(request), BEATS_WINDOW) > MOST_BEATS:
        return _quiet(HttpResponse(status=429))
    send = selectors.public_send(token)
    if send is None:
        return _missing(request)
    form = BeatForm(request.POST)
    cookie, is_new = _visitor(request)
    if form.is_valid() and not is_new and not is_robot(request.headers):
        view_beat(send, form.cleaned_data["view"], cookie)
    return _quiet(HttpResponse(status=204))


@public
@require_http_methods(["GET", "HEAD"])
def go(request: HttpRequest, token: str) -> HttpResponse:
    """Lead on to the address stored with the material; no address is ever taken from the request."""
    send = selectors.public_send(token)
    if send is None or send.material.kind != Material.Kind.LINK:
        return _missing(request)
    return _quiet(HttpResponseRedirect(destination(send)))


@require_GET
@requires("materials.view")
def reach_list(request: ScopedRequest) -> HttpResponse:
    """List the materials with what they reached within the scope."""
    listed = build_list(
        request,
        queryset=materials_visible_to(request.scope).exclude(status=Material.Status.DRAFT),
        table_class=ReachTable,
        filterset_class=ReachFilter,
    )
    reached = selectors.reach_of(request.scope, [row.pk for row in listed.rows])
    for row in listed.rows:
        row.reach = reached[row.pk]
    empty = {
        "title": _("Nothing was published yet"),
        "text": _("As soon as guides send a material, its reach is counted here."),
        "icon": "chart-bar",
    }
    return render(request, f"{FOLDER}/list.html", {"list": listed, "empty": empty})


@require_GET
@requires("materials.view")
def reach_detail(request: ScopedRequest, pk: int) -> HttpResponse:
    """Show one material's reach: figures, who viewed, who sent."""
    material = get_object_or_404(materials_visible_to(request.scope), pk=pk)
    if material.status == Material.Status.DRAFT and not material.sends.exists():
        raise Http404
    context = {
        "material": material,
        "reach": selectors.reach_of(request.scope, [pk])[pk],
        "viewers": selectors.viewers_of(request.scope, material),
        "senders": selectors.senders_of(request.scope, material),
        "may_open": request.scope.allows("relations.view"),
        "rows_most": selectors.TABLE_ROWS,
    }
    return render(request, f"{FOLDER}/detail.html", context)
