"""Reads of jobs."""

from django.db.models import QuerySet
from django.urls import Resolver404, resolve

from scrm.core.jobs.models import ACTIVE_STATES, JobRun
from scrm.core.scope import Scope


def jobs_visible_to(scope: Scope) -> QuerySet[JobRun]:
    """Return the jobs a person may see: all with `jobs.view` for the whole company, else their own."""
    jobs = JobRun.objects.select_related("started_by").defer("error_file", "cursor")
    if scope.allows("jobs.view") and scope.everything:
        return jobs
    return jobs.filter(started_by_id=scope.user_id)


def page_of(scope: Scope, job: JobRun) -> str:
    """Return the address of what a job works on, "" where it names none or the person may not open such pages."""
    page = str(job.params.get("page", ""))
    try:
        permission = getattr(resolve(page).func, "permission", "") if page else ""
    except Resolver404:
        return ""
    return page if permission and scope.allows(permission) else ""


def may_decide(scope: Scope, job: JobRun) -> bool:
    """Tell whether a person may stop and restart a job: their own, others' with `jobs.decide` for the whole company."""
    return job.started_by_id == scope.user_id or (scope.everything and scope.allows("jobs.decide"))


def jobs_of(scope: Scope) -> QuerySet[JobRun]:
    """Return the jobs the person started, newest first."""
    return (
        JobRun.objects.defer("error_file", "cursor")
        .filter(started_by_id=scope.user_id)
        .order_by("-created_at", "-id")
    )


def active_count(scope: Scope) -> int:
    """Return how many of the person's jobs still move."""
    return jobs_of(scope).filter(state__in=ACTIVE_STATES).count()


def error_file_of(scope: Scope) -> QuerySet[JobRun]:
    """Return the jobs whose error file the person may open: only their own, it holds personal data."""
    return JobRun.objects.filter(started_by_id=scope.user_id, error_file__isnull=False)
