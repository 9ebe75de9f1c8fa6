"""The pages of account capacity."""

from collections.abc import Sequence

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from contacts.directory.selectors import restrictions_among
from contacts.org.selectors import stores_of
from risk.capacity import selectors, services
from risk.capacity.forms import CapacityFilter, LimitForm
from risk.capacity.models import Capacity, MemberLimit
from risk.capacity.tables import CapacityTable
from scrm.core.exceptions import ScrmError
from scrm.core.listing import build_list
from scrm.core.scope import ScopedRequest, requires

FOLDER = "console/risk/capacity"


@require_GET
@requires("capacity.view")
def capacity_list(request: ScopedRequest) -> HttpResponse:
    """List the accounts in scope, the fullest first."""
    page = build_list(
        request,
        queryset=selectors.capacities_visible_to(request.scope).select_related(
            "member__capacity_limit"
        ),
        table_class=CapacityTable,
        filterset_class=CapacityFilter,
        order=("-permille", "-id"),
    )
    stores = stores_of(row.member_id for row in page.rows)
    for row in page.rows:
        row.store = stores.get(row.member_id)
    _restrictions_put(request, page.rows)
    empty = {
        "title": _("No account was counted yet"),
        "text": _("Accounts with customer contact are counted every minute."),
        "icon": "stack-2",
    }
    context = {
        "list": page,
        "empty": empty,
        "counts": selectors.capacity_counts(request.scope),
        "limits": selectors.limits_of(None, None),
    }
    return render(request, f"{FOLDER}/list.html", context)


@require_GET
@requires("capacity.view")
def capacity_detail(request: ScopedRequest, member_id: int) -> HttpResponse:
    """Show one account: usage, pace, what holds for it."""
    row = _row(request, member_id)
    return _page(request, row, _form(row))


@require_http_methods(["GET", "POST"])
@requires("capacity.edit")
def limit_edit(request: ScopedRequest, member_id: int) -> HttpResponse:
    """Set or remove what holds for one account."""
    row = _row(request, member_id)
    if request.method == "GET":
        return redirect("capacity:detail", member_id)
    form = LimitForm(request.POST, defaults=_defaults())
    if form.is_valid():
        try:
            services.limit_set(row.member, actor=request.user, **form.cleaned_data)
        except ScrmError as error:
            field = error.data.get("field")
            form.add_error(field if field in form.fields else None, error.message)
        else:
            messages.success(request, _("Saved; the account was counted again."))
            return redirect("capacity:detail", member_id)
    return _page(request, row, form)


def _row(request: ScopedRequest, member_id: int) -> Capacity:
    rows = selectors.capacities_visible_to(request.scope).select_related("member__capacity_limit")
    row = get_object_or_404(rows, member_id=member_id)
    _restrictions_put(request, [row])
    return row


def _restrictions_put(request: ScopedRequest, rows: Sequence[Capacity]) -> None:
    """Put on the rows whether an incident keeps the account from customers, and which one; two queries."""
    held = restrictions_among(request.scope, [row.member_id for row in rows])
    for row in rows:
        row.is_restricted = row.member_id in held  # type: ignore[attr-defined]
        row.incident_id = held.get(row.member_id)  # type: ignore[attr-defined]


def _defaults() -> tuple[int, int]:
    return settings.RISK_CAPACITY_LIMIT, settings.RISK_CAPACITY_SWAP_PERCENT


def _form(row: Capacity) -> LimitForm:
    own = MemberLimit.objects.filter(member_id=row.member_id).first()
    initial = {"limit": own.limit, "swap_percent": own.swap_percent} if own else {}
    return LimitForm(initial=initial, defaults=_defaults())


def _page(request: ScopedRequest, row: Capacity, form: LimitForm) -> HttpResponse:
    own = MemberLimit.objects.filter(member_id=row.member_id).select_related("updated_by").first()
    context = {
        "row": row,
        "own": own,
        "limits": selectors.limits_of(
            own.limit if own else None, own.swap_percent if own else None
        ),
        "store": stores_of([row.member_id]).get(row.member_id),
        "form": form,
        "may_edit": request.scope.allows("capacity.edit"),
    }
    return render(request, f"{FOLDER}/detail.html", context, status=422 if form.errors else 200)
