"""Days somebody typed: in a form, where what no figure can be read for is said at the field, or in a cell."""

import re
import unicodedata
from datetime import date, datetime

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _

# Nothing here is older, and nothing is planned later.
FIRST_YEAR, LAST_YEAR = 2000, 2100
CELL_FORMATS = ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d")
# A day, and what may follow it: a time, and how far its clock is from UTC.
CELL = re.compile(
    r"(?P<day>[^\sT]+)(?:[T\s]+(?P<time>.*?)\s*(?P<zone>Z|UTC|GMT|[+-]\d\d(?::?\d\d)?)?)?"
)


class DayInput(forms.DateInput):
    """A field for a day. Browsers take and give it as 2026-11-22 alone, and show what the language spells otherwise as empty."""

    input_type = "date"

    def __init__(self, attrs: dict[str, str] | None = None) -> None:
        super().__init__(attrs, format="%Y-%m-%d")


def day_of(text: str) -> date | None:
    """Return the day a cell names, None where it names none.

    A moment with its distance from UTC is the day it is here: 16:00Z is the next day's midnight in China.
    """
    found = CELL.fullmatch(unicodedata.normalize("NFKC", text).strip())
    day = _day(found["day"]) if found else None
    if found is None or day is None or not found["zone"]:
        return day
    zone = "+00:00" if found["zone"].isalpha() else found["zone"]
    try:
        return timezone.localdate(datetime.fromisoformat(f"{day}T{found['time']}{zone}"))
    except (ValueError, OverflowError):
        return None


def _day(text: str) -> date | None:
    for form in CELL_FORMATS:
        try:
            return datetime.strptime(text, form).date()  # noqa: DTZ007 - a calendar day has no zone
        except ValueError:
            continue
    return None


def days_check(form: forms.Form, first: str, last: str) -> None:
    """Refuse, at the fields of these names, days that lie in no year of ours, to come, or in the wrong order."""
    found: dict[str, date | None] = {name: form.cleaned_data.get(name) for name in (first, last)}
    for name, day in found.items():
        if day is not None and not FIRST_YEAR <= day.year < LAST_YEAR:
            form.add_error(name, _("Choose a day of this century."))
            return
    begin, end = found[first], found[last]
    if begin is not None and end is not None and end < begin:
        form.add_error(last, _("The last day lies before the first one."))
    elif begin is not None and begin > timezone.localdate():
        form.add_error(first, _("This day is still to come."))
