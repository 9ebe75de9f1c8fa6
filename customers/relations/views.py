"""The customer pages."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from customers.relations import selectors, services
from customers.relations.forms import ContactFilter
from customers.relations.showing import shown
from customers.relations.tables import ContactTable
from customers.tags.selectors import tags_all
from scrm.core.exceptions import Conflict
from scrm.core.listing import build_list
from scrm.core.phone_lookups import lookup_phone, lookup_record
from scrm.core.scope import ScopedRequest, requires


@require_GET
@requires("relations.view")
def contact_list(request: ScopedRequest) -> HttpResponse:
    """List the customers in scope, those we learnt of last first."""
    phone = lookup_phone(request.user, request.GET.get("q", ""))
    page = build_list(
        request,
        queryset=selectors.contacts_visible_to(request.scope),
        table_class=ContactTable,
        filterset_class=ContactFilter,
        order=("-id",),
    )
    if phone:
        lookup_record(request.user, phone, found={"customers": page.total or 0})
    for row, view in zip(page.rows, shown(request.scope, page.rows), strict=True):
        row.shown = view
    may_sync = request.scope.allows("relations.sync")
    empty = {
        "title": _("No customers yet"),
        "text": _(
            "They appear as soon as somebody adds a guide. Those from before are read by a sync."
        ),
        "icon": "users",
    }
    context = {"list": page, "empty": empty, "may_sync": may_sync}
    return render(request, "console/customers/relations/list.html", context)


@require_POST
@requires("relations.sync")
def sync(request: ScopedRequest) -> HttpResponse:
    """Start reading all customers of all members."""
    try:
        job = services.sync_start(actor=request.user)
    except Conflict as error:
        messages.warning(request, error.message)
        return redirect(reverse("relations:list"))
    return redirect("jobs:detail", job.pk)


@require_GET
@requires("relations.view")
def tag_counts(request: ScopedRequest) -> HttpResponse:
    """Give the tags page how many relations carry each tag: tags lie below relations and cannot ask."""
    counts = selectors.tag_counts(request.scope)
    rows = [(tag.pk, counts.get(tag.tag_id, 0)) for tag in tags_all()]
    return render(request, "console/customers/relations/tag_counts.html", {"rows": rows})
