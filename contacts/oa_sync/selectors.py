"""Reads of the OA synchronisation; runs concern the whole company and need a scope over everything."""

from datetime import timedelta

from django.db.models import QuerySet
from django.utils import timezone

from contacts.oa_sync.models import OaFile, OaPlanItem, OaPolicy, OaRowError, OaRun
from contacts.oa_sync.sources import FileSource, OaSource, SourceFile
from scrm.core.jobs.models import JobRun
from scrm.core.scope import Scope


def runs_visible_to(scope: Scope) -> QuerySet[OaRun]:
    """Return the runs a scope may see: all or none."""
    return OaRun.objects.all() if scope.everything else OaRun.objects.none()


def items_of(run: OaRun) -> QuerySet[OaPlanItem]:
    """Return a run's plan in its order."""
    return OaPlanItem.objects.filter(run=run).order_by("position")


def row_errors_of(run: OaRun) -> QuerySet[OaRowError]:
    """Return a run's refused and doubtful rows in the order of the files."""
    return OaRowError.objects.filter(run=run).order_by("role", "row_number", "id")


def last_good_run() -> OaRun | None:
    """Return the last run whose plan was applied or had nothing to do."""
    return OaRun.objects.filter(status__in=OaRun.GOOD).order_by("-planned_at").first()


def oa_is_trusted(most: timedelta) -> bool:
    """Say whether what the OA says of leavers is sure: read within `most`, and no run is held by the breaker."""
    if OaRun.objects.filter(status=OaRun.Status.HELD).exists():
        return False
    last = last_good_run()
    return last is not None and last.created_at >= timezone.now() - most


def comes_back(userid: str) -> bool:
    """Say whether a plan that waits or is being carried out enables this account again."""
    return OaPlanItem.objects.filter(
        kind=OaPlanItem.Kind.MEMBER_ENABLE,
        key__iexact=userid,
        run__status__in=[*OaRun.OPEN, OaRun.Status.APPLYING],
    ).exists()


def policy() -> OaPolicy:
    """Return the stored policy, or the preset one: every post, with invitation."""
    return OaPolicy.objects.filter(pk=1).first() or OaPolicy(pk=1)


def source_of(run: OaRun) -> OaSource:
    """Return what a run was read from, ready to be read once more."""
    files = {file.role: SourceFile(file.filename, file.content) for file in run.files.all()}
    return FileSource(
        departments=files[OaFile.Role.DEPARTMENTS], employees=files[OaFile.Role.EMPLOYEES]
    )


def job_of(run: OaRun) -> JobRun | None:
    """Return the job that moves a run, or moved it last."""
    job_id = run.apply_job_id or run.plan_job_id
    return JobRun.objects.filter(pk=job_id).first() if job_id else None
