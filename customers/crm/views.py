"""The member pages."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from customers.crm import services
from customers.crm.forms import MemberFileForm, MemberFilter, OrderFilter, ServiceFilter
from customers.crm.rows import FIELDS, table
from customers.crm.selectors import (
    imports_visible_to,
    members_visible_to,
    orders_visible_to,
    refunds_of,
    services_visible_to,
)
from customers.crm.tables import OrderTable, ServiceTable, table_for
from customers.goods.selectors import pictures_of
from scrm.core.downloads import workbook_response
from scrm.core.excel import write_workbook
from scrm.core.exceptions import Conflict
from scrm.core.listing import build_list
from scrm.core.phone_lookups import lookup_count, lookup_record, number_in
from scrm.core.refusals import RefusalInForm
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
        "action_url": reverse("crm:import") if may_import else "",
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


@require_http_methods(["GET", "POST"])
@requires("crm.import")
def member_import(request: ScopedRequest) -> HttpResponse:
    """Take a member file and go on to its preview."""
    form = MemberFileForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        with RefusalInForm(form, "file"):
            upload = services.import_create(
                filename=file.name, content=file.read(), actor=request.user
            )
            return redirect("crm:import_preview", upload.pk)
    recent = imports_visible_to(request.scope).order_by("-id")[:10]
    context = {"form": form, "recent": recent}
    status = 422 if form.errors else 200
    return render(request, "console/customers/crm/import.html", context, status=status)


@require_GET
@requires("crm.import")
def import_preview(request: ScopedRequest, import_id: UUID) -> HttpResponse:
    """Show how the file was understood, with an error beside every wrong cell."""
    upload = get_object_or_404(imports_visible_to(request.scope), pk=import_id)
    if upload.job_id is not None:
        return redirect("jobs:detail", upload.job_id)
    if upload.content is None:
        messages.warning(
            request, _("The file was not imported within a day and is deleted. Send it again.")
        )
        return redirect("crm:import")
    preview = services.import_preview(upload)
    columns = [(header, field) for header, field in preview.fields.items()]
    rows = [
        {
            "number": row.number,
            "cells": [
                (row.cells.get(header, ""), row.read.errors.get(field, ""))
                for header, field in columns
            ],
        }
        for row in preview.rows
    ]
    context = {
        "upload": upload,
        "columns": columns,
        "ignored": preview.ignored,
        "rows": rows,
        "bad": sum(1 for row in preview.rows if row.read.row is None),
    }
    return render(request, "console/customers/crm/import_preview.html", context)


@require_POST
@requires("crm.import")
def import_start(request: ScopedRequest, import_id: UUID) -> HttpResponse:
    """Start the job."""
    upload = get_object_or_404(imports_visible_to(request.scope), pk=import_id)
    try:
        job = services.import_start(upload, actor=request.user)
    except Conflict as error:
        messages.warning(request, error.message)
        return redirect("jobs:detail", error.data["job_id"])
    return redirect("jobs:detail", job.pk)


@require_GET
@requires("crm.import")
def import_template(request: ScopedRequest) -> HttpResponse:
    """Give an empty file with the right headers."""
    language = "zh" if (get_language() or "").startswith("zh") else "en"
    headers = table()["template"][language]
    content = write_workbook(list(zip(FIELDS, headers, strict=True)), [])
    return workbook_response(content, "members.xlsx")
