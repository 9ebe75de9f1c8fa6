"""The customer pages."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from customers.relations import selectors, services
from customers.relations.forms import ContactFilter, RevealForm
from customers.relations.models import ExternalContact
from customers.relations.sources import source_names
from customers.relations.tables import ContactTable, shown
from customers.tags.selectors import tags_all
from scrm.core.exceptions import Conflict
from scrm.core.listing import build_list
from scrm.core.scope import ScopedRequest, requires

EVENTS_SHOWN = 100


@require_GET
@requires("relations.view")
def contact_list(request: ScopedRequest) -> HttpResponse:
    """List the customers in scope, those we learnt of last first."""
    page = build_list(
        request,
        queryset=selectors.contacts_visible_to(request.scope),
        table_class=ContactTable,
        filterset_class=ContactFilter,
        order=("-id",),
    )
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


@require_GET
@requires("relations.view")
def contact_detail(request: ScopedRequest, contact_id: UUID) -> HttpResponse:
    """Show one customer with relations and events."""
    contact = get_object_or_404(selectors.contacts_visible_to(request.scope), pk=contact_id)
    return _detail(request, contact, RevealForm())


@never_cache
@require_POST
@requires("relations.reveal")
def contact_reveal(request: ScopedRequest, contact_id: UUID) -> HttpResponse:
    """Show the phones of one customer in full, once, and write down who asked and why."""
    contact = get_object_or_404(selectors.contacts_visible_to(request.scope), pk=contact_id)
    form = RevealForm(request.POST)
    if not form.is_valid():
        return _detail(request, contact, form, status=422)
    phones = services.contact_reveal(
        request.scope, contact, actor=request.user, reason=form.cleaned_data["reason"]
    )
    return _detail(request, contact, RevealForm(), revealed=phones)


def _detail(
    request: ScopedRequest,
    contact: ExternalContact,
    form: RevealForm,
    *,
    revealed: list[str] | None = None,
    status: int = 200,
) -> HttpResponse:
    (view,) = shown(request.scope, [contact])
    events = list(selectors.events_visible_to(request.scope, contact)[:EVENTS_SHOWN])
    sources = source_names(event.state for event in events)
    names = {row.relation.member.userid.lower(): row.relation.member for row in view.relations}
    context = {
        "contact": contact,
        "shown": view,
        "events": [
            (event, names.get(event.userid.lower()), sources.get(event.state, ""))
            for event in events
        ],
        "form": form,
        "revealed": revealed,
        "may_reveal": request.scope.allows("relations.reveal"),
    }
    return render(request, "console/customers/relations/detail.html", context, status=status)


@require_POST
@requires("relations.sync")
def sync(request: ScopedRequest) -> HttpResponse:
    """Start reading all customers of all members."""
    try:
        job = services.sync_start(actor=request.user)
    except Conflict as error:
        messages.warning(request, error.message)
        return redirect("jobs:detail", error.data["job_id"])
    return redirect("jobs:detail", job.pk)


@require_GET
@requires("relations.view")
def tag_counts(request: ScopedRequest) -> HttpResponse:
    """Give the tags page how many relations carry each tag: tags lie below relations and cannot ask."""
    counts = selectors.tag_counts(request.scope)
    rows = [(tag.pk, counts.get(tag.tag_id, 0)) for tag in tags_all()]
    return render(request, "console/customers/relations/tag_counts.html", {"rows": rows})
