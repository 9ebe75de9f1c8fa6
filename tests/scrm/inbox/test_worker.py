"""Worker processes: threads that race, kill -9, SIGTERM, a database that drops its connections."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from scrm.core.outbox.models import OutboxMessage
from scrm.inbox import worker as module
from scrm.inbox.handling import Event, Handler
from scrm.inbox.models import HandlerMark, InboxEvent, WorkerBeat
from scrm.inbox.selectors import workers_alive
from scrm.inbox.worker import DEFAULT_THREADS, Worker, drain
from tests.factories.inbox import stored
from tests.scrm.inbox import worker_routes

ROOT = Path(__file__).resolve().parents[3]
ADD = ("change_external_contact", "add_external_contact")


def wait_for(condition: Callable[[], bool], seconds: float = 60.0) -> bool:
    """Look every 20 ms until it is so."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return condition()


def pending() -> int:
    open_messages = OutboxMessage.objects.exclude(status="sent").count()
    return InboxEvent.objects.filter(state="pending").count() + open_messages


def effects(name: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT subject FROM test_effect WHERE name = %s ORDER BY subject", [name])
        return [row[0] for row in cursor.fetchall()]


@pytest.fixture
def effect_table(transactional_db: Any) -> Iterator[None]:
    """A table without unique keys: every doubled effect shows."""
    with connection.cursor() as cursor:
        cursor.execute(worker_routes.CREATE)
        cursor.execute("TRUNCATE test_effect")
    yield
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE test_effect")


@pytest.fixture
def start_worker(effect_table: None) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Start worker processes on the test database; those left are killed in the end."""
    started: list[subprocess.Popen[bytes]] = []
    environment = {
        **os.environ,
        "TEST_DATABASE": str(connection.settings_dict["NAME"]),
        "DJANGO_SETTINGS_MODULE": "tests.scrm.inbox.worker_settings",
    }

    def start() -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "inbox_worker"], cwd=ROOT, env=environment
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture
def running(transactional_db: Any) -> Iterator[Callable[[], Worker]]:
    """Run workers as threads of this process."""
    runs: list[tuple[Worker, threading.Thread]] = []

    def run() -> Worker:
        worker = Worker(DEFAULT_THREADS)
        thread = threading.Thread(target=worker.run)
        thread.start()
        runs.append((worker, thread))
        return worker

    yield run
    for worker, thread in runs:
        worker.stop()
        thread.join(30)


def test_two_racing_workers_apply_each_event_once(
    running: Callable[[], Worker], routes: Any
) -> None:
    # given
    seen: list[int] = []
    routes[ADD] = (Handler("h", lambda event, fetched: seen.append(event.id)),)
    numbers = [stored().pk for _ in range(60)]

    # when
    running()
    running()

    # then
    assert wait_for(lambda: pending() == 0)
    assert sorted(seen) == numbers
    assert HandlerMark.objects.count() == 60


def test_one_pair_is_never_in_two_hands(running: Callable[[], Worker], routes: Any) -> None:
    # given: ten events of one customer in two lanes, and a slow read
    inside = threading.Semaphore(1)
    overlaps: list[int] = []

    def fetch(event: Event) -> None:
        if not inside.acquire(blocking=False):
            overlaps.append(event.id)
            return
        time.sleep(0.02)
        inside.release()

    routes[ADD] = (Handler("h", lambda event, fetched: None, fetch),)
    for number in range(10):
        stored(
            UserID="li",
            ExternalUserID="wm1",
            State=str(number),
            **({"WelcomeCode": "C"} if number % 2 else {}),
        )

    # when
    running()
    running()

    # then
    assert wait_for(lambda: pending() == 0)
    assert overlaps == []


def test_worker_is_woken_by_the_insert(
    running: Callable[[], Worker], routes: Any, monkeypatch: Any
) -> None:
    # given: a worker that would look only every 30 seconds
    monkeypatch.setattr(module, "IDLE_PAUSES", (30.0,))
    routes[ADD] = (Handler("h", lambda event, fetched: None),)
    running()
    assert wait_for(lambda: WorkerBeat.objects.exists())
    time.sleep(0.3)

    # when
    event = stored()

    # then
    assert wait_for(lambda: InboxEvent.objects.get(pk=event.pk).state == "done", 5)


def test_worker_survives_ended_connections(running: Callable[[], Worker], routes: Any) -> None:
    # given
    routes[ADD] = (Handler("h", lambda event, fetched: None),)
    running()
    assert wait_for(lambda: WorkerBeat.objects.exists())

    # when: PostgreSQL ends every session but ours
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        assert cursor.fetchone()[0] >= 7
    stored()

    # then
    assert wait_for(lambda: pending() == 0, 15)


def test_beat_shows_the_worker_and_ends_with_it(running: Callable[[], Worker], routes: Any) -> None:
    # when
    worker = running()

    # then
    assert wait_for(lambda: [each.name for each in workers_alive()] == [worker.name])
    worker.stop()
    assert wait_for(lambda: not WorkerBeat.objects.exists())


def test_kill_9_loses_and_doubles_nothing(
    start_worker: Callable[[], subprocess.Popen[bytes]],
) -> None:
    # given
    names = sorted(f"wm{number:03d}" for number in range(150))
    for name in names:
        stored(UserID="li", ExternalUserID=name)

    # when: workers die in the middle, three times
    for _ in range(3):
        before = pending()
        process = start_worker()
        assert wait_for(lambda before=before: pending() < before - 15 or pending() == 0)
        process.send_signal(signal.SIGKILL)
        process.wait()
    start_worker()

    # then: nothing lost, and effects of ours are exactly once
    assert wait_for(lambda: pending() == 0)
    assert effects("applied") == names
    assert effects("read") == names
    assert effects("settled") == names


def test_sigterm_ends_in_order_and_gives_leases_back(
    start_worker: Callable[[], subprocess.Popen[bytes]],
) -> None:
    # given
    for number in range(150):
        stored(UserID="li", ExternalUserID=f"wm{number:03d}")
    process = start_worker()
    assert wait_for(lambda: InboxEvent.objects.filter(state="done").count() > 10)

    # when
    process.send_signal(signal.SIGTERM)

    # then
    assert process.wait(20) == 0
    assert InboxEvent.objects.filter(state="pending", lease_token__isnull=False).count() == 0
    assert OutboxMessage.objects.filter(status="sending").count() == 0
    assert not WorkerBeat.objects.exists()


@pytest.mark.django_db
def test_drain_command_says_what_it_did(routes: Any, capsys: Any) -> None:
    routes[ADD] = (Handler("h", lambda event, fetched: None),)
    stored()

    call_command("inbox_worker", "--drain")
    call_command("inbox_worker", "--drain")

    assert capsys.readouterr().out == "inbox.done 1\nnothing due\n"
    assert dict(drain()) == {}


@pytest.mark.parametrize(
    "words", ["inbox.nope=1", "inbox.event", "inbox.event=x", "inbox.event=99"]
)
def test_wrong_thread_words_are_refused(words: str) -> None:
    with pytest.raises(CommandError, match="--threads"):
        call_command("inbox_worker", "--threads", words)


@pytest.mark.django_db
def test_alive_counts_this_host_only(capsys: pytest.CaptureFixture[str]) -> None:
    # given a worker here that was seen a minute ago and one of another host seen just now
    now = timezone.now()
    mine = WorkerBeat.objects.create(
        name=f"{socket.gethostname()}:17", started_at=now, seen_at=now - timedelta(minutes=1)
    )
    WorkerBeat.objects.create(name="elsewhere:18", started_at=now, seen_at=now)

    # then a container engine is told that nobody lives here
    with pytest.raises(CommandError, match="No inbox worker of "):
        call_command("inbox_worker", "--alive")

    # and when ours shows a sign of life, that it does
    WorkerBeat.objects.filter(pk=mine.pk).update(seen_at=now)
    call_command("inbox_worker", "--alive")
    assert capsys.readouterr().out.strip() == mine.name
