"""The end of a leaver's account: by a named human, or by the policy once the grace is over and the OA is sure."""

from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, override

from contacts.directory.models import Employee, Member
from contacts.directory.services import member_left
from contacts.oa_sync.selectors import comes_back, oa_is_trusted
from customers.inheritance.leaving import returners_keep
from customers.inheritance.models import HandoverItem, HandoverPlan
from customers.inheritance.selectors import (
    RELEASE_KIND,
    deletion_date,
    has_open_plan,
    is_leaver,
    is_of_this_leave,
    kept_of,
    release_of,
)
from scrm.core.alerts import services as alerts
from scrm.core.audit import services as audit
from scrm.core.exceptions import Conflict, ScrmError, ValidationFailed
from scrm.core.gateway import wecom
from scrm.core.jobs import services as jobs
from scrm.core.jobs.models import JobRun, JobState
from scrm.wecom.errors import WeComPermanent

logger = structlog.get_logger(__name__)

# 60111 userid not found, 46004 no such user (doc 90313): somebody was quicker.
GONE_CODES = frozenset({60111, 46004})
TRY_AGAIN = timedelta(days=1)


@transaction.atomic
def account_release(plan: HandoverPlan, *, actor: Any, reason: str) -> JobRun:
    """Delete a leaver's account in WeCom and hand over who stayed behind, as one job, audited.

    Without an actor it is the policy's doing. Raises ValidationFailed without a reason, Conflict where the
    account may not be deleted (now).
    """
    if not reason.strip():
        raise ValidationFailed(_("Say why."), code="reason_missing", field="reason")
    # Whoever makes a plan takes this lock too, so that no plan appears beside the deletion.
    Member.objects.select_for_update().get(pk=plan.leaver_id)
    row = HandoverPlan.objects.select_for_update().get(pk=plan.pk)
    if row.state != HandoverPlan.State.DONE:
        raise Conflict(
            _("Customers may still refuse. Wait until this hand-over is done."), code="not_done"
        )
    _need_releasable(row)
    if not kept_of(row).exists():
        raise Conflict(_("Nobody stayed behind; the account stays disabled."), code="nobody_kept")
    job = jobs.start(
        kind=RELEASE_KIND,
        key=str(row.leaver_id),
        task="customers.handover_release",
        actor=actor,
        params={"plan_id": row.pk},
        total=1,
        title=gettext_noop("Delete a leaver's account"),
    )
    HandoverPlan.objects.filter(pk=row.pk).update(release_job_id=job.pk)
    audit.record(
        actor=actor,
        action="inheritance.release",
        target=f"handover:{row.pk}",
        after={"leaver": row.leaver.userid, "kept": kept_of(row).count()},
        reason=reason.strip(),
    )
    return job


def _need_releasable(plan: HandoverPlan) -> None:
    leaver = plan.leaver
    if leaver.status == Member.Status.LEFT:
        raise Conflict(_("This account was deleted already."), code="already_deleted")
    if not is_leaver(leaver):
        raise Conflict(
            _("Only the account of somebody who left, says the OA, is deleted from here."),
            code="not_a_leaver",
        )
    if not is_of_this_leave(plan):
        raise Conflict(
            _("This hand-over is of an earlier leave; open the newest one."), code="earlier_leave"
        )
    if has_open_plan(leaver, but=plan):
        raise Conflict(
            _("Another hand-over of this member is open. Wait until it is done."),
            code="handover_open",
        )


# --- by the policy -------------------------------------------------------------------------------------------


def releases_due() -> int:
    """Delete the accounts whose grace is over; return how many jobs were started."""
    returners_keep()
    plans = [plan for plan in _dated() if _is_due(plan)]
    if plans and not _oa_is_trusted():
        _tell_doubt(len(plans))
        return 0
    started = 0
    for plan in plans:
        try:
            _need_sure(plan)
            account_release(plan, actor=None, reason="grace is over")
        except ScrmError as error:
            # Looked at again in an hour; the next leaver does not wait for this one.
            logger.warning("inheritance.release_waits", plan=plan.pk, code=error.code)
        else:
            started += 1
    return started


