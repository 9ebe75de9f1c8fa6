"""Files of the OA synchronisation: templates, refused rows, the plan."""

from uuid import UUID

from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from contacts.oa_sync.columns import mapping, template_headers
from contacts.oa_sync.models import OaFile, OaRun
from contacts.oa_sync.selectors import (
    files_of,
    is_own_upload,
    items_of,
    phone_columns,
    row_errors_of,
    runs_visible_to,
)
from contacts.oa_sync.shown import error_rows, plan_headers, plan_rows
from contacts.oa_sync.sources.files import headers_of
from scrm.core.approvals.asking import second_person
from scrm.core.approvals.exports import may_take
from scrm.core.audit.services import record
from scrm.core.downloads import workbook_response
from scrm.core.excel import error_workbook, write_workbook
from scrm.core.scope import ScopedRequest, requires

EXAMPLES = {
    "departments": {"code": "D001", "name": "Hangzhou", "parent_code": ""},
    "employees": {
        "job_number": "10001",
        "name": "Li Lei",
        "phone": "13800138000",
        "department_code": "D001",
        "effective_on": "2026-03-01",
    },
}


def _run(request: ScopedRequest, pk: UUID) -> OaRun:
    return get_object_or_404(runs_visible_to(request.scope), pk=pk)


@require_GET
@requires("oa_sync.upload")
def template(request: ScopedRequest, role: str) -> HttpResponse:
    """Download an empty file with the right columns and one example row."""
    if role not in OaFile.Role.values:
        raise Http404
    words = mapping()["values"]
    example = {**EXAMPLES[role]}
    for field, value in (("gender", "1"), ("state", "active"), ("kind", "department")):
        example[field] = words[field][value][0]
    return workbook_response(
        write_workbook(template_headers(role), [example]), f"oa-{role}-template.xlsx"
    )


@require_http_methods(["GET", "POST"])
@requires("oa_sync.upload")
def errors(request: ScopedRequest, pk: UUID, role: str) -> HttpResponse:
    """Download one file's refused rows with reasons; audited.

    Whoever uploaded the file gets them as they were sent, ready to be repaired; everybody else as masked as on the pages.
    """
    run = _run(request, pk)
    found = row_errors_of(run).filter(role=role)
    own = is_own_upload(run, request.user)
    hidden = not own and request.scope.masked("phone")
    headers = headers_of(files_of(run)[role]) if found.exists() else []
    rows = error_rows(found, phones=phone_columns(run, role, headers) if hidden else None)
    if not rows:
        raise Http404
    about = {"run": str(run.pk), "role": role}
    with transaction.atomic():
        unmasked = not own and not hidden
        if not own and not may_take(
            "oa_refused", about, rows=len(rows), actor=request.user, unmasked=unmasked
        ):
            page = reverse("oa_sync:detail", args=[run.pk], query={"tab": "errors"})
            return second_person(
                request, "oa_refused", about, rows=len(rows), page=page, shown={}, unmasked=unmasked
            )
        record(
            actor=request.user,
            action="oa_sync.refused_export",
            target=f"oa_run:{run.pk}",
            after={"role": role, "rows": len(rows), "masked": hidden},
        )
    return workbook_response(error_workbook(headers, rows), f"oa-{role}-refused.xlsx")


@require_http_methods(["GET", "POST"])
@requires("oa_sync.view")
def plan(request: ScopedRequest, pk: UUID) -> HttpResponse:
    """Download the plan with reasons and outcomes; phones stay masked; audited, and a large one needs a second person."""
    run = _run(request, pk)
    items = items_of(run)
    rows, about = items.count(), {"run": str(run.pk)}
    with transaction.atomic():
        if not may_take("oa_plan", about, rows=rows, actor=request.user):
            page = reverse("oa_sync:detail", args=[run.pk])
            return second_person(request, "oa_plan", about, rows=rows, page=page, shown={})
        record(
            actor=request.user,
            action="oa_sync.plan_export",
            target=f"oa_run:{run.pk}",
            after={"rows": rows},
        )
    return workbook_response(
        write_workbook(plan_headers(), plan_rows(items.iterator(2000))), "oa-plan.xlsx"
    )
