"""The phone's own pages: first page, tasks, me, diagnostics."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from contacts.directory.models import Member
from contacts.feed import services as feed
from contacts.feed.models import FeedItem
from contacts.feed.selectors import done_items, open_items
from materials.tracking.selectors import viewers_for
from scrm.core.keyset import paginate
from scrm.core.scope import ScopedRequest, h5_requires
from scrm.home.h5_selectors import numbers_for, own_member, stores_shown
from scrm.home.menu import url_of

PAGE = 20
FIRST_TASKS, FIRST_VIEWERS = 3, 5
# Until these hours (local) the greeting is for the morning, then for the afternoon.
NOON, EVENING = 12, 18


@require_GET
@h5_requires("h5.use")
def index(request: ScopedRequest) -> HttpResponse:
    """Greet, count, and offer what a guide does most."""
    member = own_member(request.scope)
    hour = timezone.localtime().hour
    context = {
        "member": member,
        "stores": stores_shown(request.scope, member),
        "is_store": not request.scope.own_only,
        "daytime": "morning" if hour < NOON else "afternoon" if hour < EVENING else "evening",
        "numbers": numbers_for(request.scope, member),
        "tasks": list(open_items(member.pk)[:FIRST_TASKS]) if member else [],
        "viewers": viewers_for(request.scope, member, most=FIRST_VIEWERS) if member else [],
        "sales_url": url_of("h5:sales"),
        "may_send_checkin": request.scope.allows("checkin.send"),
        "may_hand_out": request.scope.allows("points.fulfil"),
    }
    return render(request, "h5/home/index.html", context)


@require_GET
@h5_requires("h5.use")
def tasks(request: ScopedRequest) -> HttpResponse:
    """List what waits for the person, or what is done, twenty at a time."""
    member = own_member(request.scope)
    is_done = request.GET.get("show") == "done"
    rows = FeedItem.objects.none() if member is None else _items(member, is_done=is_done)
    order = ("-done_at", "-id") if is_done else ("due_at", "-id")
    page = paginate(rows, order=order, after=request.GET.get("after") or None, size=PAGE)
    context = {"items": page.rows, "next": page.next, "is_done": is_done}
    template = "h5/tasks/rows.html" if request.GET.get("after") else "h5/tasks/list.html"
    return render(request, template, context)


def _items(member: Member, *, is_done: bool) -> Any:
    return done_items(member.pk) if is_done else open_items(member.pk)


@require_POST
@h5_requires("h5.use")
def task_done(request: ScopedRequest, item_id: UUID) -> HttpResponse:
    """Mark one of the person's own items as done."""
    member = own_member(request.scope)
    if member is None or not feed.item_done(member_id=member.pk, item_id=item_id):
        raise Http404
    if request.htmx:
        return render(request, "h5/tasks/done.html")
    return redirect("h5:tasks")


@require_GET
@h5_requires("h5.use")
def me(request: ScopedRequest) -> HttpResponse:
    """Show who is logged in, with language, diagnostics and log-out."""
    member = own_member(request.scope)
    context = {"member": member, "stores": stores_shown(request.scope, member)}
    return render(request, "h5/me/index.html", context)


@require_GET
@h5_requires("h5.use")
def diag(request: ScopedRequest) -> HttpResponse:
    """Show what works between this page and WeCom, for IT to read over the phone."""
    member = own_member(request.scope)
    context = {
        "member": member,
        "agent": request.headers.get("User-Agent", ""),
        "now": int(timezone.now().timestamp() * 1000),
        "base_url": settings.BASE_URL,
        "needed": settings.H5_WECOM_VERSION,
    }
    return render(request, "h5/me/diag.html", context)
