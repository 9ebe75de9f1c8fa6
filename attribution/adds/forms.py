"""Filters of the list of adds."""

from typing import Any

import django_filters
from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from attribution.adds.models import AddEpisode
from attribution.adds.selectors import handovers, lost_customers, new_customers
from scrm.core.days import DayInput, days_check


class SpanForm(forms.Form):
    """The filters' form: a span that ends before it begins is refused at its field."""

    def clean(self) -> dict[str, Any]:
        """Compare both ends of each span."""
        cleaned: dict[str, Any] = super().clean() or {}
        for name in ("added", "ended"):
            days_check(self, f"{name}_from", f"{name}_to")
        return cleaned


def _day(label: Any, field: str, lookup: str) -> Any:
    widget = DayInput()
    return django_filters.DateFilter(
        label=label, field_name=field, lookup_expr=f"date__{lookup}", widget=widget
    )


class AddFilter(django_filters.FilterSet):  # type: ignore[misc]
    """Member, code, whether the relation still lives, what it was, and the days it began and ended."""

    userid = django_filters.CharFilter(lookup_expr="iexact", label=_("Member's userid"))
    code = django_filters.CharFilter(
        field_name="live_code__name", lookup_expr="icontains", label=_("Live code")
    )
    ended = django_filters.ChoiceFilter(
        field_name="ended_at",
        lookup_expr="isnull",
        label=_("State"),
        empty_label=_("Any state"),
        choices=[("True", _("lasting")), ("False", _("ended"))],
    )
    origin = django_filters.ChoiceFilter(
        method="by_origin",
        label=_("New, lost or handed over"),
        empty_label=_("All adds"),
        choices=[
            ("new", _("new customers")),
            ("lost", _("lost customers")),
            ("handover", _("hand-overs")),
        ],
    )
    added_from = _day(_("Added from"), "started_at", "gte")
    added_to = _day(_("Added until"), "started_at", "lte")
    ended_from = _day(_("Ended from"), "ended_at", "gte")
    ended_to = _day(_("Ended until"), "ended_at", "lte")

    class Meta:
        model = AddEpisode
        fields: tuple[str, ...] = ()
        form = SpanForm

    def by_origin(self, adds: QuerySet[AddEpisode], _name: str, value: str) -> QuerySet[AddEpisode]:
        """Keep what the figures of the home page count, or what they leave out."""
        return {"new": new_customers, "lost": lost_customers, "handover": handovers}[value](adds)
