"""Start, run, cancel and resume long work."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from celery import current_app
from celery.exceptions import Ignore, NotRegistered, SoftTimeLimitExceeded
from django.db import IntegrityError, InterfaceError, connection, transaction
from django.db import OperationalError as DatabaseAway
from django.db.models import F, Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from kombu.exceptions import OperationalError

from scrm.core.audit import services as audit
from scrm.core.exceptions import Conflict, ScrmError
from scrm.core.jobs.models import ACTIVE_STATES, JobRun, JobState
from scrm.wecom.errors import WeComError, WeComQuota, WeComRetryable

logger = structlog.get_logger(__name__)

# A job that dies this often without having moved is not started again.
MAX_ATTEMPTS = 5
# A queued job nobody picked up for this long is handed to the broker again.
QUEUE_PATIENCE = timedelta(seconds=60)
# WeCom asked us to wait; each further refusal waits longer.
RETRY_STEP = timedelta(seconds=30)


class JobCancelled(Exception):  # noqa: N818
    """The operator stopped the job; raised by `check_cancelled` and kept by `running`."""


class JobPaused(Exception):  # noqa: N818
    """The job waits for something and will be started again; raised by `pause`, kept by `running`."""


def enqueue(task_name: str, **ids: Any) -> None:
    """Start a task by name once the transaction is committed.

    Raises celery.exceptions.NotRegistered at once for an unknown name. A broker that is away is logged,
    not raised: jobs are handed over again by the sweep.
    """
    if not _is_known(task_name):
        raise NotRegistered(task_name)
    task = current_app.tasks[task_name]

    def hand_over() -> None:
        try:
            task.apply_async(kwargs=ids, retry=False)
        except (OperationalError, ConnectionError) as error:
            logger.error("jobs.broker_away", task=task_name, error=type(error).__name__)

    transaction.on_commit(hand_over)


def _is_known(task_name: str) -> bool:
    """Tell whether this version has the task; an older one may have left jobs of a task that is gone."""
    if task_name not in current_app.tasks:
        # A web process has not looked for tasks yet.
        current_app.loader.import_default_modules()
    return task_name in current_app.tasks


def start(
    *,
    kind: str,
    task: str,
    actor: Any | None,
    key: str = "",
    params: dict[str, Any] | None = None,
    total: int | None = None,
    title: str = "",
) -> JobRun:
    """Create a job and start its task (`task(job_id=…)`) after commit.

    kind and key together may run only once at a time: raises Conflict with `data["job_id"]` of the one
    that runs. title is a message id (gettext_noop), translated when shown.
    """
    try:
        with transaction.atomic():
            job = JobRun.objects.create(
                kind=kind,
                key=key,
                task=task,
                params=params or {},
                total=total,
                title=title,
                started_by=actor,
            )
    except IntegrityError:
        active = JobRun.objects.filter(kind=kind, key=key, state__in=ACTIVE_STATES).first()
        if active is None:
            raise
        raise Conflict(
            _("%(job)s is already under way; see job %(number)s.")
            % {"job": active.label, "number": active.short_id},
            code="job_active",
            job_id=str(active.pk),
        ) from None
    enqueue(task, job_id=str(job.pk))
    return job


class Run:
    """A job while it runs; what it writes is visible to others as soon as the caller commits."""

    def __init__(self, job: JobRun) -> None:
        self.job = job
        self.params: dict[str, Any] = job.params
        self.cursor: Any = job.cursor

    def advance(
        self,
        *,
        processed: int = 0,
        succeeded: int = 0,
        skipped: int = 0,
        failed: int = 0,
        cursor: Any = None,
        message: str | None = None,
        total: int | None = None,
    ) -> None:
        """Add to the counts and keep where to resume.

        Call it in the transaction that commits the batch: then a crash repeats nothing and skips nothing.
        """
        changes: dict[str, Any] = {
            "processed": F("processed") + processed,
            "succeeded": F("succeeded") + succeeded,
            "skipped": F("skipped") + skipped,
            "failed": F("failed") + failed,
            "moved_at": timezone.now(),
            "waiting_for": "",
            "attempts": 0,
        }
        if cursor is not None:
            changes["cursor"] = self.cursor = cursor
        if message is not None:
            changes["message"] = message
        if total is not None:
            changes["total"] = total
        JobRun.objects.filter(pk=self.job.pk).update(**changes)

    def check_cancelled(self) -> None:
        """Stop here if the operator asked for it; call it between batches."""
        if JobRun.objects.filter(pk=self.job.pk, cancel_requested=True).exists():
            raise JobCancelled

    def waits_for(self, reason: str) -> None:
        """Tell the operator why nothing moves; the next `advance` clears it."""
        JobRun.objects.filter(pk=self.job.pk).update(waiting_for=reason, moved_at=timezone.now())

    def pause(self, reason: str, *, until: datetime) -> None:
        """End this run; the sweep starts the job again at `until`, from its cursor."""
        JobRun.objects.filter(pk=self.job.pk).update(waiting_for=reason, not_before=until)
        raise JobPaused

    def result(self, **figures: Any) -> None:
        """Keep figures for the result block."""
        self.job.result = {**self.job.result, **figures}
        JobRun.objects.filter(pk=self.job.pk).update(result=self.job.result)

    def attach_errors(self, content: bytes, *, filename: str) -> None:
        """Keep the workbook of rows that failed, encrypted, for whoever started the job."""
        self.job.error_file = content
        self.job.error_file_name = filename
        self.job.save(update_fields=["error_file", "error_file_name"])


def _take_lock(job_id: UUID | str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 1))", [str(job_id)])
        return bool(cursor.fetchone()[0])


def _release_lock(job_id: UUID | str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 1))", [str(job_id)])


def _reconnect() -> None:
    if not connection.in_atomic_block and not connection.is_usable():
        connection.close()


def _finish(job: JobRun, state: JobState, **changes: Any) -> None:
    JobRun.objects.filter(pk=job.pk).update(
        state=state,
        finished_at=timezone.now(),
        moved_at=timezone.now(),
        waiting_for="",
        not_before=None,
        **changes,
    )
    logger.info("jobs.finished", job_id=str(job.pk), kind=job.kind, state=str(state))


def _task_gone() -> str:
    return _("This version does not know this kind of job any more. Start it anew from its page.")


def _program_error() -> str:
    return _(
        "An error inside the program stopped this job. IT finds it in the log under the job number."
    )


def _wait_for_wecom(job: JobRun, error: WeComError) -> None:
    """Wait for what passes by itself; fail in words otherwise, or once waiting did not help."""
    words = error.words(get_language() or "en")
    passes = isinstance(error, WeComRetryable | WeComQuota)
    if not passes or job.attempts >= MAX_ATTEMPTS:
        _finish(job, JobState.FAILED, message=words)
        return
    until = timezone.now() + max(
        timedelta(seconds=error.retry_after), RETRY_STEP * 2 ** (job.attempts - 1)
    )
    clock = date_format(timezone.localtime(until), "H:i")
    reason = _("%(reason)s Next try at %(time)s.") % {"reason": words, "time": clock}
    JobRun.objects.filter(pk=job.pk).update(
        state=JobState.WAITING, waiting_for=reason, not_before=until, moved_at=timezone.now()
    )


def _begin(job_id: UUID | str) -> JobRun:
    """Mark the job running; raises Ignore when there is nothing to do (done, cancelled, unknown)."""
    with transaction.atomic():
        job = JobRun.objects.select_for_update(of=("self",)).filter(pk=job_id).first()
        if job is None or not job.is_active:
            raise Ignore
        if job.cancel_requested:
            _finish(job, JobState.CANCELLED)
        else:
            job.state = JobState.RUNNING
            job.started_at = job.started_at or timezone.now()
            job.moved_at = timezone.now()
            job.waiting_for = ""
            job.not_before = None
            job.attempts += 1
            job.save(
                update_fields=[
                    "state",
                    "started_at",
                    "moved_at",
                    "waiting_for",
                    "not_before",
                    "attempts",
                ]
            )
    if job.state != JobState.RUNNING:
        raise Ignore
    return job


@contextmanager
def running(job_id: UUID | str) -> Iterator[Run]:
    """Run a job under its advisory lock; the body may be a second attempt and starts at `run.cursor`.

    A second runner of the same job, or a job that is over, ends silently (celery Ignore). Errors end the
    job as failed with words; unexpected ones are logged and raised. A database that went away ends only
    this attempt: the sweep starts the job again, at most MAX_ATTEMPTS times without movement.
    """
    if not _take_lock(job_id):
        raise Ignore
    try:
        job = _begin(job_id)
        structlog.contextvars.bind_contextvars(job_id=str(job.pk))
        try:
            yield Run(job)
        except JobCancelled:
            _finish(job, JobState.CANCELLED)
        except JobPaused:
            JobRun.objects.filter(pk=job.pk).update(state=JobState.WAITING, moved_at=timezone.now())
        except SoftTimeLimitExceeded:
            # The worker's time is up, not the job's: it goes on from its cursor.
            JobRun.objects.filter(pk=job.pk).update(
                state=JobState.WAITING, not_before=timezone.now()
            )
        except WeComError as error:
            _wait_for_wecom(job, error)
        except ScrmError as error:
            _finish(job, JobState.FAILED, message=error.message)
        except (DatabaseAway, InterfaceError):
            # The session may be gone, and its lock with it: the job stays running for the sweep to find.
            logger.warning("jobs.database_away", job_id=str(job.pk), kind=job.kind, exc_info=True)
            _reconnect()
        except Exception:
            logger.exception("jobs.broke", job_id=str(job.pk), kind=job.kind)
            _finish(job, JobState.FAILED, message=_program_error())
            raise
        else:
            _finish(job, JobState.DONE)
    finally:
        _release_lock(job_id)


def cancel(job: JobRun, *, actor: Any | None) -> None:
    """Stop a job: at once while it is queued or waiting, else at its next `check_cancelled`.

    Raises Conflict when it is over already.
    """
    with transaction.atomic():
        row = JobRun.objects.select_for_update(of=("self",)).get(pk=job.pk)
        if not row.is_active:
            raise Conflict(_("This job is over already."), code="job_over")
        audit.record(
            actor=actor, action="job.cancel", target=f"job:{row.pk}", after={"kind": row.kind}
        )
        JobRun.objects.filter(pk=row.pk).update(cancel_requested=True)
        if row.state != JobState.RUNNING:
            _finish(row, JobState.CANCELLED)


def restart(job: JobRun, *, actor: Any | None) -> JobRun:
    """Start a failed or cancelled job again from its cursor; raises Conflict when it cannot be."""
    with transaction.atomic():
        row = JobRun.objects.select_for_update(of=("self",)).get(pk=job.pk)
        if row.state not in {JobState.FAILED, JobState.CANCELLED}:
            raise Conflict(
                _("Only a failed or cancelled job can be started again."), code="job_not_over"
            )
        if JobRun.objects.filter(kind=row.kind, key=row.key, state__in=ACTIVE_STATES).exists():
            raise Conflict(_("The same job is under way already."), code="job_active")
        if not _is_known(row.task):
            raise Conflict(_task_gone(), code="job_unknown")
        row.state, row.cancel_requested, row.attempts = JobState.QUEUED, False, 0
        row.message, row.finished_at, row.moved_at = "", None, timezone.now()
        row.save(
            update_fields=[
                "state",
                "cancel_requested",
                "attempts",
                "message",
                "finished_at",
                "moved_at",
            ]
        )
        audit.record(
            actor=actor, action="job.restart", target=f"job:{row.pk}", after={"kind": row.kind}
        )
        enqueue(row.task, job_id=str(row.pk))
    return row


def sweep() -> int:
    """Hand jobs over again that nobody works on; return how many.

    Running ones whose worker died (their advisory lock is free), queued ones the broker lost, and waiting
    ones whose time has come. A job that died MAX_ATTEMPTS times without moving fails instead, and so does one
    whose task is gone.
    """
    now = timezone.now()
    again = 0
    due = JobRun.objects.filter(
        Q(state=JobState.RUNNING)
        | Q(state=JobState.QUEUED, moved_at__lt=now - QUEUE_PATIENCE)
        | Q(state=JobState.WAITING, not_before__lte=now)
    )
    for job in due.defer("error_file").order_by("created_at")[:500]:
        if not _take_lock(job.pk):
            continue
        try:
            again += _hand_over_again(job)
        finally:
            _release_lock(job.pk)
    return again


def _hand_over_again(job: JobRun) -> int:
    with transaction.atomic():
        row = JobRun.objects.select_for_update(of=("self",)).defer("error_file").get(pk=job.pk)
        if row.state != job.state:
            return 0
        if not _is_known(row.task):
            _finish(row, JobState.FAILED, message=_task_gone())
            return 0
        if row.state == JobState.RUNNING and row.attempts >= MAX_ATTEMPTS:
            _finish(
                row,
                JobState.FAILED,
                message=_("The job died %(count)d times without moving.") % {"count": row.attempts},
            )
            return 0
        JobRun.objects.filter(pk=row.pk).update(
            state=JobState.QUEUED, moved_at=timezone.now(), not_before=None
        )
        enqueue(row.task, job_id=str(row.pk))
    logger.warning("jobs.handed_over_again", job_id=str(row.pk), kind=row.kind, was=row.state)
    return 1
