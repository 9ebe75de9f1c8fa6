"""Reads of the OA synchronisation; runs concern the whole company and need a scope over everything."""

import hashlib
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db.models import Case, QuerySet, Value, When
from django.utils import timezone

from contacts.directory.selectors import mirror_mark
from contacts.oa_sync.columns import mapping
from contacts.oa_sync.models import OaAdoption, OaFile, OaPlanItem, OaPolicy, OaRowError, OaRun
from contacts.oa_sync.sources import FileSource, OaSource, SourceFile
from contacts.oa_sync.sources.selectors import upload_mapping
from contacts.org.headers import match_headers
from contacts.roster.selectors import rostered_members
from scrm.core.jobs.models import JobRun
from scrm.core.scope import Scope

# Writes to the address book go one after another (doc 90195); a call takes about this long.
CALLS_A_SECOND = 4.0
# A shorter run says nothing about the pace.
PACE_FROM = 50
# Removals of this time count together.
REMOVALS_COUNT = timedelta(days=7)


def runs_visible_to(scope: Scope) -> QuerySet[OaRun]:
    """Return the runs a scope may see: all or none."""
    return OaRun.objects.all() if scope.everything else OaRun.objects.none()


def items_of(run: OaRun) -> QuerySet[OaPlanItem]:
    """Return a run's plan in its order."""
    return OaPlanItem.objects.filter(run=run).order_by("position")


def row_errors_of(run: OaRun) -> QuerySet[OaRowError]:
    """Return a run's refused and doubtful rows in the order of the files."""
    return OaRowError.objects.filter(run=run).order_by("role", "row_number", "id")


def error_roles_of(run: OaRun) -> list[str]:
    """Return the files of a run that have refused or doubtful rows, departments first."""
    roles = OaRowError.objects.filter(run=run).order_by("role").values_list("role", flat=True)
    return list(roles.distinct())


def is_own_upload(run: OaRun, user: Any) -> bool:
    """Return whether this person uploaded the files of a run, and so has all that stands in them."""
    return run.source == OaRun.UPLOADED and run.created_by_id == user.pk


def phone_columns(run: OaRun, role: str, headers: Sequence[str]) -> frozenset[str]:
    """Return the headers under which a file of a run keeps phones."""
    said = upload_mapping().columns(role, headers) if run.source == OaRun.UPLOADED else None
    known = said or match_headers(mapping()[role], headers, required=())
    told = OaRowError.objects.filter(run=run, role=role, field="phone").values_list("column")
    return frozenset({known.get("phone", ""), *(column for (column,) in told.distinct())} - {""})


def adoptions_visible_to(scope: Scope) -> QuerySet[OaAdoption]:
    """Return doubtful accounts, those to be decided first; they concern the whole company."""
    if not scope.everything:
        return OaAdoption.objects.none()
    return OaAdoption.objects.annotate(
        status_order=Case(When(status=OaAdoption.Status.WAITING, then=Value(0)), default=Value(1))
    )


def minutes_needed(run: OaRun) -> int:
    """Return about how long a plan takes to be written, by the pace of the last one; at least a minute."""
    calls: int = sum(run.item_counts.values())
    last = (
        JobRun.objects.filter(
            kind="oa_sync.apply", state="done", succeeded__gte=PACE_FROM, started_at__isnull=False
        )
        .order_by("-finished_at")
        .first()
    )
    pace = CALLS_A_SECOND
    if last is not None and last.started_at and last.finished_at:
        pace = last.processed / max((last.finished_at - last.started_at).total_seconds(), 1.0)
    return max(1, round(calls / pace / 60))


def last_good_run() -> OaRun | None:
    """Return the last run whose plan was applied or had nothing to do."""
    return OaRun.objects.filter(status__in=OaRun.GOOD).order_by("-planned_at").first()


def removals_lately() -> int:
    """Return how many accounts plans disabled in the last days that nobody had to give a reason for."""
    lately = OaRun.objects.filter(finished_at__gte=timezone.now() - REMOVALS_COUNT, hold={})
    disabled = OaPlanItem.objects.filter(
        run__in=lately, kind=OaPlanItem.Kind.MEMBER_DISABLE, status=OaPlanItem.Status.DONE
    )
    return disabled.count()


def plan_mark() -> str:
    """Return a mark of what a plan is computed against: WeCom's mirror, and the accounts the roster holds."""
    rostered = ",".join(str(pk) for pk in sorted(rostered_members()))
    return hashlib.sha256(f"{mirror_mark()}#{rostered}".encode()).hexdigest()


def oa_is_trusted(most: timedelta) -> bool:
    """Say whether what the OA says of leavers is sure: no older than `most`, and no run is held by the breaker."""
    if OaRun.objects.filter(status=OaRun.Status.HELD).exists():
        return False
    last = last_good_run()
    return last is not None and last.as_of >= timezone.now() - most


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


def files_of(run: OaRun) -> dict[str, SourceFile]:
    """Return the files of a run by role; none once they were deleted."""
    return {file.role: SourceFile(file.filename, file.content) for file in run.files.all()}


def source_of(run: OaRun) -> OaSource:
    """Return what a run was read from, ready to be read once more."""
    files = files_of(run)
    return FileSource(
        departments=files[OaFile.Role.DEPARTMENTS],
        employees=files[OaFile.Role.EMPLOYEES],
        mapping=upload_mapping() if run.source == OaRun.UPLOADED else None,
    )


def job_of(run: OaRun) -> JobRun | None:
    """Return the job that moves a run, or moved it last."""
    job_id = run.apply_job_id or run.plan_job_id
    return JobRun.objects.filter(pk=job_id).first() if job_id else None
