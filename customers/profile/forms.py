"""Forms of the profile."""

from django import forms
from django.utils.translation import gettext_lazy as _

from customers.profile.services import MOST_CHARACTERS


class NoteForm(forms.Form):
    """What was agreed, and when to come back."""

    text = forms.CharField(
        label=_("Note"),
        max_length=MOST_CHARACTERS,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    next_on = forms.DateField(
        label=_("Come back on"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("Whoever wrote it is reminded in the feed on that day."),
    )


class StopForm(forms.Form):
    """Why a customer does not want to be contacted, or may be contacted again."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=200,
        help_text=_("Your name, the time and this reason are kept in the audit log."),
    )
