"""Keeps the partitions of touches: made ahead of time, dropped when they are too old.

Months before the installation have no partition of their own; their touches lie in the default one and are
deleted from there when they are as old.
"""

from datetime import UTC, date, datetime

import structlog
from django.db import connection, transaction
from django.utils import timezone

logger = structlog.get_logger(__name__)
MONTHS_AHEAD = 3
MONTHS_KEPT = 25
PARTS = """
SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
 WHERE i.inhparent = 'attribution_touch'::regclass AND c.relname ~ '_[0-9]{6}$'
"""
OLD = "DELETE FROM attribution_touch_default WHERE occurred_at < %s"


def partitions_keep(today: date | None = None) -> tuple[int, int]:
    """Make this month's partition and the next three, drop what is older than 25 months; returns (made, dropped)."""
    month = _month(today)
    made = dropped = 0
    with transaction.atomic(), connection.cursor() as cursor:
        for ahead in range(MONTHS_AHEAD + 1):
            first = _shifted(month, ahead).isoformat() + "T00:00Z"
            cursor.execute("SELECT attribution_touch_month(%s::timestamptz)", [first])
            made += bool(cursor.fetchone()[0])
        oldest = _shifted(month, -MONTHS_KEPT)
        cursor.execute(OLD, [_moment(oldest)])
        deleted = cursor.rowcount
        cursor.execute(PARTS)
        for (name,) in cursor.fetchall():
            if name.rsplit("_", 1)[1] < oldest.strftime("%Y%m"):
                cursor.execute(f"DROP TABLE {connection.ops.quote_name(name)}")
                dropped += 1
    if made or dropped or deleted:
        logger.info("attribution.partitions", made=made, dropped=dropped, deleted=deleted)
    return made, dropped


def kept_since(today: date | None = None) -> datetime:
    """Return the moment before which no touch is kept or taken."""
    return _moment(_shifted(_month(today), -MONTHS_KEPT))


def _month(today: date | None) -> date:
    return (today or timezone.now().date()).replace(day=1)


def _moment(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _shifted(month: date, by: int) -> date:
    number = month.year * 12 + month.month - 1 + by
    return date(number // 12, number % 12 + 1, 1)
