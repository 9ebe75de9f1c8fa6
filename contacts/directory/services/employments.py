"""Keeps the days people are employed, and hands on whose days changed."""

from collections.abc import Mapping
from datetime import date
from uuid import UUID

from django.utils import timezone

from contacts.directory.models import Employment


def employments_recorded(changed: Mapping[UUID, tuple[bool, date | None]]) -> None:
    """Bring the days of these employees up to date: by id whether they left, and since when if it is known.

    A day the OA does not give is today. Somebody who is back from a day before the last one ended never left.
    """
    last = {
        row.employee_id: row
        for row in Employment.objects.filter(employee__in=changed).order_by("began_on", "pk")
    }
    today = timezone.localdate()
    fresh, moved = [], []
    for employee_id, (left, day) in changed.items():
        row = last.get(employee_id)
        began = not left and (row is None or row.ended_on is not None)
        if began and (row is None or row.ended_on is None or (day or today) >= row.ended_on):
            fresh.append(Employment(employee_id=employee_id, began_on=day or today))
        elif row is not None:
            row.ended_on = _end(row, day or today, known=day is not None) if left else None
            row.waits = True
            moved.append(row)
    Employment.objects.bulk_update(moved, ["ended_on", "waits"], batch_size=1000)
    Employment.objects.bulk_create(fresh, batch_size=1000)


def _end(row: Employment, day: date, *, known: bool) -> date:
    """Return when an employment ended: an end that stands moves only to a day the OA gives."""
    if row.ended_on is not None and not known:
        return row.ended_on
    return max(day, row.began_on)


def employments_take(limit: int) -> list[Employment]:
    """Return up to so many changed employments and count them as looked at; call it in a transaction."""
    rows = Employment.objects.select_for_update(of=("self",), skip_locked=True).filter(waits=True)
    taken = list(rows.select_related("employee__member").order_by("pk")[:limit])
    if taken:
        Employment.objects.filter(pk__in=[row.pk for row in taken]).update(waits=False)
    return taken
