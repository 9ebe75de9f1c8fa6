"""Pages of the audit, for auditors."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from scrm.core.audit import selectors
from scrm.core.audit.tables import AuditFilter, AuditTable
from scrm.core.audit.words import action_words, target_words
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
    empty = {
        "title": _("Nothing was recorded yet"),
        "text": _("Every change and every reveal will appear here."),
        "icon": "list-check",
    }
    return render(request, "console/core/audit/list.html", {"list": page, "empty": empty})


@require_GET
@requires("audit.view")
def entry_detail(request: ScopedRequest, pk: UUID) -> HttpResponse:
    """Show one act with what it changed."""
    entry = get_object_or_404(selectors.entries_visible_to(request.scope), pk=pk)
    before, after = entry.before or {}, entry.after or {}
    names = sorted({*before, *after})
    changes: list[dict[str, Any]] = [
        {
            "name": name,
            "before": before.get(name),
            "after": after.get(name),
            "differs": before.get(name) != after.get(name),
        }
        for name in names
    ]
    context = {
        "entry": entry,
        "action": action_words(entry.action),
        "target": target_words(entry.target),
        "changes": changes,
    }
    return render(request, "console/core/audit/detail.html", context)
