"""A named human decides about a plan."""

from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from contacts.oa_sync.models import OaPlanItem, OaRun
from contacts.oa_sync.selectors import plan_mark
from contacts.oa_sync.services.planning import APPLY_KIND, KEY
from scrm.core.audit.services import record
from scrm.core.exceptions import Conflict, ValidationFailed
from scrm.core.jobs import services as jobs
from scrm.core.jobs.models import ACTIVE_STATES, JobRun, JobState

Status = OaRun.Status
REASON_CHARACTERS = 10


def run_approve(*, run: OaRun, actor: Any, reason: str = "") -> OaRun:
    """Approve a plan and start applying it; audited with the approver's name.

    A held plan needs a typed reason. Raises ValidationFailed without one, Conflict where the plan was
    decided, has expired (the mirror moved on) or another run is being applied.
    """
    try:
        with transaction.atomic():
            approved = _approve(run, actor, reason.strip())
    except IntegrityError:
        raise Conflict(
            _("Another plan is being applied right now. Wait until it is through."), code="applying"
        ) from None
    if approved is None:
        raise Conflict(
            _(
                "WeCom's address book changed since this plan was made. Plan again; it takes a moment."
            ),
            code="plan_expired",
        )
    return approved


def _approve(run: OaRun, actor: Any, reason: str) -> OaRun | None:
    """Approve under the run's lock; None where the plan was stale, and is now marked so."""
    run = OaRun.objects.select_for_update().get(pk=run.pk)
    if not run.waits_for_approval:
        raise Conflict(_("This plan does not wait for approval any more."), code="already_decided")
    # Under the lock: what the mirror learnt while this waited for it counts too.
    if expire_stale(run):
        return None
    if run.status == Status.HELD and len(reason) < REASON_CHARACTERS:
        raise ValidationFailed(
            _(
                "This plan removes unusually much. Write why it is right, in at least %(count)d characters."
            )
            % {"count": REASON_CHARACTERS},
            code="reason_missing",
        )
    record(
        actor=actor,
        action="oa_sync.approve",
        target=f"oa_run:{run.pk}",
        reason=reason,
        before={"status": run.status},
        after={"items": run.item_counts, "removals": run.removal_count, "hold": run.hold},
    )
    run.status, run.approved_by, run.approved_at = Status.APPLYING, actor, timezone.now()
    run.approval_reason = reason[:500]
    run.apply_job_id = _start(run, actor)
    run.save()
    return run


def _start(run: OaRun, actor: Any) -> Any:
    waiting = run.items.filter(status=OaPlanItem.Status.WAITING).count()
    job = jobs.start(
        kind=APPLY_KIND,
        key=KEY,
        task="contacts.oa_sync_apply",
        actor=actor,
        total=waiting,
        params={"run": str(run.pk)},
        title=gettext_noop("Apply the OA plan"),
    )
    return job.pk


def expire_stale(run: OaRun) -> bool:
    """Mark a waiting plan as expired where the mirror moved on; returns whether it did."""
    if not run.waits_for_approval or run.mirror_mark == plan_mark():
        return False
    return bool(
        OaRun.objects.filter(pk=run.pk, status__in=OaRun.OPEN).update(
            status=Status.EXPIRED, finished_at=timezone.now()
        )
    )


def plans_watch() -> int:
    """Let plans expire whose mirror moved on, so that the list says so before anybody approves; returns how many."""
    return sum(expire_stale(run) for run in OaRun.objects.filter(status__in=OaRun.OPEN))


def run_cancel(*, run: OaRun, actor: Any) -> None:
    """Stop a run's job after its batch; audited. What is done stays done, the rest is marked as not tried.

    Raises Conflict where nothing runs.
    """
    job_id = run.apply_job_id if run.status == Status.APPLYING else run.plan_job_id
    active = JobRun.objects.filter(state__in=ACTIVE_STATES)
    job = active.filter(pk=job_id).first() if job_id else None
    if job is None:
        raise Conflict(_("Nothing of this run is under way."), code="not_running")
    jobs.cancel(job, actor=actor)
    stopped_at_once = JobRun.objects.filter(pk=job.pk, state=JobState.CANCELLED).exists()
    if stopped_at_once:
        with transaction.atomic():
            mark_cancelled(OaRun.objects.select_for_update().get(pk=run.pk))


@transaction.atomic
def run_continue(*, run: OaRun, actor: Any) -> OaRun:
    """Go on with a run whose job stopped (WeCom refused the secret, the machine died).

    Raises Conflict where it is not being applied, or its job still runs.
    """
    run = OaRun.objects.select_for_update().get(pk=run.pk)
    if run.status != Status.APPLYING:
        raise Conflict(_("This run is over."), code="already_decided")
    run.apply_job_id = _start(run, actor)
    run.message = ""
    run.save(update_fields=["apply_job_id", "message"])
    record(actor=actor, action="oa_sync.continue", target=f"oa_run:{run.pk}")
    return run


@transaction.atomic
def run_discard(*, run: OaRun, actor: Any, reason: str = "") -> OaRun:
    """Give up a plan, or what is left of a run whose job stopped; what was done stays done.

    Raises Conflict where it was decided, or its job still runs: then cancel the job.
    """
    run = OaRun.objects.select_for_update().get(pk=run.pk)
    if not run.waits_for_approval and run.status != Status.APPLYING:
        raise Conflict(_("This plan does not wait for approval any more."), code="already_decided")
    if run.status == Status.APPLYING and jobs_active(run):
        raise Conflict(_("The job still runs. Cancel it in the job list first."), code="job_active")
    record(
        actor=actor,
        action="oa_sync.discard",
        target=f"oa_run:{run.pk}",
        reason=reason,
        before={"status": run.status},
    )
    mark_cancelled(run)
    return run


def jobs_active(run: OaRun) -> bool:
    """Return whether the run's applying job may still move."""
    if run.apply_job_id is None:
        return False
    return JobRun.objects.filter(pk=run.apply_job_id, state__in=ACTIVE_STATES).exists()


def mark_cancelled(run: OaRun) -> None:
    """Close a run: what was not tried is marked so."""
    waiting = run.items.filter(status=OaPlanItem.Status.WAITING)
    waiting.update(status=OaPlanItem.Status.SKIPPED, outcome="cancelled")
    run.status, run.finished_at = Status.CANCELLED, timezone.now()
    run.save(update_fields=["status", "finished_at"])
