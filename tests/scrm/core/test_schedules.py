"""What the clock starts, also when it is started again and again."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from celery.schedules import crontab, schedule
from django.conf import settings

from scrm.celery import app

HOUR = 3600
SCHEDULE: dict[str, dict[str, Any]] = settings.CELERY_BEAT_SCHEDULE
SELDOM = {
    name: entry["schedule"] for name, entry in SCHEDULE.items()
    if isinstance(entry["schedule"], crontab)
}  # fmt: skip
# What people are told is told while they work; WeCom gives the figures of a day the next morning.
MORNING = {"contacts.roster_remind", "customers.group_figures"}


def test_what_is_due_seldom_is_due_by_the_clock() -> None:
    # Containers keep beat's file in memory: a restart would put off every period that has not ended.
    periods = {name: entry["schedule"] for name, entry in SCHEDULE.items() if name not in SELDOM}

    assert {name: period for name, period in periods.items() if period >= HOUR} == {}
    assert len(SELDOM) >= 10


@pytest.mark.django_db
def test_every_task_of_the_clock_exists() -> None:
    app.loader.import_default_modules()

    assert sorted({entry["task"] for entry in SCHEDULE.values()} - set(app.tasks)) == []


@pytest.mark.parametrize("name", sorted(SELDOM))
def test_it_runs_although_beat_starts_again_every_few_hours(name: str) -> None:
    # given beat that forgets everything every five hours, for a day
    due: schedule = SELDOM[name]
    due.app = app
    ran = []
    start = datetime(2026, 11, 21, tzinfo=UTC)
    last = start
    for minute in range(24 * 60):
        now = start + timedelta(minutes=minute)
        if minute % 300 == 7:
            last = now
        with time_machine.travel(now, tick=False):
            if due.is_due(last).is_due:
                ran.append(now)
                last = now

    # then it ran: each hour, or once, at night in Shanghai, or in the morning where that has a reason
    assert len(ran) in {1, 23, 24}
    if len(ran) == 1:
        hours = range(8, 11) if name in MORNING else range(1, 6)
        assert (ran[0] + timedelta(hours=8)).hour in hours
