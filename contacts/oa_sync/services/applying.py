"""Applies an approved plan item by item: call WeCom outside any transaction, then note the outcome."""

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from contacts.directory.services import employees_recorded
from contacts.oa_sync.models import OaPlanItem, OaRun
from contacts.oa_sync.selectors import policy, source_of
from contacts.oa_sync.services.deciding import mark_cancelled
from contacts.oa_sync.services.planning import facts_of, rules_of
from contacts.oa_sync.snapshots import take_snapshot
from contacts.oa_sync.writers import Outcome, Writer
from contacts.org.services import org_refresh
from scrm.core.gateway import wecom, words
from scrm.core.jobs import services as jobs
from scrm.wecom.errors import (
    WeComError,
    WeComPermanent,
    WeComPermission,
    WeComUnknownOutcome,
)

Status = OaPlanItem.Status
BATCH = 100
# How long to wait when WeCom twice left it open whether it wrote.
PATIENCE = timedelta(seconds=10)
# A member or department out of the secret's range, or made by somebody else: about one item, not the call.
OUT_OF_RANGE = frozenset({50002, 60011, 301002})


def run_apply(job_id: UUID | str) -> None:
    """Apply one run; the body of the job. A second attempt goes on with the items still waiting."""
    with jobs.running(job_id) as job:
        run = OaRun.objects.get(pk=job.params["run"])
        if run.status != OaRun.Status.APPLYING:
            return
        try:
            _record_employees(run, job)
            _apply_items(run, job)
        except jobs.JobCancelled:
            org_refresh()
            mark_cancelled(run)
            raise
        except WeComError as failure:
            OaRun.objects.filter(pk=run.pk).update(message=words(failure))
            raise
        _finish(run)


def _record_employees(run: OaRun, job: jobs.Run) -> None:
    """Note what the OA says about employees, before accounts are tied to them."""
    if (job.cursor or {}).get("recorded"):
        return
    snapshot = take_snapshot(source_of(run), gets_account=rules_of(policy()).gets_account)
    with transaction.atomic():
        employees_recorded(facts_of(snapshot))
        job.advance(cursor={"recorded": True})


def _apply_items(run: OaRun, job: jobs.Run) -> None:
    writer = Writer(wecom("contacts", lane="sync"), invite=policy().invite)
    placed = False
    for item in _waiting(run, job):
        if not placed and not item.kind.startswith("department"):
            org_refresh()
            placed = True
        _apply_item(item, writer, job)
    org_refresh()


def _waiting(run: OaRun, job: jobs.Run) -> Iterator[OaPlanItem]:
    after = 0
    while True:
        job.check_cancelled()
        batch = list(
            run.items.filter(status=Status.WAITING, position__gt=after).order_by("position")[:BATCH]
        )
        if not batch:
            return
        yield from batch
        after = batch[-1].position


def _apply_item(item: OaPlanItem, writer: Writer, job: jobs.Run) -> None:
    outcome = _outcome(item, writer, job)
    done = outcome.status == Status.DONE
    with transaction.atomic():
        if outcome.settle is not None:
            outcome.settle()
        item.status, item.outcome, item.errcode = outcome.status, outcome.code, outcome.errcode
        item.applied_at = timezone.now()
        item.save(update_fields=["status", "outcome", "errcode", "applied_at"])
        job.advance(processed=1, succeeded=int(done), failed=int(not done))


def _outcome(item: OaPlanItem, writer: Writer, job: jobs.Run) -> Outcome:
    """Write one item. A refusal of the item is its outcome; anything else stops the job or lets it wait."""
    try:
        try:
            return writer.write(item)
        except WeComUnknownOutcome:
            # Every write is safe to repeat: what was done is then found to exist already.
            return writer.write(item)
    except (WeComPermanent, WeComPermission) as failure:
        if isinstance(failure, WeComPermission) and failure.errcode not in OUT_OF_RANGE:
            raise
        return Outcome(Status.FAILED, f"wecom-{failure.kind}", failure.errcode)
    except WeComUnknownOutcome as failure:
        job.pause(words(failure), until=timezone.now() + PATIENCE)
        raise


def _finish(run: OaRun) -> None:
    failed = run.items.filter(status=Status.FAILED).exists()
    run.status = OaRun.Status.PARTIAL if failed else OaRun.Status.APPLIED
    run.finished_at = timezone.now()
    run.message = ""
    run.save(update_fields=["status", "finished_at", "message"])
    switched = (OaPlanItem.Kind.MEMBER_DISABLE, OaPlanItem.Kind.MEMBER_ENABLE)
    if run.items.filter(kind__in=switched, status=Status.DONE).exists():
        # A room above acts for who left or came back; the clock does too, should the broker be away.
        jobs.enqueue(settings.LEAVERS_TASK)
