"""The guide's pages: the library with a send button on every card, and who viewed."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from contacts.directory.models import Member
from materials.library.models import Material
from materials.library.selectors import (
    categories_all,
    destination_of,
    favourites_of,
    materials_for,
)
from materials.library.services import favourite_set
from materials.tracking import selectors, services
from materials.tracking.messages import message_of, plain_words
from materials.tracking.models import Send
from scrm.core import keyset
from scrm.core.exceptions import NotFound
from scrm.core.scope import ScopedRequest, h5_requires

FOLDER = "h5/materials"
PAGE = 20
TEXT_MOST = 40
TABS = ("all", "favourites", "recent")


def _member(request: ScopedRequest) -> Member:
    member = selectors.own_member(request.scope)
    if member is None:
        raise NotFound(
            _("Your log-in belongs to no WeCom account, so nothing can be sent."), code="no_account"
        )
    return member


@require_GET
@h5_requires("materials.send")
def materials(request: ScopedRequest) -> HttpResponse:
    """Show what this guide may send: search, favourites, recent ones, types."""
    member = _member(request)
    wanted = _wanted(request)
    found = selectors.library_of(member, **wanted)
    page = keyset.paginate(found, order=("-id",), after=request.GET.get("after") or None, size=PAGE)
    rows = page.rows
    if wanted["tab"] == "recent":
        place = {pk: number for number, pk in enumerate(selectors.recent_ids(member))}
        rows = sorted(rows, key=lambda row: place.get(row.pk, PAGE))
    context = {
        "cards": _cards(member, rows, wanted["text"]),
        "next": _address(request, after=page.next) if page.next else "",
        "wanted": wanted,
        "tabs": _tabs(request, wanted["tab"]),
        "kinds": _kinds(request, wanted["kind"]),
        "categories": categories_all(),
        "narrowed": bool(wanted["text"] or wanted["kind"] or wanted["category"]),
    }
    return render(request, f"{FOLDER}/library.html", context)


def _wanted(request: HttpRequest) -> dict[str, Any]:
    asked = request.GET
    tab, kind, category = asked.get("tab", ""), asked.get("kind", ""), asked.get("category", "")
    return {
        "tab": tab if tab in TABS else "all",
        "text": asked.get("q", "").strip()[:TEXT_MOST],
        "kind": kind if kind in Material.Kind.values else "",
        "category": int(category) if category.isdecimal() and len(category) < 10 else None,
    }


def _address(request: HttpRequest, **changes: str | None) -> str:
    query = request.GET.copy()
    query.pop("after", None)
    for name, value in changes.items():
        if value:
            query[name] = value
        else:
            query.pop(name, None)
    return f"?{query.urlencode()}"


def _tabs(request: HttpRequest, shown: str) -> list[dict[str, Any]]:
    words = {"all": _("All"), "favourites": _("Favourites"), "recent": _("Recent")}
    return [
        {"label": words[tab], "url": _address(request, tab=tab), "active": tab == shown}
        for tab in TABS
    ]


def _kinds(request: HttpRequest, shown: str) -> list[dict[str, Any]]:
    every = {"label": _("Every type"), "url": _address(request, kind=None), "active": not shown}
    return [
        every,
        *(
            {"label": label, "url": _address(request, kind=code), "active": code == shown}
            for code, label in Material.Kind.choices
        ),
    ]


def _cards(member: Member, rows: list[Material], text: str) -> list[dict[str, Any]]:
    ids = [row.pk for row in rows]
    counts, kept = selectors.own_counts(member, ids), favourites_of(member, ids)
    return [
        {
            "material": row,
            "title": _hit(row.title, text),
            "sends": counts[row.pk][0],
            "views": counts[row.pk][1],
            "kept": row.pk in kept,
        }
        for row in rows
    ]


def _hit(title: str, text: str) -> tuple[str, str, str]:
    """Cut a title before and behind the words searched for."""
    place = title.lower().find(text.lower()) if text else -1
    if place < 0:
        return title, "", ""
    end = place + len(text)
    return title[:place], title[place:end], title[end:]


@require_GET
@h5_requires("materials.send")
def material(request: ScopedRequest, pk: int) -> HttpResponse:
    """Show one material as the customer will see it."""
    member = _member(request)
    found = get_object_or_404(materials_for(member), pk=pk)
    card = _cards(member, [found], "")[0]
    link = destination_of(found.url) if found.url else None
    context = {"card": card, "material": found, "link": link}
    return render(request, f"{FOLDER}/material.html", context)


@require_POST
@h5_requires("materials.send")
def material_send(request: ScopedRequest, pk: int) -> HttpResponse:
    """Make a send and answer with the message for the SDK; the client confirms what became of it."""
    member = _member(request)
    found = get_object_or_404(materials_for(member), pk=pk)
    send = services.send_prepare(
        found,
        member=member,
        entry=request.POST.get("entry", ""),
        external_userid=request.POST.get("external_userid", "")[:64],
        actor=request.user,
    )
    answer = {
        "id": send.pk,
        "confirm": reverse("h5:material_confirm", args=[send.pk]),
        "message": message_of(send),
        "copy": plain_words(send),
    }
    return JsonResponse(answer)


@require_POST
@h5_requires("materials.send")
def material_confirm(request: ScopedRequest, pk: int) -> HttpResponse:
    """Take the client's report of one of this guide's own sends: ok, or the SDK's errMsg."""
    send = get_object_or_404(Send, pk=pk, member=_member(request))
    send = services.send_confirm(
        send, ok=request.POST.get("ok") == "1", problem=request.POST.get("errMsg", "")
    )
    return JsonResponse({"status": send.status})


@require_POST
@h5_requires("materials.send")
def material_favourite(request: ScopedRequest, pk: int) -> HttpResponse:
    """Keep a material at hand, or no longer."""
    member = _member(request)
    found = materials_for(member).filter(pk=pk).first()
    if found is None:
        raise Http404
    kept = request.POST.get("kept") == "1"
    favourite_set(member, found, kept=kept)
    return JsonResponse({"kept": kept})


@require_GET
@h5_requires("materials.send")
def viewers(request: ScopedRequest) -> HttpResponse:
    """Show who viewed what this guide sent, the latest first."""
    member = _member(request)
    rows = selectors.viewers_for(request.scope, member)
    return render(request, f"{FOLDER}/viewers.html", {"rows": rows})
