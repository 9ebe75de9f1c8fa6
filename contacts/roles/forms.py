"""The form that grants a role."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from contacts.org.models import OrgUnit
from contacts.org.selectors import org_units_visible_to
from contacts.roles.models import Role
from contacts.roles.selectors import grantable_by
from scrm.core.scope import Scope


class GrantForm(forms.Form):
    """Who gets which role, over which unit."""

    username = forms.CharField(
        label=_("Person"),
        max_length=150,
        help_text=_("The WeCom userid, or the user name of a password account."),
    )
    role: "forms.ModelChoiceField[Role]" = forms.ModelChoiceField(
        Role.objects.none(),
        label=_("Role"),
        empty_label=_("Choose a role"),
        help_text=_("Only roles whose rights you hold all yourself are offered."),
    )
    org_code = forms.CharField(
        label=_("Unit code"),
        max_length=64,
        required=False,
        help_text=_("Code of the branch, dealer or store; only for roles that are tied to a unit."),
    )

    def __init__(self, *args: Any, scope: Scope, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.scope = scope
        self.fields["role"].queryset = grantable_by(scope)  # type: ignore[attr-defined]

    def clean_org_code(self) -> OrgUnit | None:
        """Turn the code into a unit that the granting person may see."""
        code = self.cleaned_data["org_code"].strip()
        if not code:
            return None
        unit = org_units_visible_to(self.scope).filter(code=code).first()
        if unit is None:
            raise forms.ValidationError(_("There is no unit with this code."))
        return unit
