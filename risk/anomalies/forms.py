"""Forms and filters of the monitor centre."""

import django_filters
from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from contacts.directory.models import Member
from contacts.directory.selectors import members_search
from risk.anomalies.models import Incident, Ladder


class IncidentFilter(django_filters.FilterSet):  # type: ignore[misc]
    """Account and state, kept in the URL."""

    member = django_filters.CharFilter(method="by_member", label=_("Name, userid or job number"))
    state = django_filters.ChoiceFilter(
        choices=Incident.State.choices, label=_("State"), empty_label=_("Any state")
    )

    class Meta:
        model = Incident
        fields: tuple[str, ...] = ()

    def by_member(self, rows: QuerySet[Incident], _name: str, value: str) -> QuerySet[Incident]:
        """Keep the incidents of matching accounts."""
        return rows.filter(member__in=members_search(Member.objects.all(), value))


class StepForm(forms.Form):
    """A step of the ladder and why."""

    step = forms.ChoiceField(choices=Ladder.choices)
    reason = forms.CharField(max_length=200)


class UndoForm(forms.Form):
    """A step to undo (none: all of them) and why."""

    step = forms.ChoiceField(choices=Ladder.choices, required=False)
    reason = forms.CharField(max_length=200)


class CloseForm(forms.Form):
    """What it was, and whether to undo what was done."""

    outcome = forms.ChoiceField(
        label=_("What was it?"),
        choices=(
            (Incident.State.CONFIRMED, _("Real")),
            (Incident.State.FALSE_ALARM, _("A false alarm")),
        ),
        widget=forms.RadioSelect,
    )
    undo = forms.BooleanField(label=_("Undo the steps that are in force"), required=False)
    reason = forms.CharField(label=_("Reason"), max_length=200)


class RuleForm(forms.Form):
    """What is too much, and what happens by itself."""

    threshold = forms.IntegerField(
        label=_("This many are too many"), min_value=1, max_value=100_000
    )
    steps = forms.MultipleChoiceField(
        label=_("Steps by itself"),
        choices=Ladder.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Each can be undone with one click. None ticked: the rule only tells people."),
    )
    is_active = forms.BooleanField(label=_("In use"), required=False)
