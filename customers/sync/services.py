"""Starts, runs, holds and releases the read of all customers."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from customers.relations.models import FollowRelation
from customers.relations.reading_models import ListedPage
from customers.sync.looking import Looker
from customers.sync.models import MissedChange, SyncChain, SyncRun, Unlisted
from customers.sync.progress import Progress
from customers.sync.reading import Reader, Superseded, walks_alive
from customers.sync.selectors import KIND, faults_of
from customers.sync.throttle import Throttle
from customers.sync.words import fault_words
from scrm.core.alerts.services import raise_alert
from scrm.core.audit import services as audit
from scrm.core.excel import error_workbook
from scrm.core.exceptions import Conflict, ValidationFailed
from scrm.core.gateway import wecom
from scrm.core.jobs import services as jobs
from scrm.core.jobs.models import JobRun

TASK = "customers.sync"
CHAIN_MEMBERS = 50
# More missing at once than this, and than this part of all, is not believed without a person.
HELD_LEAST, HELD_SHARE = 100, 0.10
# What a page listed is a clock for reads that began before it; none is under way so long.
LISTED_KEPT = timedelta(hours=1)
RUNS_KEPT = timedelta(days=90)
Outcome, Kind = SyncRun.Outcome, MissedChange.Kind
TELLS = {
    "add_external_contact": (Kind.ADDED, Kind.ADDED_AGAIN, Kind.RECEIVED),
    "add_half_external_contact": (Kind.ADDED, Kind.ADDED_AGAIN),
    "edit_external_contact": (Kind.TAGS, Kind.REMARK),
    "del_external_contact": (Kind.LOST, Kind.HANDED_OVER),
    "del_follow_user": (Kind.LOST,),
}


@transaction.atomic
def sync_start(*, actor: Any) -> SyncRun:
    """Start reading and comparing all customers of all members; raises Conflict while that is under way."""
    job = _job(actor)
    return SyncRun.objects.create(job_id=job.pk, started_by=actor)


def _job(actor: Any) -> JobRun:
    return jobs.start(
        kind=KIND, task=TASK, actor=actor, title=gettext_noop("Read and compare all customers")
    )


def sync_run(job_id: UUID | str) -> None:
    """The body of the job: chains, then second looks, then the verdict. A second attempt goes on with every chain."""
    with jobs.running(job_id) as run:
        sync = SyncRun.objects.get(job_id=run.job.pk)
        client = wecom(lane="sync")
        if not sync.chains.exists():
            _chains_make(sync, run, client.external_contact.get_follow_user_list())
        progress = Progress(run, sync, Throttle())
        try:
            Reader(client, progress).read()
            if _may_look(sync):
                _unjudged(sync, client.external_contact.get_follow_user_list())
                Looker(client, progress).look()
        except Superseded:
            run.pause(_("Another attempt is at work."), until=timezone.now())
        finally:
            progress.close()
        _finish(sync, run)


@transaction.atomic
def _chains_make(sync: SyncRun, run: jobs.Run, userids: Iterable[str]) -> None:
    """Lay the members out in chains, none twice; raises Conflict where WeCom suddenly names none at all."""
    wanted = sorted({userid.lower(): userid for userid in userids}.values(), key=str.lower)
    held = FollowRelation.objects.filter(status=FollowRelation.Status.ACTIVE).count()
    if held and not wanted:
        raise Conflict(
            _(
                "WeCom names no member with customer contact, so nothing was read. Look at the app's visible range and its right to customer contact."
            ),
            code="no_members",
        )
    SyncChain.objects.bulk_create(
        SyncChain(run=sync, number=number, userids=wanted[start : start + CHAIN_MEMBERS])
        for number, start in enumerate(range(0, len(wanted), CHAIN_MEMBERS), 1)
    )
    sync.members, sync.expected = len(wanted), held
    sync.save(update_fields=["members", "expected"])
    run.advance(total=len(wanted))


# --- losses ----------------------------------------------------------------------------------------------------


def _may_look(sync: SyncRun) -> bool:
    """Say whether the missing may be looked at again; far too many of them wait for a person."""
    sync.refresh_from_db()
    missing = sync.unlisted.filter(outcome=Unlisted.Outcome.WAITING).count()
    believed = max(HELD_LEAST, int(sync.expected * HELD_SHARE))
    if missing <= believed or sync.released_at is not None:
        return True
    SyncRun.objects.filter(pk=sync.pk).update(held=missing)
    raise_alert(
        kind="customers.sync_held",
        key=str(sync.pk),
        level="critical",
        title=_("WeCom no longer lists %(count)d customers") % {"count": missing},
        text=_(
            "That is far more than are ever lost at once. Nobody was marked as lost; look at the sync."
        ),
    )
    return False


def _unjudged(sync: SyncRun, userids: Iterable[str]) -> None:
    """Conclude nothing about members who lost customer contact meanwhile: WeCom hides their customers."""
    seen = {userid.lower() for userid in userids}
    waiting = sync.unlisted.filter(outcome=Unlisted.Outcome.WAITING)
    names = dict(waiting.values_list("relation__member_id", "relation__member__userid"))
    gone = [pk for pk, userid in names.items() if userid.lower() not in seen]
    waiting.filter(relation__member__in=gone).update(outcome=Unlisted.Outcome.UNKNOWN)


@transaction.atomic
def losses_release(sync: SyncRun, *, actor: Any, reason: str) -> SyncRun:
    """Let the held second looks happen after all; raises ValidationFailed without a reason, Conflict when none are."""
    if not reason.strip():
        raise ValidationFailed(_("Say why so many may be lost."), code="reason_missing")
    row = SyncRun.objects.select_for_update(of=("self",)).get(pk=sync.pk)
    if not row.held or row.released_at is not None:
        raise Conflict(_("Nothing is held."), code="not_held")
    row.job_id = _job(actor).pk
    row.released_by, row.released_at = actor, timezone.now()
    row.outcome, row.finished_at = Outcome.RUNNING, None
    row.save(update_fields=["job_id", "released_by", "released_at", "outcome", "finished_at"])
    audit.record(
        actor=actor,
        action="customer_sync.release",
        target=f"customer_sync:{row.pk}",
        after={"count": row.held},
        reason=reason.strip(),
    )
    return row


# --- the end --------------------------------------------------------------------------------------------------


def _finish(sync: SyncRun, run: jobs.Run) -> None:
    sync.refresh_from_db()
    waiting = sync.unlisted.exclude(
        outcome__in=[Unlisted.Outcome.LOST, Unlisted.Outcome.LISTED]
    ).exists()
    whole = not waiting and not sync.faults.exists()
    SyncRun.objects.filter(pk=sync.pk).update(
        outcome=Outcome.COMPLETE if whole else Outcome.PARTIAL,
        finished_at=timezone.now(),
        waits_for="",
        waits_until=None,
        parallel=0,
    )
    run.result(
        relations=sync.read,
        created=sync.created,
        updated=sync.updated,
        lost=sync.lost,
        missed=MissedChange.objects.filter(run=sync, told_at=None).count(),
    )
    faults = list(faults_of(sync)[:5000])
    if faults:
        columns = [_("Member"), _("Reason")]
        rows = [({columns[0]: fault.userid}, fault_words(fault)) for fault in faults]
        run.attach_errors(error_workbook(columns[:1], rows), filename="customer-sync-errors.xlsx")


def told(userid: str, external_userid: str, change_type: str, occurred_at: datetime) -> int:
    """An event about a pair came after a comparison had found the change: it was late, not missed.

    It tells changes of its own type only: a late word on a remark says nothing of a deletion nobody told.
    """
    return MissedChange.objects.filter(
        told_at=None,
        kind__in=TELLS.get(change_type, ()),
        found_at__gte=occurred_at,
        relation__member__userid__iexact=userid,
        relation__contact__external_userid=external_userid,
    ).update(told_at=timezone.now())


def purge() -> int:
    """Forget what pages listed an hour ago, and runs of three months ago; return how many rows went."""
    now = timezone.now()
    walks = SyncChain.objects.filter(
        state=SyncChain.State.OPEN, run__outcome=Outcome.RUNNING, listing__in=walks_alive()
    )
    old = ListedPage.objects.filter(observed_at__lt=now - LISTED_KEPT).exclude(
        listing__in=walks.values("listing")
    )
    pages, _by_model = old.delete()
    runs, _by_model = SyncRun.objects.filter(started_at__lt=now - RUNS_KEPT).delete()
    return pages + runs
