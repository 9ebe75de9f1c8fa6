"""Forms of the merge centre."""

from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from customers.oneid.models import Decision, SharedKey


class DecideForm(forms.Form):
    """One person or different ones, and why."""

    verdict = forms.ChoiceField(
        label=_("Decision"), choices=Decision.Verdict.choices, widget=forms.RadioSelect
    )
    reason = forms.CharField(label=_("Why"), max_length=200)


class ReasonForm(forms.Form):
    """Why something is taken back."""

    reason = forms.CharField(label=_("Why"), max_length=200)


class SplitForm(forms.Form):
    """Which records are somebody else, and why."""

    records = forms.MultipleChoiceField(
        label=_("Records that are another person"), widget=forms.CheckboxSelectMultiple
    )
    reason = forms.CharField(label=_("Why"), max_length=200)

    def __init__(self, *args: Any, choices: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["records"].choices = choices  # type: ignore[attr-defined]

    def clean_records(self) -> list[UUID]:
        """Return the chosen ids."""
        return [UUID(each) for each in self.cleaned_data["records"]]


class SharedForm(forms.Form):
    """Whether a shared identifier may tie its records, and why."""

    verdict = forms.ChoiceField(
        label=_("Decision"),
        choices=[
            (SharedKey.State.IGNORED.value, SharedKey.State.IGNORED.label),
            (SharedKey.State.ALLOWED.value, SharedKey.State.ALLOWED.label),
        ],
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(label=_("Why"), max_length=200)


class MergeForm(forms.Form):
    """Which person is the same human, and why."""

    other = forms.UUIDField(widget=forms.HiddenInput)
    reason = forms.CharField(label=_("Why"), max_length=200)
