"""The customer list and its saved views."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from customers.lists import saved
from customers.lists.filters import CustomerFilter
from customers.lists.finding import wanted
from customers.lists.forms import ViewForm
from customers.lists.numbers import memberships_of
from customers.lists.selecting import filters_read
from customers.lists.tables import CustomerTable
from customers.relations.selectors import contacts_visible_to
from customers.relations.showing import shown
from scrm.core.listing import ListPage, build_list
from scrm.core.phone_lookups import lookup_count, lookup_record
from scrm.core.refusals import RefusalAsMessage
from scrm.core.scope import ScopedRequest, requires
from scrm.core.searched import SEALED, TEXT, sealed_redirect, searched_text

PAGE = "console/customers/lists/list.html"
ALL = "all"


@require_http_methods(["GET", "POST"])
@requires("relations.view")
def customer_list(request: ScopedRequest) -> HttpResponse:
    """List the customers in scope, those we learnt of last first. A search comes by POST and goes on sealed."""
    if request.method == "POST":
        return sealed_redirect(request, request.POST)
    if wanted(request.GET.get(TEXT, "")).is_number:
        return sealed_redirect(request, request.GET)
    view = saved.default_view(request.scope) if not request.GET else None
    if view is not None:
        return redirect(view_url(view))
    page = _page(request)
    for row, one in zip(page.rows, shown(request.scope, page.rows), strict=True):
        row.shown = one
    numbers = memberships_of(request.scope, [row.pk for row in page.rows])
    may_tag, may_export = (
        request.scope.allows(each) for each in ("relations.tag", "relations.export")
    )
    for row in page.rows:
        row.numbers, row.may_tick = numbers.get(row.pk, ()), may_tag or may_export
    context = {
        "list": page,
        "empty": _empty(),
        "may_sync": request.scope.allows("relations.sync"),
        "may_tag": may_tag,
        "may_export": may_export,
        "tabs": _tabs(request),
        "query": request.GET.urlencode(),
        "view_form": ViewForm(request.scope, auto_id="view_%s"),
    }
    return render(request, PAGE, context)


def _page(request: ScopedRequest) -> ListPage:
    """Return the page; a search by a phone, or by its last digits, is counted and written down."""
    asked = wanted(searched_text(request))
    if asked.is_number:
        lookup_count(request.user)
    page = build_list(
        request,
        queryset=contacts_visible_to(request.scope),
        table_class=CustomerTable,
        filterset_class=CustomerFilter,
        order=("-id",),
    )
    if asked.is_number:
        lookup_record(request.user, asked.number, found={"customers": page.total or 0})
    return page


def _empty() -> dict[str, Any]:
    return {
        "title": _("No customers yet"),
        "text": _(
            "They appear as soon as somebody adds a guide. Those from before are read by a sync."
        ),
        "icon": "users",
    }


def view_url(view: Any) -> str:
    """Return the list with a view's filters."""
    head = f"{reverse('relations:list')}?view={view.pk}"
    return f"{head}&{view.query}" if view.query else head


def _tabs(request: ScopedRequest) -> list[dict[str, Any]]:
    """Return the views as tabs, "all customers" first; one's own can be deleted."""
    current = request.GET.get("view", ALL if set(request.GET) <= {"view"} else "")
    everybody: dict[str, Any] = {
        "name": _("All customers"),
        "url": f"{reverse('relations:list')}?view={ALL}",
        "key": ALL,
    }
    views = saved.views_visible_to(request.scope).order_by("created_at", "pk")
    tabs = [everybody] + [
        {
            "name": view.name,
            "url": view_url(view),
            "key": str(view.pk),
            "pk": view.pk,
            "is_mine": view.owner_id == request.user.pk,
            "is_default": view.is_default,
            "is_shared": bool(view.role_code),
        }
        for view in views
    ]  # fmt: skip
    for tab in tabs:
        tab["is_current"] = tab["key"] == current
    return tabs


@require_POST
@requires("relations.view")
def view_save(request: ScopedRequest) -> HttpResponse:
    """Keep the filters as they stand under a name."""
    form = ViewForm(request.scope, request.POST)
    back = f"{reverse('relations:list')}?{request.POST.get('query', '')}"
    if not form.is_valid():
        messages.error(request, _("Give the view a name."))
        return redirect(back)
    with RefusalAsMessage(request):
        query = request.POST.get("query", "").lstrip("?")
        names = filters_read(request.scope, request.user, saved.unsearched(query)).filters
        view = saved.view_save(
            request.scope,
            actor=request.user,
            query=saved.query_kept(query, names),
            **form.cleaned_data,
        )
        messages.success(request, _("The view is kept."))
        if SEALED in request.POST.get("query", ""):
            messages.info(request, _("What you searched for is not part of it."))
        return redirect(view_url(view))
    return redirect(back)


@require_POST
@requires("relations.view")
def view_delete(request: ScopedRequest, pk: UUID) -> HttpResponse:
    """Forget one of one's own views."""
    view = get_object_or_404(saved.views_owned_by(request.scope), pk=pk)
    saved.view_delete(view, actor=request.user)
    messages.success(request, _("The view is deleted."))
    return redirect(f"{reverse('relations:list')}?view={ALL}")
