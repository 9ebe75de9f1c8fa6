"""Reads a source and writes the plan."""

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from contacts.directory.services import (
    EmployeeFacts,
    employees_recorded,
    ids_refresh,
    names_refresh,
)
from contacts.oa_sync.adoption import Known
from contacts.oa_sync.mirror import load_mirror
from contacts.oa_sync.models import OaFile, OaPlanItem, OaPolicy, OaRowError, OaRun
from contacts.oa_sync.plan_items import PlanRules, note_rows
from contacts.oa_sync.planning import Plan, make_plan
from contacts.oa_sync.rows import RowProblem, Snapshot
from contacts.oa_sync.selectors import (
    files_of,
    last_good_run,
    plan_mark,
    policy,
    removals_lately,
    source_of,
)
from contacts.oa_sync.services.adopting import doubts_kept, phones_found, what_is_known
from contacts.oa_sync.snapshots import take_snapshot
from contacts.oa_sync.sources import SourceFile
from contacts.oa_sync.words import hold_words
from scrm.core.alerts.services import raise_alert
from scrm.core.audit.services import record
from scrm.core.exceptions import Conflict, NotFound, ScrmError
from scrm.core.gateway import words
from scrm.core.jobs import services as jobs
from scrm.wecom.errors import WeComError, WeComQuota, WeComRetryable

Status = OaRun.Status
PLAN_KIND = "oa_sync.plan"
APPLY_KIND = "oa_sync.apply"
# One key for all runs: never two at a time.
KEY = "oa_sync"
FILES_KEPT = timedelta(days=90)


@transaction.atomic
def run_upload(
    *,
    departments: SourceFile,
    employees: SourceFile,
    actor: Any,
    source: str = OaRun.UPLOADED,
    source_name: str = "",
    as_of: datetime | None = None,
) -> OaRun:
    """Keep both files (encrypted) and start the job that reads and plans them.

    `source` and `source_name` tell a connector's kind and name; else a person handed the files in. `as_of` tells
    when the OA was so; else now. Plans still waiting expire: the source moved on. Raises Conflict while a run is being applied or read.
    """
    name = source_name or f"{departments.filename} + {employees.filename}"
    run = OaRun.objects.create(
        source=source, source_name=name[:255], created_by=actor, as_of=as_of or timezone.now()
    )
    for role, file in ((OaFile.Role.DEPARTMENTS, departments), (OaFile.Role.EMPLOYEES, employees)):
        OaFile.objects.create(
            run=run, role=role, filename=file.filename[:200], content=file.content
        )
    record(
        actor=actor,
        action="oa_sync.upload",
        target=f"oa_run:{run.pk}",
        after={"files": run.source_name},
    )
    _start_plan(run, actor)
    return run


@transaction.atomic
def run_plan_again(*, run: OaRun, actor: Any) -> OaRun:
    """Plan the files of an earlier run anew, as a run of its own. Raises Conflict as `run_upload`."""
    files = files_of(run)
    if len(files) < len(OaFile.Role):
        raise NotFound(
            _("The files of this run were deleted after 90 days. Upload them again."),
            code="files_gone",
        )
    return run_upload(
        departments=files[OaFile.Role.DEPARTMENTS],
        employees=files[OaFile.Role.EMPLOYEES],
        actor=actor,
        source=run.source,
        source_name=run.source_name,
        as_of=run.as_of,
    )


def _start_plan(run: OaRun, actor: Any) -> None:
    if OaRun.objects.filter(status=Status.APPLYING).exists():
        raise Conflict(
            _("A plan is being applied right now. Wait until it is through."), code="applying"
        )
    OaRun.objects.filter(status__in=OaRun.OPEN).update(
        status=Status.EXPIRED, finished_at=timezone.now()
    )
    job = jobs.start(
        kind=PLAN_KIND,
        key=KEY,
        task="contacts.oa_sync_plan",
        actor=actor,
        params={"run": str(run.pk)},
        title=gettext_noop("Read the OA and plan"),
    )
    OaRun.objects.filter(pk=run.pk).update(plan_job_id=job.pk)


def run_plan(job_id: UUID | str) -> None:
    """Read, check and plan one run; the body of the job, safe to repeat."""
    with jobs.running(job_id) as job:
        run = OaRun.objects.get(pk=job.params["run"])
        if run.status != Status.READING:
            return
        try:
            _plan(run, job)
        except jobs.JobCancelled:
            OaRun.objects.filter(pk=run.pk).update(
                status=Status.CANCELLED, finished_at=timezone.now()
            )
            raise
        except (WeComRetryable, WeComQuota):
            raise  # the job waits and comes back
        except WeComError as failure:
            _give_up(run, words(failure))
            raise
        except ScrmError as failure:
            _give_up(run, failure.message, failure.code)
            raise


def _give_up(run: OaRun, message: str, code: str = "") -> None:
    OaRun.objects.filter(pk=run.pk).update(
        status=Status.FAILED, message=message, failure=code, finished_at=timezone.now()
    )


