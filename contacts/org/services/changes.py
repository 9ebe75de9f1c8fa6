"""Closing, merging and moving stores: planned and looked at first, approved by a name, applied step by step."""

from datetime import date
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from contacts.org.change_models import StoreChange, StoreChangeStep
from contacts.org.changing import PlannedStep, change_parts, part_of
from contacts.org.models import OrgUnit
from contacts.org.services.chains import check_others, heir_follow, waits_for_another
from contacts.org.services.deciding import check_may_decide, check_reaches
from contacts.org.services.own_steps import LAST, store_subject
from contacts.org.unit_checks import ABOVE
from scrm.core.audit.services import record
from scrm.core.exceptions import Conflict, ScrmError, ValidationFailed
from scrm.core.jobs import services as jobs
from scrm.core.jobs.models import ACTIVE_STATES, JobRun
from scrm.core.scope import Scope

JOB_KIND = "org.store_change"
Kind = StoreChange.Kind
Status = StoreChange.Status
Step = StoreChangeStep.Status


def change_plan(
    *,
    kind: str,
    store: OrgUnit,
    target: OrgUnit | None,
    effective_on: date,
    reason: str,
    actor: Any,
) -> StoreChange:
    """Plan a change of a store; nothing happens yet. Raises ValidationFailed, Conflict where one is under way."""
    change = StoreChange(
        kind=Kind(kind), store=store, target=target if kind in StoreChange.WITH_TARGET else None,
        effective_on=effective_on, reason=reason.strip()[:200], created_by=actor,
    )  # fmt: skip
    _check(change)
    try:
        with transaction.atomic():
            change.save()
            _steps_write(change, _planned(change))
            record(
                actor=actor,
                action="org.change_plan",
                target=f"store_change:{change.pk}",
                after=_facts(change),
                reason=change.reason,
            )
    except IntegrityError:
        raise Conflict(_ongoing(store), code="change_ongoing") from None
    return change


def _ongoing(store: OrgUnit) -> str:
    words = _("Another change of %(store)s is under way. Finish it or give it up first.")
    return words % {"store": store}


def _facts(change: StoreChange) -> dict[str, Any]:
    return {
        "kind": change.kind,
        "store": change.store.code,
        "target": change.target.code if change.target else "",
        "effective_on": change.effective_on.isoformat(),
        "steps": change.steps.count(),
    }


def _check(change: StoreChange) -> None:
    store, target = change.store, change.target
    if change.kind == Kind.OPEN:
        _check_opens(store)
    elif store.kind != OrgUnit.Kind.STORE or store.status != OrgUnit.Status.OPEN:
        raise ValidationFailed(
            _("%(store)s is not an open store.") % {"store": store}, code="not_open"
        )
    if not change.reason:
        raise ValidationFailed(
            _("Say why; the reason stays in the history."), code="reason_missing"
        )
    if change.effective_on < timezone.localdate() and change.status == Status.PLANNED:
        raise ValidationFailed(
            _("The day lies in the past. Choose today or later."), code="day_past"
        )
    if change.kind == Kind.MERGE:
        _check_taker(store, target)
    check_others(change)
    if change.kind == Kind.MOVE:
        _check_place(store, target)


def _check_opens(store: OrgUnit) -> None:
    if store.kind != OrgUnit.Kind.STORE or store.status != OrgUnit.Status.CLOSED:
        raise ValidationFailed(
            _("%(store)s is not a closed store.") % {"store": store}, code="not_closed"
        )
    if store.merged_into is not None:
        raise ValidationFailed(
            _("%(store)s was merged into %(other)s, where its codes count now. Make a new store with a code of its own.")
            % {"store": store, "other": store.merged_into},
            code="merged_for_good",
        )  # fmt: skip


def _check_taker(store: OrgUnit, target: OrgUnit | None) -> None:
    is_open_store = (
        target is not None
        and target.kind == OrgUnit.Kind.STORE
        and target.status == OrgUnit.Status.OPEN
        and target.pk != store.pk
    )
    if not is_open_store:
        raise ValidationFailed(_("Choose another open store that takes over."), code="taker_wrong")


def _check_place(store: OrgUnit, target: OrgUnit | None) -> None:
    if target is None or target.kind not in ABOVE[OrgUnit.Kind.STORE]:
        raise ValidationFailed(
            _("Choose the region, branch or dealer it moves to."), code="place_wrong"
        )
    if target.status != OrgUnit.Status.OPEN:
        raise ValidationFailed(_("%(store)s is closed.") % {"store": target}, code="place_closed")
    if target.pk == store.parent_id:
        raise ValidationFailed(_("The store stands there already."), code="place_same")


