"""Forms of privacy."""

from django import forms
from django.utils.translation import gettext_lazy as _


class FindForm(forms.Form):
    """By what a person is looked for."""

    q = forms.CharField(
        label=_("Phone, customer id or member number"),
        max_length=64,
        help_text=_("In full. Each look-up is in the audit."),
    )


class WishForm(forms.Form):
    """What a person wants, and why it is believed to be them."""

    wish = forms.ChoiceField(
        label=_("The person wants"),
        choices=(
            ("package", _("everything we hold about them, as a file")),
            ("erase", _("to be forgotten")),
        ),
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(
        label=_("How they asked, and how you know it was them"),
        max_length=200,
        help_text=_("The person who decides reads it, and the audit keeps it."),
    )
