"""Forms of sessions."""

from django import forms
from django.utils.translation import gettext_lazy as _


class EndForm(forms.Form):
    """Why somebody's session is ended; the audit keeps it."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=200,
        help_text=_("For the audit, for example: phone lost, unknown place."),
    )
