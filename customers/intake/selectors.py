"""Reads of files and sources."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q, QuerySet

from customers.intake.models import FactFile, PullSource
from scrm.core.jobs.models import JobRun, JobState
from scrm.core.scope import Scope


@dataclass(frozen=True)
class Failures:
    """What the newest reading of a source that brought anything left out, and the job that says why."""

    records: int
    broke_off: bool
    job_id: UUID


def failures_of(sources: Sequence[PullSource]) -> Mapping[UUID, Failures]:
    """Return by source what of its last reading could not be taken over; three queries for all of them.

    A reading that found the same as before imports nothing again: what failed then still counts.
    """
    newest = FactFile.objects.filter(source__in=sources).order_by("source_id", "-created_at")
    of_reading = Q(pk__in=[])
    for file in newest.distinct("source_id").select_related("source").defer("content"):
        of_reading |= _same_reading(file)
    files = list(FactFile.objects.filter(of_reading).values_list("source_id", "job_id"))
    jobs = JobRun.objects.filter(pk__in=[job_id for _source, job_id in files])
    bad = {
        job.pk: job for job in jobs.filter(Q(failed__gt=0) | Q(state=JobState.FAILED)).defer("error_file")
    }  # fmt: skip
    found: dict[UUID, Failures] = {}
    for source_id, job_id in files:
        if source_id is not None and job_id in bad:
            found[source_id] = _with(found.get(source_id), bad[job_id])
    return found


def _same_reading(newest: FactFile) -> Q:
    began = newest.source.read_from if newest.source else None
    if began is not None and newest.created_at >= began:
        return Q(source_id=newest.source_id, created_at__gte=began)
    # Of a reading before the last: its files bear the moment of it, then their number.
    moment = newest.filename.rpartition(" ")[0] + " "
    return Q(source_id=newest.source_id, filename__startswith=moment)


def _with(known: Failures | None, job: JobRun) -> Failures:
    broke_off = job.state == JobState.FAILED
    if known is None:
        return Failures(job.failed, broke_off, job.pk)
    return Failures(known.records + job.failed, known.broke_off or broke_off, known.job_id)


def files_visible_to(scope: Scope) -> QuerySet[FactFile]:
    """Return the files a scope may see: all of HQ's, else those its own user sent in; never their bytes."""
    files = FactFile.objects.select_related("source")
    return files if scope.everything else files.filter(created_by_id=scope.user_id)


def sources_visible_to(scope: Scope) -> QuerySet[PullSource]:
    """Return the sources: they hold no customer, so whoever may open the page sees all of them."""
    allowed = scope.allows("intake.view")
    return PullSource.objects.all() if allowed else PullSource.objects.none()