def _dated() -> list[HandoverPlan]:
    plans = HandoverPlan.objects.filter(
        delete_on__lte=timezone.now(),
        state=HandoverPlan.State.DONE,
        mode=HandoverPlan.Mode.IN_SERVICE,
        leaver__status=Member.Status.DISABLED,
        leaver__employee__state=Employee.State.LEFT,
        items__state__in=HandoverItem.KEPT,
    )
    return list(plans.select_related("leaver__employee").distinct().order_by("pk"))


def _is_due(plan: HandoverPlan) -> bool:
    """Say whether the account goes now, by the policy of today; what became of an earlier try counts."""
    date = deletion_date(plan)
    last = release_of(plan)
    stopped = last is not None and last.state == JobState.CANCELLED
    if stopped or not kept_of(plan).exists():
        date = None
    if date != plan.delete_on:
        HandoverPlan.objects.filter(pk=plan.pk).update(delete_on=date)
    if date is None or date > timezone.now():
        return False
    return last is None or (not last.is_active and last.moved_at < timezone.now() - TRY_AGAIN)


def _oa_is_trusted() -> bool:
    return oa_is_trusted(timedelta(days=settings.HANDOVER_OA_DAYS))


def _need_sure(plan: HandoverPlan) -> None:
    """Raise Conflict where nothing says for sure, now, that the account goes by itself."""
    date = deletion_date(plan)
    if date is None or date > timezone.now():
        raise Conflict(_("The policy does not delete this account now."), code="not_due")
    if not _oa_is_trusted() or comes_back(plan.leaver.userid):
        raise Conflict(
            _("The OA may have taken this member back; nothing is deleted by itself."),
            code="oa_unsure",
        )


def _tell_doubt(count: int) -> None:
    with override(settings.LANGUAGE_CODE):
        alerts.raise_alert(
            kind="inheritance.oa_unsure",
            key="",
            level="warning",
            title=lambda: _("Accounts of leavers wait for the OA"),
            text=lambda: _("%(count)d accounts are due for deletion, but an OA run is held or none was good for %(days)d days. Read the OA again: %(url)s")
            % {
                "count": count,
                "days": settings.HANDOVER_OA_DAYS,
                "url": settings.BASE_URL + reverse("oa_sync:list"),
            },
            dedupe=TRY_AGAIN,
        )  # fmt: skip


# --- the deletion itself -------------------------------------------------------------------------------------


def account_delete(plan: HandoverPlan, *, by_policy: bool) -> None:
    """Delete the account in WeCom (doc 90198) and take it over; one that is gone already is fine.

    Raises Conflict when the OA took the leaver back meanwhile, or the policy's reason is gone; and WeComError.
    """
    leaver = plan.leaver
    if leaver.status == Member.Status.LEFT:
        return
    _need_releasable(plan)
    if by_policy:
        _need_sure(plan)
    # The moment before the call: whatever WeCom tells us from now on is newer.
    at = datetime.now(UTC)
    try:
        wecom("contacts", lane="sync").user.delete(leaver.userid)
    except WeComPermanent as failure:
        if failure.errcode not in GONE_CODES:
            raise
    with transaction.atomic():
        member_left(leaver.userid, observed_at=at)


def release_told(job_id: str) -> None:
    """Raise an alert when a deletion failed: the customers who stayed behind wait for it."""
    job = JobRun.objects.filter(pk=job_id, state=JobState.FAILED).defer("error_file").first()
    if job is None:
        return
    plan = HandoverPlan.objects.select_related("leaver").get(pk=job.params["plan_id"])
    leaver = plan.leaver
    with override(settings.LANGUAGE_CODE):
        alerts.raise_alert(
            kind="inheritance.release_failed",
            key=str(job.pk),
            level="warning",
            title=lambda: (
                _("A leaver's account was not deleted: %(name)s")
                % {"name": leaver.name or leaver.userid}
            ),
            text=lambda: (
                _("%(reason)s %(count)d customers wait for it: %(url)s")
                % {
                    "reason": job.message,
                    "count": kept_of(plan).count(),
                    "url": settings.BASE_URL + reverse("inheritance:detail", args=[plan.pk]),
                }
            ),
        )
