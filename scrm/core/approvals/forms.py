"""Forms of approvals."""

from django import forms
from django.utils.translation import gettext_lazy as _


class AskForm(forms.Form):
    """Why something is asked for."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=200,
        help_text=_("The person who decides reads it, and the audit keeps it."),
    )


class DecisionForm(forms.Form):
    """Yes or no, and why; a no needs a reason."""

    decision = forms.ChoiceField(
        label=_("Decision"),
        choices=(("approve", _("Approve")), ("refuse", _("Refuse"))),
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(
        label=_("Reason"),
        max_length=200,
        required=False,
        help_text=_("Needed when you refuse: the person who asked reads it."),
    )
