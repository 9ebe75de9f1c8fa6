"""Reads of syncs: runs, how far one is, what was missed as a scope may see it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, F, Max, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Greatest
from django.utils import timezone

from customers.relations.models import ExternalContact, FollowRelation
from customers.relations.selectors import relations_visible_to
from customers.sync.models import MemberRead, MissedChange, SyncChain, SyncFault, SyncRun, Unlisted
from scrm.core.jobs.models import ACTIVE_STATES, JobRun
from scrm.core.scope import Scope

KIND = "customers.sync"


@dataclass(frozen=True)
class Standing:
    """How far a run is: relations a minute, the share done, when it should be over.

    The rate is that of the last complete run as long as this one has none of its own (`is_last_rate`).
    """

    job: JobRun | None
    chains: int
    chains_done: int
    chains_begun: int
    a_minute: int
    is_last_rate: bool
    percent: int | None
    over_at: datetime | None

    @property
    def is_active(self) -> bool:
        """Whether it may still move."""
        return self.job is not None and self.job.is_active

    @property
    def can_go_on(self) -> bool:
        """Whether it ended before its end."""
        return self.job is not None and self.job.can_restart


def runs_visible_to(scope: Scope) -> QuerySet[SyncRun]:
    """Return the runs, for whoever sees the whole company: their figures are those of everybody."""
    runs = SyncRun.objects.select_related("started_by", "released_by")
    return runs if scope.everything else runs.none()


def jobs_of(syncs: Sequence[SyncRun]) -> dict[UUID, JobRun]:
    """Return the jobs of some runs, in one query."""
    return JobRun.objects.defer("error_file").in_bulk([sync.job_id for sync in syncs])


def job_of(sync: SyncRun) -> JobRun | None:
    """Return the job of a run, if it is still kept."""
    return JobRun.objects.defer("error_file").filter(pk=sync.job_id).first()


def standing_of(sync: SyncRun) -> Standing:
    """Return how far a run is; the rate is of the time it really worked."""
    counts = sync.chains.aggregate(
        chains=Count("pk"),
        done=Count("pk", filter=~Q(state=SyncChain.State.OPEN)),
        begun=Count("pk", filter=Q(pages__gt=0)),
        of_done=Sum("read", filter=Q(state=SyncChain.State.DONE)),
    )
    job = job_of(sync)
    own_rate = _rate(sync)
    active = job is not None and job.is_active
    rate = own_rate or (_last_rate() if active else 0.0)
    expected = max(sync.expected, sync.read)
    if not sync.expected and counts["done"]:
        # Nothing was held before: members that are done tell of those that are not.
        expected = max(sync.read, (counts["of_done"] or 0) * counts["chains"] // counts["done"])
    known = bool(sync.expected or counts["done"])
    left = (expected - sync.read) / rate if rate and known else None
    begins = max(timezone.now(), sync.waits_until or timezone.now())
    return Standing(
        job=job,
        chains=counts["chains"],
        chains_done=counts["done"],
        chains_begun=counts["begun"],
        a_minute=round(rate * 60),
        is_last_rate=not own_rate,
        percent=_percent(sync, expected, known=known),
        over_at=begins + timedelta(seconds=left) if active and left is not None else None,
    )


def _rate(sync: SyncRun) -> float:
    """Return the relations a second of a run, 0 while that cannot be said."""
    return sync.read / sync.worked_seconds if sync.worked_seconds > 1 else 0.0


def _last_rate() -> float:
    """Return the rate of the last run that read everything; one that waits before it begins has none yet."""
    complete = SyncRun.objects.filter(outcome=SyncRun.Outcome.COMPLETE)
    newest = complete.order_by("-started_at").first()
    return _rate(newest) if newest else 0.0


def _percent(sync: SyncRun, expected: int, *, known: bool) -> int | None:
    if sync.outcome != SyncRun.Outcome.RUNNING:
        return 100
    if not known or not expected:
        return None
    return min(99, sync.read * 100 // expected)


def chains_of(sync: SyncRun) -> QuerySet[SyncChain]:
    """Return the chains of a run, those that could not be read and those begun first."""
    return sync.chains.annotate(members=F("userids__len")).order_by("number")


def faults_of(sync: SyncRun) -> QuerySet[SyncFault]:
    """Return the members who could not be read."""
    return sync.faults.order_by("userid")


def missed_visible_to(scope: Scope) -> QuerySet[MissedChange]:
    """Return what no event told, of relations the scope may see, by the newest comparisons."""
    missed = MissedChange.objects.select_related("relation__member", "relation__contact", "run")
    if scope.everything:
        return missed
    return missed.filter(relation__in=relations_visible_to(scope))


def missed_counts(scope: Scope, sync_id: UUID | None) -> dict[str, int]:
    """Return how many changes were missed by kind, of one run or of all; those told late are left out."""
    rows = missed_visible_to(scope).select_related(None).filter(told_at=None)
    if sync_id is not None:
        rows = rows.filter(run=sync_id)
    return dict(rows.order_by().values_list("kind").annotate(count=Count("pk")))


def missed_by_run(scope: Scope, sync_ids: Iterable[UUID]) -> dict[UUID, int]:
    """Return how many changes each of these runs found missed, in one query."""
    rows = missed_visible_to(scope).select_related(None)
    counted = rows.filter(run__in=list(sync_ids), told_at=None).order_by().values_list("run")
    return dict(counted.annotate(count=Count("pk")))


def unlisted_counts(sync: SyncRun) -> list[tuple[str, int]]:
    """Return what became of the relations a run did not list, in words."""
    counts = dict(sync.unlisted.order_by().values_list("outcome").annotate(count=Count("pk")))
    return [
        (str(label), counts[code]) for code, label in Unlisted.Outcome.choices if code in counts
    ]


def last_complete() -> datetime | None:
    """Return when the last run that read everything began."""
    complete = SyncRun.objects.filter(outcome=SyncRun.Outcome.COMPLETE)
    newest: datetime | None = complete.aggregate(newest=Max("started_at"))["newest"]
    return newest


def with_reads(contacts: QuerySet[ExternalContact]) -> QuerySet[Any]:
    """Add `read_at`: when we last read a customer, as one or in the complete read of a member who follows them.

    A walk that finds nothing new writes no customer. Costs no query of its own.
    """
    walks = MemberRead.objects.filter(
        member__relations__contact=OuterRef("pk"),
        member__relations__status=FollowRelation.Status.ACTIVE,
        member__relations__created_time__lt=F("complete_at"),
    )
    newest = walks.order_by("-complete_at").values("complete_at")[:1]
    return contacts.annotate(read_at=Greatest("observed_at", Subquery(newest)))


def is_active(sync: SyncRun) -> bool:
    """Say whether the job of a run may still move."""
    return JobRun.objects.filter(pk=sync.job_id, state__in=ACTIVE_STATES).exists()


def active_run() -> SyncRun | None:
    """Return the run whose job may still move."""
    moving = JobRun.objects.filter(kind=KIND, state__in=ACTIVE_STATES)
    return SyncRun.objects.filter(job_id__in=moving.values("pk")).order_by("-started_at").first()
