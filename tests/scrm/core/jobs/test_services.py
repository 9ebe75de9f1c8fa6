"""Long work: once at a time, counted, resumable, stoppable, its failures in words."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from celery import shared_task
from celery.exceptions import Ignore, NotRegistered, SoftTimeLimitExceeded
from django.db import InterfaceError, connection, connections, transaction
from django.db import OperationalError as DatabaseAway
from django.utils import timezone
from django.utils.translation import gettext_noop, override
from kombu.exceptions import OperationalError
from pytest_django import DjangoCaptureOnCommitCallbacks

from scrm.core.audit.models import AuditEntry
from scrm.core.exceptions import Conflict, ValidationFailed
from scrm.core.jobs import services
from scrm.core.jobs.models import JobRun, JobState
from scrm.wecom.errors import WeComPermanent, WeComQuota, WeComRetryable
from tests.factories.accounts import UserFactory
from tests.factories.core import JobRunFactory

pytestmark = pytest.mark.django_db
CALLS: list[str] = []


@shared_task(name="tests.job")
def job_task(job_id: str) -> None:
    """Note that it was called."""
    CALLS.append(job_id)


@pytest.fixture(autouse=True)
def no_calls() -> Iterator[None]:
    """Begin with no calls noted."""
    CALLS.clear()
    yield
    CALLS.clear()


def start(**options: Any) -> JobRun:
    return services.start(**{"kind": "tests.work", "task": "tests.job", "actor": None, **options})


def state(job: JobRun) -> str:
    return JobRun.objects.get(pk=job.pk).state


def test_a_job_starts_after_commit(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    user = UserFactory.create()

    with django_capture_on_commit_callbacks(execute=True):
        job = start(
            actor=user, key="file-1", params={"file": 1}, total=10, title=gettext_noop("Jobs")
        )
        assert CALLS == []

    assert [str(job.pk)] == CALLS
    assert (job.state, job.started_by, job.params, job.total, job.percent) == (
        "queued",
        user,
        {"file": 1},
        10,
        0,
    )


def test_without_a_broker_the_job_waits_for_the_sweep(
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    def away(**options: Any) -> None:
        raise OperationalError("no Redis")

    with monkeypatch.context() as patch, django_capture_on_commit_callbacks(execute=True):
        patch.setattr(job_task, "apply_async", away)
        job = start()
    assert (state(job), CALLS) == ("queued", [])

    later = timezone.now() + timedelta(seconds=61)
    with time_machine.travel(later), django_capture_on_commit_callbacks(execute=True):
        assert services.sweep() == 1
    assert [str(job.pk)] == CALLS


def test_an_unknown_task_is_refused_at_once() -> None:
    with pytest.raises(NotRegistered), transaction.atomic():
        start(task="tests.unknown")

    assert JobRun.objects.count() == 0


def test_the_same_job_cannot_start_twice_until_it_is_over() -> None:
    first = start(key="a", title="Import of members")
    other = start(key="b")

    with override("en"), pytest.raises(Conflict) as caught:
        start(key="a")

    assert (
        caught.value.message == f"Import of members is already under way; see job {first.short_id}."
    )
    assert caught.value.data == {"job_id": str(first.pk)}
    assert set(JobRun.objects.all()) == {first, other}
    JobRun.objects.filter(pk=first.pk).update(state=JobState.DONE)
    assert start(key="a") != first


def test_counts_cursor_and_result_are_kept() -> None:
    job = start(total=4)

    with services.running(job.pk) as run:
        assert state(job) == "running"
        run.advance(processed=2, succeeded=1, skipped=1, cursor={"after": 2}, message="half")
        run.advance(processed=2, failed=2, cursor={"after": 4})
        run.result(branches=5)
        run.result(stores=42)
        run.attach_errors(b"PK", filename="errors.xlsx")

    job.refresh_from_db()
    assert (job.processed, job.succeeded, job.skipped, job.failed) == (4, 1, 1, 2)
    assert (job.state, job.percent, job.cursor, job.message) == ("done", 100, {"after": 4}, "half")
    assert job.result == {"branches": 5, "stores": 42}
    assert (job.error_file, job.error_file_name) == (b"PK", "errors.xlsx")
    assert job.finished_at is not None


def test_a_batch_that_rolls_back_takes_its_counts_with_it() -> None:
    job = start()

    def batch(run: services.Run) -> None:
        with transaction.atomic():
            run.advance(processed=5, cursor=5)
            raise ZeroDivisionError

    with services.running(job.pk) as run:
        with pytest.raises(ZeroDivisionError):
            batch(run)
        run.advance(processed=1, cursor=1)

    job.refresh_from_db()
    assert (job.processed, job.cursor) == (1, 1)


def test_a_second_runner_of_a_job_that_is_over_does_nothing() -> None:
    job = start()
    with services.running(job.pk):
        pass

    with pytest.raises(Ignore), services.running(job.pk):
        pytest.fail("it must not run")
    with pytest.raises(Ignore), services.running("00000000-0000-7000-8000-000000000000"):
        pytest.fail("it must not run")


def test_an_error_of_ours_fails_the_job_in_its_words() -> None:
    job = start()

    with services.running(job.pk):
        raise ValidationFailed("Row 3 has no number.")

    job.refresh_from_db()
    assert (job.state, job.message) == ("failed", "Row 3 has no number.")


def test_an_unexpected_error_fails_the_job_without_its_text_and_is_raised() -> None:
    job = start()

    with override("en"), pytest.raises(RuntimeError), services.running(job.pk):
        raise RuntimeError("phone 13800138000")

    job.refresh_from_db()
    assert job.state == "failed"
    assert job.message == (
        "An error inside the program stopped this job. IT finds it in the log under the job number."
    )


@pytest.mark.parametrize("error", [WeComRetryable, WeComQuota])
def test_when_wecom_asks_to_wait_the_job_says_why_and_until_when(error: Any) -> None:
    job = start()

    with time_machine.travel("2026-11-21 06:00:00Z", tick=False), override("en"):
        with services.running(job.pk):
            raise error(45009, "api freq out of limit", "externalcontact/get", retry_after=90)
        job.refresh_from_db()
        assert job.state == "waiting"
        assert job.not_before == timezone.now() + timedelta(seconds=90)
        assert job.waiting_for.endswith("Next try at 14:01.")
        assert services.sweep() == 0

    assert job.is_active


def test_after_five_refusals_without_movement_the_job_fails() -> None:
    job = start()

    for _attempt in range(5):
        assert state(job) != "failed"
        with services.running(job.pk):
            raise WeComRetryable(-1, "system busy", "user/list")

    assert state(job) == "failed"


def test_another_refusal_of_wecom_fails_the_job_in_words() -> None:
    job = start()

    with override("en"), services.running(job.pk):
        raise WeComPermanent(60111, "userid not found", "user/get")

    job.refresh_from_db()
    assert job.state == "failed"
    assert job.message.endswith("[60111]")


def test_the_end_of_the_workers_time_is_not_the_end_of_the_job(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    job = start()
    with services.running(job.pk) as run:
        run.advance(processed=10, cursor=10)
        raise SoftTimeLimitExceeded

    with django_capture_on_commit_callbacks(execute=True):
        assert services.sweep() == 1

    job.refresh_from_db()
    assert (job.state, job.cursor, CALLS) == ("queued", 10, [str(job.pk)])


@pytest.mark.django_db(transaction=True)
def test_a_restart_of_postgresql_during_a_job_is_not_its_end() -> None:
    # given a job that has kept its first batch
    job = start()
    with services.running(job.pk) as run:
        run.advance(processed=1, cursor={"row": 1})

        # when its session is ended in the middle of the second
        with transaction.atomic():
            run.advance(processed=1, cursor={"row": 2})
            end_this_session()
            run.advance(processed=1, cursor={"row": 3})

    # then the sweep hands it over again, at its cursor
    assert services.sweep() == 1
    job.refresh_from_db()
    assert (job.state, job.processed, job.cursor, job.message) == ("queued", 1, {"row": 1}, "")
    assert [str(job.pk)] * 2 == CALLS


def end_this_session() -> None:
    """Do to our session what a restart of PostgreSQL does."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()
    other = connections.create_connection("default")
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
    finally:
        other.close()


