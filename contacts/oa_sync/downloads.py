"""Files of the OA synchronisation: templates, refused rows, the plan."""

from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_GET

from contacts.oa_sync.columns import mapping, template_headers
from contacts.oa_sync.models import OaFile, OaRun
from contacts.oa_sync.selectors import items_of, row_errors_of, runs_visible_to
from contacts.oa_sync.shown import error_rows, plan_headers, plan_rows
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


@require_GET
@requires("oa_sync.upload")
def errors(request: ScopedRequest, pk: UUID, role: str) -> HttpResponse:
    """Download one file's refused rows as they were sent, with reasons, ready to be repaired."""
    run = _run(request, pk)
    rows = error_rows(row_errors_of(run).filter(role=role))
    if not rows:
        raise Http404
    return workbook_response(error_workbook(list(rows[0][0]), rows), f"oa-{role}-refused.xlsx")


@require_GET
@requires("oa_sync.view")
def plan(request: ScopedRequest, pk: UUID) -> HttpResponse:
    """Download the plan with reasons and outcomes; phones stay masked."""
    run = _run(request, pk)
    return workbook_response(
        write_workbook(plan_headers(), plan_rows(items_of(run).iterator(2000))), "oa-plan.xlsx"
    )
