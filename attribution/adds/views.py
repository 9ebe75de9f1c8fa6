"""The page of adds."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from attribution.adds.forms import AddFilter
from attribution.adds.selectors import adds_visible_to
from attribution.adds.tables import AddTable
from customers.relations.selectors import with_people
from scrm.core.listing import build_list
from scrm.core.scope import ScopedRequest, requires


@require_GET
@requires("adds.view")
def add_list(request: ScopedRequest) -> HttpResponse:
    """List the adds in scope, the newest first."""
    page = build_list(
        request,
        queryset=with_people(adds_visible_to(request.scope), request.scope),
        table_class=AddTable,
        filterset_class=AddFilter,
        order=("-started_at", "-id"),
    )
    empty = {
        "title": _("No adds yet"),
        "text": _(
            "Every customer who adds a guide appears here, with the live code they came through."
        ),
        "icon": "user-plus",
    }
    return render(request, "console/attribution/adds/list.html", {"list": page, "empty": empty})
