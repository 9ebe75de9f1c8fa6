"""The spans of days the boards offer, and the bars of their trend."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from attribution.boards.selectors import Day, Span

# The units of the drawing: width of the whole, height above and below the line.
WIDE, TALL = 960, 120
MOST_DAYS = 366


@dataclass(frozen=True)
class Preset:
    """A span with a name."""

    code: str
    label: Promise
    of: Callable[[date], Span]


def _back(days: int) -> Callable[[date], Span]:
    return lambda today: Span(today - timedelta(days=days - 1), today)


def _last_month(today: date) -> Span:
    last = today.replace(day=1) - timedelta(days=1)
    return Span(last.replace(day=1), last)


def _yesterday(today: date) -> Span:
    return Span(today - timedelta(days=1), today - timedelta(days=1))


PRESETS: tuple[Preset, ...] = (
    Preset("today", _("Today"), _back(1)),
    Preset("yesterday", _("Yesterday"), _yesterday),
    Preset("7", _("Last 7 days"), _back(7)),
    Preset("30", _("Last 30 days"), _back(30)),
    Preset("month", _("This month"), lambda today: Span(today.replace(day=1), today)),
    Preset("last_month", _("Last month"), _last_month),
)
DEFAULT = "7"


def preset_span(code: str, today: date) -> Span:
    """Return the span of a preset; the last seven days for a code that is none."""
    found = {preset.code: preset for preset in PRESETS}
    return found.get(code, found[DEFAULT]).of(today)


@dataclass(frozen=True)
class Bar:
    """One day of the drawing; `is_below` when more was given back than sold."""

    day: Day
    x: float
    y: float
    width: float
    height: float
    is_below: bool


def bars(days: list[Day]) -> list[Bar]:
    """Return the bars of a trend; a day with anything at all stays visible."""
    most = max((abs(day.net) for day in days), default=Decimal(0))
    lowest = min((day.net for day in days), default=Decimal(0))
    # Half of the height goes below the line only when a day needs it.
    line = TALL / 2 if lowest < 0 else TALL
    step = WIDE / max(len(days), 1)
    drawn = []
    for number, day in enumerate(days):
        height = max(2.0, round(line * float(abs(day.net) / most), 1)) if day.net else 1.0
        top = line if day.net < 0 else line - height
        width = round(min(step * 0.7, 64), 1)
        left = round(number * step + (step - width) / 2, 1)
        drawn.append(Bar(day, left, top, width, height, day.net < 0))
    return drawn
