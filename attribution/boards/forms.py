"""What a board shows, read from its address."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from attribution.boards.selectors import SORTS, Span
from attribution.boards.spans import DEFAULT, MOST_DAYS, PRESETS, preset_span
from scrm.core.days import DayInput, days_check

BY = (
    ("guide", gettext_lazy("By guide")),
    ("store", gettext_lazy("By store")),
    ("branch", gettext_lazy("By branch")),
)
CUSTOM = "custom"


class BoardForm(forms.Form):
    """Days, grouping, order, place; what is missing or wrong falls back to the last seven days by guide."""

    range = forms.ChoiceField(
        choices=[(preset.code, preset.label) for preset in PRESETS] + [(CUSTOM, "")], required=False
    )
    first = forms.DateField(label=gettext_lazy("From"), required=False, widget=DayInput())
    last = forms.DateField(label=gettext_lazy("Until"), required=False, widget=DayInput())
    by = forms.ChoiceField(choices=BY, required=False)
    sort = forms.ChoiceField(choices=[(name, name) for name in SORTS], required=False)
    place = forms.CharField(max_length=64, required=False)
    page = forms.IntegerField(min_value=1, max_value=100_000, required=False)

    def clean(self) -> dict[str, Any]:
        """Refuse a span that ends before it begins, or is longer than a year."""
        cleaned: dict[str, Any] = super().clean() or {}
        first, last = cleaned.get("first"), cleaned.get("last")
        if self.range_code() != CUSTOM or self.errors:
            return cleaned
        if first is None or last is None:
            self.add_error("first", _("Choose both days."))
        elif (last - first).days >= MOST_DAYS:
            self.add_error("last", _("At most a year at once."))
        else:
            days_check(self, "first", "last")
        return cleaned

    def range_code(self) -> str:
        """Return which span was asked for; days in the address without a range are a span of their own."""
        typed = self.data.get("first") or self.data.get("last")
        return self.cleaned_data.get("range") or (CUSTOM if typed else DEFAULT)


@dataclass(frozen=True)
class Choice:
    """What was chosen."""

    range: str
    span: Span
    by: str
    sort: str
    place: str
    page: int


def choice_of(form: BoardForm) -> Choice:
    """Return what a form chose, with the fallbacks filled in."""
    form.is_valid()
    data = getattr(form, "cleaned_data", {})
    code = form.range_code() if form.is_bound else DEFAULT
    today = timezone.localdate()
    custom = code == CUSTOM and data.get("first") and data.get("last") and not form.errors
    span = Span(data["first"], data["last"]) if custom else preset_span(code, today)
    return Choice(
        range=code if custom or code != CUSTOM else DEFAULT,
        span=span,
        by=data.get("by") or "guide",
        sort=data.get("sort") or "net",
        place=data.get("place") or "",
        page=data.get("page") or 1,
    )
