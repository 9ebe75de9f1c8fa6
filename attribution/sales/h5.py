"""The guide's sales on the phone: the month, the orders, and why each is theirs."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from attribution.sales import selectors
from attribution.sales.why import loser_ids, losers_of, why
from contacts.directory.selectors import members_visible_to
from scrm.core.keyset import paginate
from scrm.core.scope import ScopedRequest, h5_requires

PAGE = 20


@require_GET
@h5_requires("h5.use")
def sales(request: ScopedRequest) -> HttpResponse:
    """Show the month of a guide, or of a manager's store, and its orders."""
    month = _month(request.GET.get("month", ""))
    first, following = selectors.month_days(month)
    credits = selectors.credits_visible_to(request.scope).filter(
        business_day__gte=first, business_day__lt=following
    )
    page = paginate(
        credits.select_related("order", "member"),
        order=("-paid_at", "-id"),
        after=request.GET.get("after") or None,
        size=PAGE,
    )
    context: dict[str, Any] = {
        "rows": selectors.with_goods(page.rows),
        "next": page.next,
        "month": first,
        "is_store": not request.scope.own_only,
    }
    if request.GET.get("after"):
        return render(request, "h5/sales/rows.html", context)
    context |= {
        "figures": selectors.month_figures(request.scope, first),
        "left_out": selectors.month_left_out(request.scope, first) if context["is_store"] else None,
        "guides": selectors.month_by_guide(request.scope, first) if context["is_store"] else [],
        "before": (first - timedelta(days=1)).replace(day=1),
        "behind": following if following <= timezone.localdate() else None,
    }
    return render(request, "h5/sales/list.html", context)


def _month(text: str) -> date:
    """Return the first day of a month written as 2026-11; this month for anything else."""
    try:
        month = date.fromisoformat(f"{text}-01")
    except ValueError:
        return timezone.localdate().replace(day=1)
    return month if 2000 <= month.year <= 2100 else timezone.localdate().replace(day=1)


@require_GET
@h5_requires("h5.use")
def sale(request: ScopedRequest, order_id: UUID) -> HttpResponse:
    """Show one order with why it is whose it is."""
    rows = selectors.credits_visible_to(request.scope)
    credit = get_object_or_404(
        rows.select_related("order", "member", "store", "ruleset"), order_id=order_id
    )
    seen = members_visible_to(request.scope).in_bulk(loser_ids([credit]))
    context = {
        "credit": credit,
        "why": why(credit),
        "losers": losers_of(credit, seen),
        "lines": selectors.lines_of(request.scope, credit),
        "pieces": credit.order.lines.order_by("position"),
    }
    return render(request, "h5/sales/sale.html", context)
