"""Days somebody typed: what no figure can be read for is said at the field."""

from datetime import date

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _

# Nothing here is older, and nothing is planned later.
FIRST_YEAR, LAST_YEAR = 2000, 2100


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
