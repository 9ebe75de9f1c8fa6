"""Days and months as WeCom counts them: in China's time."""

import calendar
from datetime import UTC, datetime, timedelta, timezone

DAY = 86400
CHINA = timezone(timedelta(hours=8))


def local(at: float) -> datetime:
    """A moment as clocks in China show it."""
    return datetime.fromtimestamp(at, UTC).astimezone(CHINA)


def day_start(at: float) -> int:
    """0:00 of that day, Unix seconds."""
    return int(local(at).replace(hour=0, minute=0, second=0, microsecond=0).timestamp())


def week_start(at: float) -> int:
    """Monday 0:00 of that week, Unix seconds."""
    return day_start(at) - local(at).weekday() * DAY


def month_start(at: float) -> int:
    """0:00 of the first of that month, Unix seconds."""
    first = local(at).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return int(first.timestamp())


def days_in_month(at: float) -> int:
    """How many days that month has."""
    day = local(at)
    return calendar.monthrange(day.year, day.month)[1]
