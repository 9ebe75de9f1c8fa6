"""Pages of long work: list, one job live, the indicator in the top bar."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from scrm.core.audit import services as audit
from scrm.core.downloads import workbook_response
from scrm.core.jobs import selectors, services
from scrm.core.jobs.models import ACTIVE_STATES, JobRun, JobState
from scrm.core.jobs.tables import TONES, JobFilter, JobTable
from scrm.core.jobs.words import figures_of
from scrm.core.listing import build_list
from scrm.core.scope import Scope, ScopedRequest, requires

STILL_AFTER = timedelta(seconds=60)
# The top bar asks every five seconds; a job that ended since then is told once.
JUST_ENDED = timedelta(seconds=6)


def _shown(scope: Scope, job: JobRun) -> dict[str, Any]:
    still = timezone.now() - job.moved_at
    return {
        "job": job,
        "tone": TONES[JobState(job.state)],
        "still_seconds": int(still.total_seconds())
        if job.state == JobState.RUNNING and still > STILL_AFTER
        else 0,
        "may_decide": selectors.may_decide(scope, job),
        "has_error_file": selectors.error_file_of(scope).filter(pk=job.pk).exists(),
        "figures": figures_of(job.result),
        "page": selectors.page_of(scope, job),
    }


@require_GET
@requires("jobs.view")
def job_list(request: ScopedRequest) -> HttpResponse:
    """Show all jobs, newest first."""
    page = build_list(
        request,
        queryset=selectors.jobs_visible_to(request.scope),
        table_class=JobTable,
        filterset_class=JobFilter,
        order=("-created_at", "-id"),
    )
    empty = {
        "title": _("No jobs yet"),
        "text": _("Imports, synchronisations and other long work appear here with their progress."),
        "icon": "list-check",
    }
    return render(request, "console/core/jobs/list.html", {"list": page, "empty": empty})


@require_GET
@requires("jobs.view")
def job_detail(request: ScopedRequest, pk: UUID) -> HttpResponse:
    """Show one job; the block inside polls while it moves."""
    job = get_object_or_404(selectors.jobs_visible_to(request.scope), pk=pk)
    return render(request, "console/core/jobs/detail.html", _shown(request.scope, job))


@require_GET
@requires("jobs.view")
def job_live(request: ScopedRequest, pk: UUID) -> HttpResponse:
    """Return the moving part of a job."""
    job = get_object_or_404(selectors.jobs_visible_to(request.scope), pk=pk)
    return render(request, "console/core/jobs/live.html", _shown(request.scope, job))


@require_GET
@requires("jobs.view")
def job_bar(request: ScopedRequest) -> HttpResponse:
    """Return the indicator of the top bar, and tell of own jobs that just ended."""
    mine = selectors.jobs_of(request.scope)
    active = list(mine.filter(state__in=ACTIVE_STATES)[:5])
    response = render(request, "console/core/jobs/bar.html", {"active": active})
    ended = mine.filter(finished_at__gt=timezone.now() - JUST_ENDED)[:3]
    words = [
        _("%(job)s: %(state)s") % {"job": job.label, "state": job.get_state_display()}
        for job in ended
    ]
    if words:
        response["HX-Trigger"] = json.dumps({"console:notify": {"text": " · ".join(words)}})
    return response


@require_POST
@requires("jobs.view")
def job_cancel(request: ScopedRequest, pk: UUID) -> HttpResponse:
    """Stop a job, one's own or, with `jobs.decide` for the whole company, another person's."""
    job = _decidable(request, pk)
    services.cancel(job, actor=request.user)
    messages.success(request, _("The job stops after the batch it is working on."))
    return redirect("jobs:detail", pk=job.pk)


@require_POST
@requires("jobs.view")
def job_restart(request: ScopedRequest, pk: UUID) -> HttpResponse:
    """Start a job again from where it stopped."""
    job = _decidable(request, pk)
    services.restart(job, actor=request.user)
    messages.success(request, _("The job goes on from where it stopped."))
    return redirect("jobs:detail", pk=job.pk)


def _decidable(request: ScopedRequest, pk: UUID) -> JobRun:
    job = get_object_or_404(selectors.jobs_visible_to(request.scope), pk=pk)
    if not selectors.may_decide(request.scope, job):
        raise PermissionDenied("jobs.decide")
    return job


@require_GET
@requires("jobs.view")
def job_errors(request: ScopedRequest, pk: UUID) -> HttpResponse:
    """Hand over the failed rows to whoever started the job."""
    job = get_object_or_404(selectors.error_file_of(request.scope), pk=pk)
    audit.record(actor=request.user, action="job.errors_download", target=f"job:{job.pk}")
    response = workbook_response(job.error_file or b"", f"errors-{job.short_id}.xlsx")
    response["X-Content-Type-Options"] = "nosniff"
    return response
