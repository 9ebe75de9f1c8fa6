"""When a source is read next."""

from datetime import datetime, time, timedelta

from django.utils import timezone


def next_reading(now: datetime, *, step: timedelta | None, daily_at: time) -> datetime:
    """Return the next reading: a step from now, else the next time of day by the clock of this installation."""
    if step is not None:
        return now + step
    here = timezone.localtime(now)
    due = here.replace(hour=daily_at.hour, minute=daily_at.minute, second=0, microsecond=0)
    return due if due > here else due + timedelta(days=1)
