"""Opening hours as one line, "1-5 10:00-21:00; 6-7 10:00-22:00" (1 is Monday), read and said."""

import re
from datetime import datetime

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from scrm.core.exceptions import ValidationFailed

MOST_CHARACTERS = 200
WEEK = range(1, 8)
# "1-5 10:00-21:00", "7 12:00-18:00", or without days for the whole week; the last minute of a day is 24:00.
STRETCH = re.compile(
    r"(?:([1-7])(?:\s*-\s*([1-7]))?\s+)?([01]?\d|2[0-3]):([0-5]\d)\s*-\s*([01]?\d|2[0-4]):([0-5]\d)"
)
MIDNIGHT = 24 * 60
Minutes = tuple[int, int]


def hours_read(text: str) -> str:
    """Return opening hours in their one spelling; "" for none. Raises ValidationFailed that says what is wrong."""
    days = _days(text)
    groups: list[tuple[int, int, tuple[Minutes, ...]]] = []
    for day in WEEK:
        spans = tuple(sorted(days.get(day, ())))
        if groups and spans and groups[-1][2] == spans and groups[-1][1] == day - 1:
            groups[-1] = (groups[-1][0], day, spans)
        elif spans:
            groups.append((day, day, spans))
    return "; ".join(_spelling(*group, span) for group in groups for span in group[2])


def _spelling(first: int, last: int, _spans: tuple[Minutes, ...], span: Minutes) -> str:
    named = str(first) if first == last else f"{first}-{last}"
    return f"{named} {_clock(span[0])}-{_clock(span[1])}"


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _days(text: str) -> dict[int, list[Minutes]]:
    days: dict[int, list[Minutes]] = {}
    plain = text.translate(FULL_WIDTH)
    for part in filter(None, (piece.strip() for piece in plain.split(";"))):
        for day, span in _stretch(part):
            if any(span[0] < other[1] and other[0] < span[1] for other in days.get(day, ())):
                raise ValidationFailed(
                    _('"%(part)s" overlaps other hours of the same day.') % {"part": part},
                    code="hours_overlap",
                )
            days.setdefault(day, []).append(span)
    return days


def _stretch(part: str) -> list[tuple[int, Minutes]]:
    found = STRETCH.fullmatch(part)
    if found is None:
        raise ValidationFailed(
            _('Opening hours read "1-5 10:00-21:00; 6-7 10:00-22:00", 1 is Monday; not "%(part)s".')
            % {"part": part},
            code="hours_invalid",
        )
    first, last = int(found[1] or 1), int(found[2] or found[1] or 7)
    span = (int(found[3]) * 60 + int(found[4]), int(found[5]) * 60 + int(found[6]))
    if first > last or span[0] >= span[1] or span[1] > MIDNIGHT:
        raise ValidationFailed(
            _(
                '"%(part)s" ends before it begins. Hours after midnight belong to the next day: "5 20:00-24:00; 6 00:00-02:00".'
            )
            % {"part": part},
            code="hours_backwards",
        )
    return [(day, span) for day in range(first, last + 1)]


# What people type on a Chinese keyboard: full-width digits and signs, wave dashes.
FULL_WIDTH = {0xFF10 + n: 0x30 + n for n in range(10)} | {
    0xFF1A: ":", 0xFF1B: ";", 0xFF0D: "-", 0x2014: "-", 0x2013: "-", 0xFF5E: "-", 0x7E: "-", 0xFF0C: ";",
    0x3000: " ", 0x2C: ";",
}  # fmt: skip


def opens_at(hours: str, moment: datetime) -> bool | None:
    """Return whether these hours cover a moment (local time); None where none are known."""
    if not hours:
        return None
    local = timezone.localtime(moment)
    minute = local.hour * 60 + local.minute
    return any(start <= minute < end for start, end in _days(hours).get(local.isoweekday(), ()))


def hours_words(hours: str) -> list[tuple[str, str]]:
    """Return (day, hours) of the week for reading; a day without hours is closed. Empty where none are known."""
    if not hours:
        return []
    days = _days(hours)
    monday = datetime(2024, 1, 1, tzinfo=timezone.get_current_timezone())
    return [
        (
            date_format(monday.replace(day=day), "D"),
            ", ".join(f"{_clock(start)}-{_clock(end)}" for start, end in sorted(days.get(day, [])))
            or _("closed"),
        )
        for day in WEEK
    ]
