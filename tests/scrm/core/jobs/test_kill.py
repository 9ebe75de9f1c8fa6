"""A worker killed with -9 loses nothing and doubles nothing."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg2
import pytest
from django.conf import settings
from django.db import connection

from scrm.core.alerts.models import Alert
from scrm.core.jobs import services
from scrm.core.jobs.models import JobRun
from tests.factories.core import JobRunFactory

ITEMS = 60
WORK = """
import sys, time, django
django.setup()
from django.db import transaction
from scrm.core.alerts.models import Alert
from scrm.core.jobs.services import running
with running(sys.argv[1]) as run:
    for number in range(run.cursor or 0, int(sys.argv[2])):
        with transaction.atomic():
            Alert.objects.create(kind="kill", key=str(number), level="info", title="t", text="x")
            run.advance(processed=1, succeeded=1, cursor=number + 1)
        time.sleep(0.01)
"""


def worker(job: JobRun) -> "subprocess.Popen[bytes]":
    database = connection.settings_dict
    url = f"postgres://{database['USER']}:{database['PASSWORD']}@{database['HOST']}:{database['PORT']}/{database['NAME']}"
    environment = {
        **os.environ,
        "DATABASE_URL": url,
        "DJANGO_SETTINGS_MODULE": str(settings.SETTINGS_MODULE),
    }
    root = Path(settings.BASE_DIR)
    return subprocess.Popen(
        [sys.executable, "-c", WORK, str(job.pk), str(ITEMS)], env=environment, cwd=root
    )


def wait_for(job: JobRun, processed: int) -> None:
    deadline = time.monotonic() + 30
    while JobRun.objects.get(pk=job.pk).processed < processed:
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.django_db(transaction=True)
def test_a_killed_job_resumes_where_it_stopped() -> None:
    job = JobRunFactory.create(total=ITEMS)

    for processed in (5, 20):
        running = worker(job)
        wait_for(job, processed)
        # While its worker lives, nobody else takes it.
        assert services.sweep() == 0
        running.send_signal(signal.SIGKILL)
        running.wait(10)
        deadline = time.monotonic() + 10
        while services.sweep() == 0:  # PostgreSQL notices the dead connection within milliseconds
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert JobRun.objects.get(pk=job.pk).state == "queued"
    assert worker(job).wait(60) == 0

    job.refresh_from_db()
    assert (job.state, job.processed, job.succeeded) == ("done", ITEMS, ITEMS)
    assert sorted(int(key) for key in Alert.objects.values_list("key", flat=True)) == list(
        range(ITEMS)
    )


@pytest.mark.django_db(transaction=True)
def test_a_job_whose_lock_another_session_holds_is_left_alone() -> None:
    job = JobRunFactory.create(state="running")
    database = connection.settings_dict
    other = psycopg2.connect(
        host=database["HOST"], port=database["PORT"], user=database["USER"], dbname=database["NAME"],
        password=database["PASSWORD"],
    )  # fmt: skip
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 1))", [str(job.pk)])

    assert services.sweep() == 0
    other.close()

    assert JobRun.objects.get(pk=job.pk).state == "running"
