"""Applies an approved plan item by item: call WeCom outside any transaction, then note the outcome."""

from collections.abc import Iterator
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from contacts.directory.services import employees_recorded, is_about_one, repeated
from contacts.oa_sync.models import OaPlanItem, OaRun
from contacts.oa_sync.selectors import policy, source_of
from contacts.oa_sync.services.deciding import mark_cancelled
from contacts.oa_sync.services.importing import members_import
from contacts.oa_sync.services.planning import facts_of, rules_of
from contacts.oa_sync.snapshots import take_snapshot
from contacts.oa_sync.writers import Outcome, Writer
from contacts.org.services import org_refresh
from scrm.core.gateway import wecom, words
from scrm.core.jobs import services as jobs
from scrm.wecom.errors import WeComError, WeComPermanent, WeComPermission

Status = OaPlanItem.Status
BATCH = 100


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
    snapshot = take_snapshot(source_of(run), rules_of(policy()))
    with transaction.atomic():
        employees_recorded(facts_of(snapshot))
        job.advance(cursor={**(job.cursor or {}), "recorded": True})


def _apply_items(run: OaRun, job: jobs.Run) -> None:
    client, rules = wecom("contacts", lane="sync"), policy()
    writer = Writer(client, invite=rules.invite)
    items = run.items.filter(status=Status.WAITING)
    for item in _waiting(items.filter(kind__in=OaPlanItem.DEPARTMENT_KINDS), job):
        _apply_item(item, writer, job)
    org_refresh()
    if rules.batch_api:
        members_import(run, client, job, invite=rules.invite)
    for item in _waiting(items, job):
        _apply_item(item, writer, job)
    org_refresh()


def _waiting(items: QuerySet[OaPlanItem], job: jobs.Run) -> Iterator[OaPlanItem]:
    after = 0
    while True:
        job.check_cancelled()
        batch = list(items.filter(position__gt=after).order_by("position")[:BATCH])
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
        return repeated(lambda: writer.write(item), job)
    except (WeComPermanent, WeComPermission) as failure:
        if not is_about_one(failure):
            raise
        return Outcome(Status.FAILED, f"wecom-{failure.kind}", failure.errcode)


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
