"""The member pages."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from customers.crm.forms import MemberFilter, OrderFilter, ServiceFilter
from customers.crm.selectors import (
    members_visible_to,
    orders_visible_to,
    refunds_of,
    services_visible_to,
)
from customers.crm.tables import OrderTable, ServiceTable, table_for
from customers.goods.selectors import pictures_of
from scrm.core.listing import build_list
from scrm.core.phone_lookups import lookup_count, lookup_record, number_in
from scrm.core.scope import ScopedRequest, requires
from scrm.core.searched import TEXT, sealed_redirect, searched_text


@require_http_methods(["GET", "POST"])
@requires("crm.view")
def member_list(request: ScopedRequest) -> HttpResponse:
    """List the members in scope, the newest first. A search comes by POST and goes on sealed."""
    if request.method == "POST":
        return sealed_redirect(request, request.POST)
    if number_in(request.GET.get(TEXT, "")):
        return sealed_redirect(request, request.GET)
    may_import = request.scope.allows("crm.import")
    number = number_in(searched_text(request))
    if number:
        lookup_count(request.user)
    page = build_list(
        request,
        queryset=members_visible_to(request.scope),
        table_class=table_for(request.scope.masked("name")),
        filterset_class=MemberFilter,
        order=("-id",),
    )
    if number:
        lookup_record(request.user, number, found={"crm_members": page.total or 0})
    empty = {
        "title": _("No CRM members yet"),
        "text": _("Import a file, or let the member system send them through the API."),
        "action_label": _("Import members") if may_import else "",
        "action_url": reverse("intake:file", args=["members"]) if may_import else "",
        "icon": "id",
    }
    return render(
        request,
        "console/customers/crm/list.html",
        {"list": page, "empty": empty, "may_import": may_import},
    )


@require_GET
@requires("crm.view")
def order_list(request: ScopedRequest) -> HttpResponse:
    """List the orders in scope, the newest payment first."""
    page = build_list(
        request,
        queryset=orders_visible_to(request.scope),
        table_class=OrderTable,
        filterset_class=OrderFilter,
        order=("-paid_at", "-id"),
    )
    empty = {
        "title": _("No orders yet"),
        "text": _("The mall and the shop's tills send them through the API."),
        "icon": "file-spreadsheet",
    }
    return render(request, "console/customers/crm/orders.html", {"list": page, "empty": empty})


@require_GET
@requires("crm.view")
def order_detail(request: ScopedRequest, order_id: UUID) -> HttpResponse:
    """Show one order with its lines and refunds."""
    order = get_object_or_404(orders_visible_to(request.scope), pk=order_id)
    lines = list(order.lines.order_by("position"))
    goods = pictures_of(line.sku for line in lines)
    context = {
        "order": order,
        "lines": [(line, goods.get(line.sku)) for line in lines],
        "refunds": refunds_of(order),
    }
    return render(request, "console/customers/crm/order.html", context)


@require_GET
@requires("crm.view")
def service_list(request: ScopedRequest) -> HttpResponse:
    """List the services in scope, the newest first."""
    page = build_list(
        request,
        queryset=services_visible_to(request.scope),
        table_class=ServiceTable,
        filterset_class=ServiceFilter,
        order=("-served_at", "-id"),
    )
    empty = {
        "title": _("No services yet"),
        "text": _("Delivery, fitting, repair: their systems send them through the API or by file."),
        "icon": "list-check",
    }
    return render(request, "console/customers/crm/services.html", {"list": page, "empty": empty})