def _plan(run: OaRun, job: jobs.Run) -> None:
    rules = rules_of(policy())
    job.advance(total=3)
    snapshot = take_snapshot(source_of(run), rules)
    job.advance(processed=1)
    # Never assume what WeCom has: departments and userids are read right before.
    job.check_cancelled()
    ids_refresh()
    names_refresh()
    today = timezone.localdate()
    phones = phones_found(snapshot, load_mirror(), rules, today, job)
    job.advance(processed=1)
    with transaction.atomic():
        plan_kept(run, snapshot, rules, today=today, known=what_is_known(phones))
        job.advance(processed=1, succeeded=1)


def plan_kept(
    run: OaRun, snapshot: Snapshot, rules: PlanRules, *, today: date, known: Known
) -> Plan:
    """Plan a snapshot against the mirror and keep the plan, in the caller's transaction."""
    good = last_good_run()
    plan = make_plan(
        snapshot,
        load_mirror(),
        rules,
        today=today,
        last_good=good.valid_count if good else None,
        known=known,
        recent=removals_lately(),
    )
    problems = [*snapshot.problems, *note_rows(plan.notes, snapshot.employee_columns)]
    doubts_kept(plan.doubts)
    _keep_problems(run, problems)
    _keep_items(run, plan)
    _keep_figures(run, snapshot, problems, plan)
    return plan


def rules_of(stored: OaPolicy) -> PlanRules:
    """Return the stored eligibility rules as the planner takes them."""
    return PlanRules(
        posts=frozenset(stored.posts),
        departments=frozenset(stored.departments),
        states=frozenset(stored.states),
    )


def _keep_problems(run: OaRun, problems: Iterable[RowProblem]) -> None:
    severity = OaRowError.Severity
    run.row_errors.all().delete()
    OaRowError.objects.bulk_create(
        [
            OaRowError(
                run=run,
                role=problem.role,
                row_number=problem.row.number,
                field=problem.field,
                column=problem.row.columns.get(problem.field, "")[:64],
                code=problem.code,
                severity=severity.WARNING if problem.is_warning else severity.ERROR,
                detail={
                    "value": problem.value,
                    "params": dict(problem.params),
                    "row": dict(problem.row.raw),
                },
            )
            for problem in problems
        ],
        batch_size=1000,
    )


def _keep_items(run: OaRun, plan: Plan) -> None:
    run.items.all().delete()
    OaPlanItem.objects.bulk_create(
        [
            OaPlanItem(
                run=run,
                position=position,
                kind=item.kind,
                key=item.key,
                reason=item.reason,
                before=dict(item.before),
                after=dict(item.after),
            )
            for position, item in enumerate(plan.items, 1)
        ],
        batch_size=1000,
    )


def _keep_figures(run: OaRun, snapshot: Snapshot, problems: list[RowProblem], plan: Plan) -> None:
    refused = {(p.role, p.row.number) for p in problems if not p.is_warning}
    doubtful = {(p.role, p.row.number) for p in problems if p.is_warning}
    run.department_count = snapshot.department_count
    run.employee_count = snapshot.employee_count
    run.error_count, run.warning_count = len(refused), len(doubtful - refused)
    run.valid_count = len(snapshot.employees)
    run.item_counts = dict(Counter(item.kind for item in plan.items))
    run.removal_count, run.withheld_count = plan.removals, plan.withheld
    run.managed_count = plan.managed
    run.doubt_count = len({doubt.row.job_number for doubt in plan.doubts})
    run.hold = {"reasons": plan.hold} if plan.hold else {}
    run.mirror_mark = plan_mark()
    run.planned_at = timezone.now()
    run.status = Status.HELD if plan.hold else Status.PLANNED
    if plan.hold:
        raise_alert(
            kind="oa_sync.held",
            key=str(run.pk),
            level="warning",
            title=lambda: _("An OA plan is held"),
            text=lambda: " ".join(hold_words(run.hold)),
        )
    if not plan.items and not plan.hold:
        # Nothing for WeCom to do; facts only the OA has (a new effective date) are noted at once.
        employees_recorded(facts_of(snapshot))
        run.status, run.finished_at = Status.UNCHANGED, run.planned_at
    run.save()


def facts_of(snapshot: Snapshot) -> list[EmployeeFacts]:
    """Return the employees of a snapshot as the directory takes them."""
    return [
        EmployeeFacts(
            job_number=row.job_number,
            name=row.name,
            gender=row.gender,
            phone=row.phone,
            post=row.post,
            department_code=row.department_code,
            leader_job_number=row.leader_job_number,
            left=row.left,
            effective_on=row.effective_on,
        )
        for row in snapshot.employees.values()
    ]


@transaction.atomic
def files_purge() -> int:
    """Delete files and refused rows of runs older than 90 days; returns the number of files."""
    before = timezone.now() - FILES_KEPT
    OaRowError.objects.filter(run__created_at__lt=before).delete()
    deleted, _by_model = OaFile.objects.filter(run__created_at__lt=before).delete()
    return deleted
