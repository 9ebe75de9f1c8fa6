"""The customer pages."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from customers.relations import selectors
from customers.relations.opened import opened_mark
from customers.tags.selectors import tags_all
from scrm.core.refusals import RefusalAsMessage
from scrm.core.scope import ScopedRequest, requires


@require_POST
@requires("profile.edit")
def opened(request: ScopedRequest, relation_id: UUID) -> HttpResponse:
    """Mark that the customer has written to this guide; kept with one's name."""
    relation = get_object_or_404(selectors.relations_visible_to(request.scope), pk=relation_id)
    with RefusalAsMessage(request):
        opened_mark(request.scope, relation_id, actor=request.user)
    return redirect(f"{reverse('profile:detail', args=[relation.contact_id])}?tab=relations")


@require_GET
@requires("relations.view")
def tag_counts(request: ScopedRequest) -> HttpResponse:
    """Give the tags page how many relations carry each tag: tags lie below relations and cannot ask."""
    counts = selectors.tag_counts(request.scope)
    rows = [(tag.pk, counts.get(tag.tag_id, 0)) for tag in tags_all()]
    return render(request, "console/customers/relations/tag_counts.html", {"rows": rows})