def _planned(change: StoreChange) -> list[PlannedStep]:
    steps = [step for part in change_parts() for step in part.plan(change)]
    return sorted(steps, key=lambda step: step.order)


def _steps_write(change: StoreChange, planned: list[PlannedStep]) -> None:
    change.steps.all().delete()
    _steps_create(change, planned, first=1)


def _steps_create(change: StoreChange, planned: list[PlannedStep], *, first: int) -> None:
    StoreChangeStep.objects.bulk_create(
        StoreChangeStep(
            change=change, position=number, act=step.act, key=step.key, subject=step.subject[:200],
            status=Step.KEPT if step.kept else Step.WAITING,
        )
        for number, step in enumerate(planned, first)
    )  # fmt: skip


def _moved_on(change: StoreChange, planned: list[PlannedStep]) -> bool:
    shown = list(change.steps.order_by("position").values_list("act", "key", "subject"))
    return shown != [(step.act, step.key, step.subject[:200]) for step in planned]


def change_approve(*, change: StoreChange, actor: Any, scope: Scope) -> StoreChange:
    """Approve what was looked at; it is applied now, or on its day.

    Raises PermissionDenied as `check_may_decide` does, Conflict where it was decided, or where accounts, codes or
    entries changed since: the plan then shows what would happen now, and waits to be looked at again.
    """
    with transaction.atomic():
        change = _locked(change)
        check_may_decide(change, actor=actor, scope=scope)
        if change.status != Status.PLANNED:
            raise Conflict(_("This change was decided already."), code="already_decided")
        _check(change)
        planned = _planned(change)
        is_stale = _moved_on(change, planned)
        if is_stale:
            _steps_write(change, planned)
        else:
            _approve(change, actor)
    if is_stale:
        raise Conflict(
            _("Something changed since this plan was made. Look at it again, then approve."),
            code="plan_moved_on",
        )
    return change


def _locked(change: StoreChange) -> StoreChange:
    rows = StoreChange.objects.select_for_update(of=("self",))
    return rows.select_related("store", "target").get(pk=change.pk)


def _approve(change: StoreChange, actor: Any) -> None:
    change.approved_by, change.approved_at, change.status = actor, timezone.now(), Status.DUE
    record(
        actor=actor,
        action="org.change_approve",
        target=f"store_change:{change.pk}",
        after=_facts(change),
        reason=change.reason,
    )
    if change.effective_on <= timezone.localdate() and not waits_for_another(change):
        _start(change, actor)
    change.save()


def _start(change: StoreChange, actor: Any) -> None:
    change.status = Status.APPLYING
    open_steps = change.steps.filter(status__in=[Step.WAITING, Step.FAILED])
    job = jobs.start(
        kind=JOB_KIND,
        key=str(change.pk),
        task="contacts.store_change_apply",
        actor=actor,
        params={"change": change.pk},
        total=open_steps.count(),
        title=gettext_noop("Apply the change of a store"),
    )
    change.job_id = job.pk


def changes_due() -> int:
    """Start the approved changes whose day has come; returns how many.

    A store that takes over another one on the same day goes into a third after that: it waits for the next call.
    """
    started = 0
    due = StoreChange.objects.filter(status=Status.DUE, effective_on__lte=timezone.localdate())
    for pk in due.order_by("pk").values_list("pk", flat=True):
        with transaction.atomic():
            change = _locked(StoreChange(pk=pk))
            if change.status == Status.DUE and not waits_for_another(change):
                # Whoever serves the store on its day is who the change is about; so is who takes over by then.
                heir_follow(change)
                _steps_write(change, _planned(change))
                _start(change, change.approved_by)
                change.save()
                started += 1
    return started


@transaction.atomic
def change_cancel(*, change: StoreChange, actor: Any, scope: Scope) -> StoreChange:
    """Give up a change that has not begun: who planned it until it is approved, or who may approve it.

    Of one that failed the rest is given up; what was done stays done. Raises PermissionDenied, Conflict where it is
    being applied or is over.
    """
    change = _locked(change)
    if change.created_by_id != actor.pk or change.status != Status.PLANNED:
        check_may_decide(change, actor=actor, scope=scope)
    if change.status not in StoreChange.ENDABLE:
        raise Conflict(_("This change is under way or over."), code="already_decided")
    change.status, change.finished_at = Status.CANCELLED, timezone.now()
    change.save(update_fields=["status", "finished_at"])
    record(actor=actor, action="org.change_cancel", target=f"store_change:{change.pk}")
    return change


