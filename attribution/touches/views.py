"""The pages of touches."""

from datetime import timedelta

from django.db.models import CharField, Value
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from attribution.touches.forms import TouchFilter
from attribution.touches.models import Touch
from attribution.touches.selectors import (
    members_named,
    stores_named,
    surface_shares,
    touches_visible_to,
)
from attribution.touches.tables import TouchTable
from customers.relations.selectors import with_people
from scrm.core.listing import build_list
from scrm.core.scope import ScopedRequest, requires

FOLDER = "console/attribution/touches"
AUDIT_DAYS = 30


@require_GET
@requires("touches.view")
def touch_list(request: ScopedRequest) -> HttpResponse:
    """List the touches in scope, the newest first."""
    # with_people names members by userid; a touch names them by id, so that side is filled below.
    touches = touches_visible_to(request.scope).annotate(userid=Value("", output_field=CharField()))
    page = build_list(
        request,
        queryset=with_people(touches, request.scope),
        table_class=TouchTable,
        filterset_class=TouchFilter,
        order=("-occurred_at", "-id"),
    )
    _name(page.rows)
    empty = {
        "title": _("No touches yet"),
        "text": _(
            "The mall and other surfaces send them through the API; views of sent materials and adds appear by themselves."
        ),
        "icon": "route",
    }
    return render(request, f"{FOLDER}/list.html", {"list": page, "empty": empty, "tab": "list"})


def _name(rows: list[Touch]) -> None:
    members = members_named(row.member_id for row in rows)
    stores = stores_named(row.store_id for row in rows)
    for row in rows:
        row.guide = members.get(row.member_id or 0)  # type: ignore[attr-defined]
        row.shop = stores.get(row.store_id or 0)  # type: ignore[attr-defined]


@require_GET
@requires("touches.view")
def surface_list(request: ScopedRequest) -> HttpResponse:
    """Show which surfaces come without a parameter that holds, over the last 30 days."""
    since = timezone.now() - timedelta(days=AUDIT_DAYS)
    shares = surface_shares(request.scope, since)
    total = sum(share.touches for share in shares)
    without = sum(share.without for share in shares)
    context = {
        "shares": shares,
        "days": AUDIT_DAYS,
        "total": total,
        "without": without,
        "percent": round(100 * without / total, 1) if total else None,
        "good": sum(1 for share in shares if share.without == 0),
        "tab": "surfaces",
        "empty": {
            "title": _("No touches in these days"),
            "text": _(
                "As soon as the mall sends page events, each surface appears here with its share."
            ),
            "icon": "route",
        },
    }
    return render(request, f"{FOLDER}/surfaces.html", context)