@pytest.mark.parametrize("error", [DatabaseAway, InterfaceError])
def test_a_job_the_database_fails_every_time_is_given_up(error: type[Exception]) -> None:
    job = start()

    for _attempt in range(services.MAX_ATTEMPTS):
        assert state(job) != "failed"
        services.sweep()
        with services.running(job.pk):
            raise error("canceling statement due to statement timeout")
        assert state(job) == "running"

    assert services.sweep() == 0
    assert state(job) == "failed"


def test_a_pause_ends_the_run_and_the_sweep_goes_on_in_time(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    job = start()
    with services.running(job.pk) as run:
        run.pause("the OA is closed at night", until=timezone.now() + timedelta(hours=1))

    job.refresh_from_db()
    assert (job.state, job.waiting_for) == ("waiting", "the OA is closed at night")
    assert services.sweep() == 0
    with (
        time_machine.travel(timezone.now() + timedelta(minutes=61)),
        django_capture_on_commit_callbacks(execute=True),
    ):
        assert services.sweep() == 1
    assert [str(job.pk)] == CALLS


def test_a_queued_job_that_nobody_took_is_handed_over_again(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    job = JobRunFactory.create(task="tests.job")
    assert services.sweep() == 0

    with (
        time_machine.travel(timezone.now() + timedelta(seconds=61)),
        django_capture_on_commit_callbacks(execute=True),
    ):
        assert services.sweep() == 1
        assert services.sweep() == 0

    assert [str(job.pk)] == CALLS


def test_a_running_job_stops_at_its_next_look_and_keeps_what_it_did() -> None:
    actor, job = UserFactory.create(), start()

    with services.running(job.pk) as run:
        run.advance(processed=1, cursor=1)
        run.check_cancelled()
        services.cancel(job, actor=actor)
        assert state(job) == "running"
        run.check_cancelled()
        pytest.fail("it must have stopped")

    job.refresh_from_db()
    assert (job.state, job.processed) == ("cancelled", 1)
    assert [(entry.action, entry.actor) for entry in AuditEntry.objects.all()] == [
        ("job.cancel", actor)
    ]


def test_a_queued_job_is_cancelled_at_once_and_never_runs() -> None:
    job = start()

    services.cancel(job, actor=None)

    assert state(job) == "cancelled"
    with pytest.raises(Ignore), services.running(job.pk):
        pytest.fail("it must not run")
    with pytest.raises(Conflict):
        services.cancel(job, actor=None)


def test_a_failed_job_goes_on_from_its_cursor(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    job = start(key="a")
    with services.running(job.pk) as run:
        run.advance(processed=3, cursor=3)
        raise ValidationFailed("broken")

    with django_capture_on_commit_callbacks(execute=True):
        services.restart(job, actor=None)

    assert [str(job.pk)] == CALLS
    with services.running(job.pk) as run:
        assert run.cursor == 3
    with pytest.raises(Conflict):
        services.restart(job, actor=None)


def test_a_failed_job_cannot_go_on_beside_a_new_one_of_its_kind() -> None:
    job = start(key="a")
    with services.running(job.pk):
        raise ValidationFailed("broken")
    start(key="a")

    with pytest.raises(Conflict):
        services.restart(job, actor=None)

    assert state(job) == "failed"


def test_a_job_that_dies_without_moving_is_given_up(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    job = JobRunFactory.create(task="tests.job", state=JobState.RUNNING, attempts=4)
    with django_capture_on_commit_callbacks(execute=True):
        assert services.sweep() == 1

    JobRun.objects.filter(pk=job.pk).update(state=JobState.RUNNING, attempts=5)
    with override("en"):
        assert services.sweep() == 0

    job.refresh_from_db()
    assert (job.state, job.message) == ("failed", "The job died 5 times without moving.")


@pytest.mark.parametrize("left", [JobState.QUEUED, JobState.RUNNING, JobState.WAITING])
def test_a_job_whose_task_is_gone_fails_in_words_and_stops_no_other(
    left: JobState, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    # given a job an older version left, and one behind it
    now = timezone.now()
    gone = JobRunFactory.create(task="tests.gone", state=left, not_before=now)
    other = JobRunFactory.create(task="tests.job")

    # when
    with (
        time_machine.travel(now + timedelta(seconds=61)),
        django_capture_on_commit_callbacks(execute=True),
        override("en"),
    ):
        assert services.sweep() == 1

    # then
    gone.refresh_from_db()
    words = "This version does not know this kind of job any more. Start it anew from its page."
    assert (gone.state, gone.message) == ("failed", words)
    assert [str(other.pk)] == CALLS
    with pytest.raises(Conflict), override("en"):
        services.restart(gone, actor=None)
    assert state(gone) == "failed"


def test_the_database_refuses_a_state_it_does_not_know() -> None:
    from django.db import IntegrityError

    job = JobRunFactory.create()

    with pytest.raises(IntegrityError), transaction.atomic():
        JobRun.objects.filter(pk=job.pk).update(state="lost")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
        )
        assert cursor.fetchone()[0] == 0