@transaction.atomic
def change_retry(*, change: StoreChange, actor: Any, scope: Scope) -> None:
    """Take the failed and left-over steps again, for whoever takes over by now; they were approved once.

    Raises PermissionDenied where it touches a unit outside the scope, Conflict where there are none, the job still runs,
    or another change of the store was begun.
    """
    change = _locked(change)
    check_reaches(change, scope)
    stopped = change.status == Status.APPLYING and not _runs(change)
    if change.status != Status.PARTIAL and not stopped:
        raise Conflict(_("There is nothing to try again."), code="nothing_to_retry")
    ongoing = StoreChange.objects.filter(store=change.store_id, status__in=StoreChange.ONGOING)
    if ongoing.exclude(pk=change.pk).exists():
        raise Conflict(_ongoing(change.store), code="change_ongoing")
    if waits_for_another(change):
        raise Conflict(
            _("Another store's change is being applied. Try again when it is through."),
            code="waits",
        )
    heir_follow(change)
    _steps_add(change)
    _start(change, actor)
    change.finished_at = None
    change.save()
    record(actor=actor, action="org.change_retry", target=f"store_change:{change.pk}")


def _steps_add(change: StoreChange) -> None:
    """Add steps for what came since the plan was made; the store still goes last."""
    left = change.steps.exclude(status=Step.DONE).values_list("act", "key")
    have = {(act.split(".")[0], key) for act, key in left}
    fresh = [each for each in _planned(change) if (each.act.split(".")[0], each.key) not in have]
    top = change.steps.aggregate(top=Max("position"))["top"] or 0
    last = change.steps.filter(act__in=LAST.values())
    last.update(position=top + len(fresh) + 1, subject=store_subject(change))
    _steps_create(change, fresh, first=top + 1)


def _runs(change: StoreChange) -> bool:
    if change.job_id is None:
        return False
    return JobRun.objects.filter(pk=change.job_id, state__in=ACTIVE_STATES).exists()


def run_change(job_id: UUID | str) -> None:
    """Take the open steps of a change; the body of the job. A second attempt goes on where it stopped."""
    with jobs.running(job_id) as job:
        rows = StoreChange.objects.select_related("store", "target", "approved_by")
        change = rows.get(pk=job.params["change"])
        if change.status != Status.APPLYING:
            return
        job.advance(message=_("%(what)s: %(store)s") % {"what": change.get_kind_display(), "store": change.store})  # fmt: skip
        for step in change.steps.filter(status__in=[Step.WAITING, Step.FAILED]).order_by(
            "position"
        ):
            job.check_cancelled()
            _take(change, step, job)
        _finish(change)
    # A store that took over may have waited for this one.
    changes_due()


def _take(change: StoreChange, step: StoreChangeStep, job: jobs.Run) -> None:
    """Take one step; its refusal is its outcome. The store itself goes last, and only after everything else."""
    failure = ""
    is_last = step.act in LAST.values()
    with transaction.atomic():
        if is_last and change.steps.filter(status=Step.FAILED).exclude(pk=step.pk).exists():
            failure = _("Waits for the steps that failed. Mend their cause, then try again.")
        else:
            try:
                with transaction.atomic():
                    part_of(step.act).apply(change, step, job.job.started_by)
            except ScrmError as refused:
                failure = refused.message
        step.status = Step.FAILED if failure else Step.DONE
        step.outcome, step.done_at = failure[:300], timezone.now()
        step.save(update_fields=["status", "outcome", "done_at"])
        job.advance(processed=1, succeeded=int(not failure), failed=int(bool(failure)))


@transaction.atomic
def _finish(change: StoreChange) -> None:
    failed = change.steps.filter(status=Step.FAILED).exists()
    change.status = Status.PARTIAL if failed else Status.APPLIED
    change.finished_at = timezone.now()
    change.save(update_fields=["status", "finished_at"])
    record(
        actor=change.approved_by,
        action="org.change_apply",
        target=f"store_change:{change.pk}",
        after={**_facts(change), "status": change.status},
    )
