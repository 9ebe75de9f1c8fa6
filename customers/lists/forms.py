"""Forms of the customer list: a saved view, tags for many, a file."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from contacts.roles.labels import ROLE_NAMES
from customers.lists.filters import tag_choices
from scrm.core.scope import Scope


class ViewForm(forms.Form):
    """A name for the filters as they stand."""

    name = forms.CharField(label=_("Name of the view"), max_length=32)
    role_code = forms.ChoiceField(label=_("Who sees it"), required=False)
    is_default = forms.BooleanField(label=_("Open the list with it"), required=False)

    def __init__(self, scope: Scope, *args: Any, **kwargs: Any) -> None:
        """Offer one's own roles."""
        super().__init__(*args, **kwargs)
        roles = [
            (code, _("everybody with the role %(role)s") % {"role": ROLE_NAMES.get(code, code)})
            for code in sorted(scope.role_codes)
        ]
        field = self.fields["role_code"]
        field.choices = [("", _("only me")), *roles]  # type: ignore[attr-defined]


class TagForm(forms.Form):
    """Tags to put on, and to take off, many customers."""

    add = forms.MultipleChoiceField(
        label=_("Put these tags"), choices=tag_choices, required=False,
        widget=forms.SelectMultiple(attrs={"size": "8"}),
    )  # fmt: skip
    remove = forms.MultipleChoiceField(
        label=_("Take these tags off"), choices=tag_choices, required=False,
        widget=forms.SelectMultiple(attrs={"size": "8"}),
    )  # fmt: skip


class ExportForm(forms.Form):
    """Why a file leaves the house, and whether phones are written out."""

    purpose = forms.CharField(
        label=_("What for"),
        max_length=200,
        help_text=_("It is printed in the file and kept in the audit log."),
    )
    unmasked = forms.BooleanField(
        label=_("Write phone numbers out"),
        required=False,
        help_text=_("Somebody else has to agree first, however few rows there are."),
    )

    def __init__(self, scope: Scope, *args: Any, **kwargs: Any) -> None:
        """Offer unmasked phones to those who may reveal them."""
        super().__init__(*args, **kwargs)
        if not scope.allows("relations.reveal"):
            del self.fields["unmasked"]
