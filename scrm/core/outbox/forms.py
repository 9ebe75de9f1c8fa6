"""What an operator decides about a message whose outcome is unknown."""

from django import forms
from django.utils.translation import gettext_lazy as _


class DecisionForm(forms.Form):
    """The decision and its reason; both go into the audit trail."""

    ARRIVED = "arrived"
    AGAIN = "again"

    decision = forms.ChoiceField(
        label=_("What shall happen?"),
        choices=[
            (ARRIVED, _("It arrived: count it as sent")),
            (AGAIN, _("It did not arrive: send it again")),
        ],
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(
        label=_("How do you know?"),
        max_length=200,
        help_text=_(
            "For example: the customer's chat shows the message. It is kept in the audit trail."
        ),
    )
