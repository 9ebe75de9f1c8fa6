"""Business days: they begin and end at local midnight."""

from datetime import date, datetime, time, timedelta

from django.utils import timezone


def business_day(moment: datetime) -> date:
    """Return the business day of a moment."""
    return timezone.localtime(moment).date()


# Days further away are typing errors: nobody paid on them, and calendars end at the year 9999.
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2999, 12, 31)


def day_within(day: date) -> date:
    """Return the day, or the first or last day that moments can be told of."""
    return min(max(day, FIRST_DAY), LAST_DAY)


def day_began(day: date) -> datetime:
    """Return the first moment of a business day."""
    return timezone.make_aware(datetime.combine(day_within(day), time.min))


def day_ended(day: date) -> datetime:
    """Return the first moment behind a business day."""
    return timezone.make_aware(datetime.combine(day_within(day) + timedelta(days=1), time.min))
