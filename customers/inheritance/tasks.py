"""Hand-overs in the background: asking, and reading what became of it."""

from datetime import timedelta

import structlog
from celery import shared_task
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import get_language

from customers.inheritance.again import later_ask
from customers.inheritance.asking import (
    answers_store,
    ask,
    batch_refused,
    mode_check,
    next_batch,
    plan_settle,
)
from customers.inheritance.groups import (
    everything_read,
    groups_ask,
    groups_store,
    next_groups,
)
from customers.inheritance.leaving import leaver_plan, leavers_plan
from customers.inheritance.models import HandoverGroup, HandoverItem, HandoverPlan
from customers.inheritance.moving import movers_plan
from customers.inheritance.releasing import account_delete, release_told, releases_due
from customers.inheritance.selectors import policy
from scrm.core.jobs.services import Run, running
from scrm.wecom.errors import (
    WeComError,
    WeComPermanent,
    WeComPermission,
    WeComUnknownOutcome,
)
from scrm.wecom.group_types import GroupRefusal

logger = structlog.get_logger(__name__)

# Refused for this successor's sake; other permissions concern the app and stop the job.
NO_CUSTOMER_CONTACT = 84074
ASK_AGAIN = timedelta(minutes=1)


@shared_task(name="customers.handover_run")
def handover_run(job_id: str) -> None:
    """Ask for every planned customer, 100 of one successor at a time; resumes by what is still planned."""
    with running(job_id) as run:
        plan = HandoverPlan.objects.select_related("leaver").get(pk=run.params["plan_id"])
        mode_check(plan)
        while batch := next_batch(plan):
            run.check_cancelled()
            _ask(run, plan, batch)
        while groups := next_groups(plan):
            run.check_cancelled()
            _ask_groups(run, plan, groups)
        plan_settle(plan.pk)


def _ask(run: Run, plan: HandoverPlan, batch: list[HandoverItem]) -> None:
    try:
        answers = ask(plan, batch)
    except WeComUnknownOutcome as error:
        # Asking again is safe: who was asked already is answered as such.
        words = error.words(get_language() or "en")
        run.pause(words, until=timezone.now() + ASK_AGAIN)
        return
    except (WeComPermanent, WeComPermission) as error:
        if isinstance(error, WeComPermission) and error.errcode != NO_CUSTOMER_CONTACT:
            raise
        with transaction.atomic():
            batch_refused(batch, error.errcode or -1)
            run.advance(processed=len(batch), failed=len(batch))
        return
    with transaction.atomic():
        waiting = answers_store(batch, answers)
        run.advance(processed=len(batch), succeeded=waiting, failed=len(batch) - waiting)


def _ask_groups(run: Run, plan: HandoverPlan, batch: list[HandoverGroup]) -> None:
    """Ask for the groups of one new owner; one whom WeCom refuses altogether fails for these groups only."""
    try:
        refusals = groups_ask(plan, batch)
    except WeComUnknownOutcome as error:
        # Asking again is safe: a group that went over is answered as such.
        run.pause(error.words(get_language() or "en"), until=timezone.now() + ASK_AGAIN)
        return
    except (WeComPermanent, WeComPermission) as error:
        if isinstance(error, WeComPermission) and error.errcode != NO_CUSTOMER_CONTACT:
            raise
        code = error.errcode or -1
        refusals = tuple(GroupRefusal(group.chat_id, code, "") for group in batch)
    with transaction.atomic():
        taken = groups_store(plan, batch, refusals)
        run.advance(processed=len(batch), succeeded=taken, failed=len(batch) - taken)


@shared_task(name="customers.handover_results")
def handover_results() -> None:
    """Read the results of every hand-over under way; a plan WeCom refuses does not stop the others."""
    waiting = Q(items__state=HandoverItem.State.WAITING) | Q(
        groups__state=HandoverGroup.State.WAITING
    )
    plans = HandoverPlan.objects.filter(waiting, state=HandoverPlan.State.RUNNING).select_related(
        "leaver"
    )
    for plan in plans.distinct().order_by("pk"):
        try:
            everything_read(plan)
        except WeComError as error:
            logger.warning("inheritance.results_unread", plan=plan.pk, errcode=error.errcode)


@shared_task(name="customers.leavers_plan")
def leavers_plan_task() -> None:
    """Act by the policy for the OA's leavers and for who moved; enqueued when a run disabled somebody, and by the clock."""
    leavers_plan()
    movers_plan()


@shared_task(name="customers.handover_again")
def handover_again() -> None:
    """Ask again for whom WeCom's protection is over."""
    later_ask()


@shared_task(name="customers.handover_releases")
def handover_releases() -> None:
    """Delete the accounts whose grace is over."""
    releases_due()


@shared_task(name="customers.handover_release")
def handover_release(job_id: str) -> None:
    """Delete one leaver's account, then offer who stayed behind; safe to repeat. A failure is told."""
    try:
        with running(job_id) as run:
            _release(run)
    finally:
        release_told(job_id)


def _release(run: Run) -> None:
    plan = HandoverPlan.objects.select_related("leaver__employee").get(pk=run.params["plan_id"])
    try:
        account_delete(plan, by_policy=run.job.started_by_id is None)
    except WeComUnknownOutcome as error:
        # Asking again is safe: an account that is gone is answered as such.
        run.pause(error.words(get_language() or "en"), until=timezone.now() + ASK_AGAIN)
        return
    with transaction.atomic():
        leaver_plan(plan.leaver_id, policy(), offer=True)
        run.advance(processed=1, succeeded=1)
