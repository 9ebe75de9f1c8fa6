"""Pages of the audit, for auditors."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from scrm.core.approvals.asking import second_person
from scrm.core.approvals.exports import may_take
from scrm.core.audit import selectors
from scrm.core.audit.exporting import MOST_ROWS, workbook
from scrm.core.audit.fields import changes_of, reason_of
from scrm.core.audit.services import record
from scrm.core.audit.tables import AuditFilter, AuditTable
from scrm.core.audit.words import action_words, target_words
from scrm.core.downloads import workbook_response
from scrm.core.exceptions import ValidationFailed
from scrm.core.listing import build_list
from scrm.core.scope import ScopedRequest, requires


@require_GET
@requires("audit.view")
def entry_list(request: ScopedRequest) -> HttpResponse:
    """Show what was done, newest first."""
    page = build_list(
        request,
        queryset=selectors.entries_visible_to(request.scope).defer("before", "after", "reason"),
        table_class=AuditTable,
        filterset_class=AuditFilter,
        order=("-at", "-id"),
    )
    names = selectors.names_of(entry.target for entry in page.rows)
    for entry in page.rows:
        entry.target_name = names.get(entry.target, "")
    empty = {
        "title": _("Nothing was recorded yet"),
        "text": _("Every change and every reveal will appear here."),
        "icon": "list-check",
    }
    context = {
        "list": page,
        "empty": empty,
        "may_export": request.scope.allows("audit.export") and page.rows,
        "chosen": _chosen(page.filter),
    }
    return render(request, "console/core/audit/list.html", context)


@require_POST
@requires("audit.export")
def export(request: ScopedRequest) -> HttpResponse:
    """Give the entries the filters leave as a file, as masked as on the pages; itself an entry."""
    visible = selectors.entries_visible_to(request.scope)
    found = AuditFilter(request.POST, queryset=visible, request=request)
    if not found.is_valid():
        messages.error(request, _("Correct the filters first; nothing was exported."))
        return redirect("audit:list")
    chosen, rows = _chosen(found), found.qs.count()
    if rows > MOST_ROWS:
        words = _("A file holds at most %(most)d rows. Choose days or a person.")
        raise ValidationFailed(words % {"most": MOST_ROWS}, code="audit_too_large")
    unmasked = not request.scope.masked("phone")
    with transaction.atomic():
        if not may_take("audit", chosen, rows=rows, actor=request.user, unmasked=unmasked):
            page = reverse("audit:list", query=chosen)
            return second_person(
                request, "audit", chosen, rows=rows, page=page, shown=chosen, unmasked=unmasked
            )
        content = workbook(found.qs.order_by("-at", "-id"), request.scope)
        record(
            actor=request.user,
            action="audit.export",
            target="audit:*",
            after={"filters": chosen, "rows": rows},
        )
    return workbook_response(content, f"audit-{timezone.localdate()}.xlsx")


def _chosen(found: Any) -> dict[str, str]:
    """Return the filters that are set, as the URL has them."""
    return {name: found.data[name] for name in found.form.fields if found.data.get(name)}


@require_GET
@requires("audit.view")
def entry_detail(request: ScopedRequest, pk: UUID) -> HttpResponse:
    """Show one act with what it changed."""
    entry = get_object_or_404(selectors.entries_visible_to(request.scope), pk=pk)
    names = selectors.names_of([entry.target])
    context = {
        "entry": entry,
        "action": action_words(entry.action),
        "target": target_words(entry.target, names.get(entry.target, "")),
        "reason": reason_of(entry, request.scope),
        "changes": changes_of(entry, request.scope),
    }
    return render(request, "console/core/audit/detail.html", context)
