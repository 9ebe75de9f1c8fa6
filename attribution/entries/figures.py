"""The figures page: what entries brought in a time, in total and compared by hook, entry and store."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.utils import timezone

from attribution.entries import selectors
from attribution.entries.counting import people_counted
from attribution.entries.models import Entry, Hook
from attribution.entries.rates import Counts
from scrm.core.scope import Scope

MOST_DAYS = 92
# Rows of the comparison by store: those with the most visitors.
MOST_STORES = 50


@dataclass(frozen=True)
class Line:
    """One row of a comparison."""

    label: str
    note: str
    figures: Counts


@dataclass(frozen=True)
class Board:
    """All figures of a time. `without_entry` counts people who saw a result page that showed none."""

    total: Counts
    by_hook: list[Line]
    by_entry: list[Line]
    by_store: list[Line]
    stores_hidden: int
    without_entry: int


def board(scope: Scope, first: date, last: date, *, entry: Entry | None = None) -> Board:
    """Return the figures of the business days `first` to `last`, both included, within the scope."""
    start, end = _moment(first), _moment(last + timedelta(days=1))
    found = people_counted(scope, start, end, entry=entry)
    return Board(
        total=found.total,
        by_hook=_hooks(found.by_hook),
        by_entry=_entries(found.by_entry),
        by_store=_stores(scope, found.by_store),
        stores_hidden=max(0, len(found.by_store) - MOST_STORES),
        without_entry=found.without_entry,
    )


def _moment(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def _hooks(found: dict[str, Counts]) -> list[Line]:
    return [Line(str(hook.label), "", found[hook.value]) for hook in Hook if hook.value in found]


def _entries(found: dict[int, Counts]) -> list[Line]:
    entries = Entry.objects.filter(pk__in=list(found)).order_by("code")
    return [
        Line(entry.name, f"{entry.place_words} · {entry.get_hook_display()}", found[entry.pk])
        for entry in entries
    ]


def _stores(scope: Scope, found: dict[int, Counts]) -> list[Line]:
    largest = sorted(found, key=lambda pk: (-found[pk].leadin_viewers, pk))[:MOST_STORES]
    names = selectors.names_of(scope, largest)
    return [Line(names[pk].name, names[pk].code, found[pk]) for pk in largest if pk in names]
