"""What an operator says when something is replayed."""

from django import forms
from django.utils.translation import gettext_lazy as _


class ReplayForm(forms.Form):
    """The reason goes into the audit trail."""

    reason = forms.CharField(
        label=_("Why is it replayed?"),
        max_length=200,
        help_text=_("For example: the app secret was renewed. It is kept in the audit trail."),
    )
