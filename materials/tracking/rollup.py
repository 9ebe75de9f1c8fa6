"""Keeps the views: partitions ahead of time, finished days added up, old months dropped."""

from datetime import date, timedelta

import structlog
from django.db import connection, transaction
from django.db.models import Min
from django.utils import timezone

from materials.tracking.models import View, ViewDay
from materials.tracking.selectors import day_began, first_open_moment

logger = structlog.get_logger(__name__)
MONTHS_AHEAD = 3
MONTHS_KEPT = 25
# A day is final when no page opened on it may speak any more (viewing.BEATS_TAKEN).
DAYS_OPEN = 2

ADD_UP = """
INSERT INTO materials_viewday (day, material_id, member_id, openings, views, seconds)
SELECT %s, material_id, member_id, count(*), count(*) FILTER (WHERE counted),
       coalesce(sum(seconds) FILTER (WHERE counted), 0)
  FROM materials_view WHERE opened_at >= %s AND opened_at < %s
 GROUP BY material_id, member_id
ON CONFLICT (day, material_id, member_id) DO NOTHING
"""
PARTS = """
SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
 WHERE i.inhparent = 'materials_view'::regclass AND c.relname ~ '_[0-9]{6}$'
"""


@transaction.atomic
def views_roll_up(today: date | None = None) -> int:
    """Add up every finished day that was not yet, oldest first; returns how many days. Safe to repeat."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('materials.views_roll_up'))")
        end = (today or timezone.localdate()) - timedelta(days=DAYS_OPEN)
        since = first_open_moment()
        unsummed = (
            View.objects.all() if since is None else View.objects.filter(opened_at__gte=since)
        )
        first = unsummed.aggregate(first=Min("opened_at"))["first"]
        if first is None:
            return 0
        day, days = timezone.localtime(first).date(), 0
        while day <= end:
            cursor.execute(ADD_UP, [day, day_began(day), day_began(day + timedelta(days=1))])
            day, days = day + timedelta(days=1), days + 1
        return days


def partitions_keep(today: date | None = None) -> tuple[int, int]:
    """Make this month's partition and the next three, drop those older than 25 months; returns (made, dropped)."""
    month = (today or timezone.now().date()).replace(day=1)
    made = dropped = 0
    with transaction.atomic(), connection.cursor() as cursor:
        for ahead in range(MONTHS_AHEAD + 1):
            cursor.execute(
                "SELECT materials_view_month(%s::timestamptz)",
                [_shifted(month, ahead).isoformat() + "T00:00Z"],
            )
            made += bool(cursor.fetchone()[0])
        oldest = _shifted(month, -MONTHS_KEPT)
        cursor.execute(PARTS)
        for (name,) in cursor.fetchall():
            if name.rsplit("_", 1)[1] < oldest.strftime("%Y%m"):
                cursor.execute(f"DROP TABLE {connection.ops.quote_name(name)}")
                dropped += 1
        ViewDay.objects.filter(day__lt=oldest).delete()
    if made or dropped:
        logger.info("materials.partitions", made=made, dropped=dropped)
    return made, dropped


def _shifted(month: date, by: int) -> date:
    number = month.year * 12 + month.month - 1 + by
    return date(number // 12, number % 12 + 1, 1)
