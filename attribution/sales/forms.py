"""Filters of the list of credits, and the form of a new version of the rules."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import django_filters
from django import forms
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from attribution.sales.deciding import Step
from attribution.sales.models import Credit, Rule, RuleSet
from attribution.sales.rules import MOST_DAYS, steps_of
from customers.crm.models import Order
from scrm.core.days import DayInput, days_check


class DaysForm(forms.Form):
    """The filters' form: days that end before they begin are refused at their field."""

    def clean(self) -> dict[str, Any]:
        """Compare both ends."""
        cleaned: dict[str, Any] = super().clean() or {}
        days_check(self, "first", "last")
        return cleaned


def days_of(data: Mapping[str, Any]) -> tuple[date, date]:
    """Return the days asked for; this month until today without any, or where they are refused."""
    today = timezone.localdate()
    form = _Days(data)
    chosen = form.cleaned_data if form.is_valid() else {}
    last = chosen.get("last") or today
    return chosen.get("first") or min(last, today).replace(day=1), last


class _Days(DaysForm):
    first = forms.DateField(required=False)
    last = forms.DateField(required=False)


class CreditFilter(django_filters.FilterSet):  # type: ignore[misc]
    """Order number, guide, store, rule, attributed or not, refunds, days of payment."""

    q = django_filters.CharFilter(label=_("Order number"), field_name="order__order_no")
    guide = django_filters.CharFilter(
        label=_("Guide's userid"), field_name="member__userid", lookup_expr="iexact"
    )
    store = django_filters.CharFilter(label=_("Store code"), field_name="store__code")
    rule = django_filters.ChoiceFilter(
        label=_("Rule"), choices=Rule.choices, empty_label=_("Any rule")
    )
    whose = django_filters.ChoiceFilter(
        label=_("Whose"),
        choices=[
            ("guide", _("a guide's")),
            ("nobody", _("nobody's")),
            *[(f"nobody:{code}", label) for code, label in Credit.Reason.choices[1:]],
        ],
        empty_label=_("Anybody's"),
        method="by_owner",
    )
    status = django_filters.ChoiceFilter(
        label=_("Refunds"),
        field_name="order__status",
        choices=Order.Status.choices,
        empty_label=_("With and without refunds"),
    )
    first = django_filters.DateFilter(
        label=_("Paid from"),
        field_name="business_day",
        lookup_expr="gte",
        widget=DayInput(),
    )
    last = django_filters.DateFilter(
        label=_("Paid until"),
        field_name="business_day",
        lookup_expr="lte",
        widget=DayInput(),
    )

    class Meta:
        model = Credit
        fields: tuple[str, ...] = ()
        form = DaysForm

    def __init__(self, data: Any = None, *args: Any, **kwargs: Any) -> None:
        """Without days this month is listed, as the till above adds it up; an order number is looked for in all."""
        data = QueryDict(mutable=True) if data is None else data.copy()
        if not any(data.get(name) for name in ("q", "first", "last")):
            data["first"], data["last"] = map(str, days_of(data))
        super().__init__(data, *args, **kwargs)

    def filter_queryset(self, queryset: QuerySet[Credit]) -> QuerySet[Credit]:
        """Narrow; days that are refused leave this month, as in the till."""
        if self.form.errors.keys() & {"first", "last"}:
            first, last = days_of(self.form.data)
            self.form.cleaned_data |= {"first": first, "last": last}
        credits: QuerySet[Credit] = super().filter_queryset(queryset)
        return credits

    def by_owner(self, queryset: QuerySet[Credit], name: str, value: str) -> QuerySet[Credit]:
        """Narrow to credited orders, to all others, or to one reason."""
        if value == "guide":
            return queryset.filter(member__isnull=False)
        _nobody, _colon, reason = value.partition(":")
        return queryset.filter(member=None, **({"reason": reason} if reason else {}))


class RulesForm(forms.Form):
    """Five places for rules, from first to last; an empty place is left out."""

    applies_from = forms.DateField(
        label=_("Holds for orders paid from"),
        help_text=_(
            "A day in the past lets its orders be decided again; you see the difference before."
        ),
        widget=DayInput(),
    )
    note = forms.CharField(label=_("Why"), max_length=200)

    def __init__(self, *args: Any, base: RuleSet, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        steps = list(steps_of(base))
        self.fields["applies_from"].initial = timezone.localdate
        for place in range(1, len(Rule.choices) + 1):
            step = steps[place - 1] if place <= len(steps) else None
            self.fields[f"rule_{place}"] = forms.ChoiceField(
                label=gettext("Rule %(place)d") % {"place": place},
                choices=[("", _("none")), *Rule.choices],
                required=False,
                initial=step.rule if step else "",
            )
            self.fields[f"days_{place}"] = forms.IntegerField(
                label=gettext("Days before the payment, rule %(place)d") % {"place": place},
                min_value=0,
                max_value=MOST_DAYS,
                required=False,
                initial=step.window_days if step else 0,
                help_text=_("0: no limit. Only touches and adds of these days count.")
                if place == 1
                else "",
            )
        self.order_fields(
            [
                *(f"{name}_{place}" for place in range(1, 6) for name in ("rule", "days")),
                "applies_from",
                "note",
            ]
        )

    def clean_applies_from(self) -> date:
        """Rules for a distant past or future are typing errors."""
        day: date = self.cleaned_data["applies_from"]
        if abs((day - timezone.localdate()).days) > 366:
            raise forms.ValidationError(gettext("Choose a day at most a year away."))
        return day

    @property
    def steps(self) -> list[Step]:
        """Return the chosen rules in order."""
        data = self.cleaned_data
        return [
            Step(data[f"rule_{place}"], data[f"days_{place}"] or 0)
            for place in range(1, len(Rule.choices) + 1)
            if data.get(f"rule_{place}")
        ]
