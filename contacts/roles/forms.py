"""Forms of roles: grant one, make or change one, delete one."""

import re
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from contacts.org.models import OrgUnit
from contacts.org.selectors import org_units_visible_to
from contacts.roles.editing import Draft, draft_of
from contacts.roles.labels import MASK_NAMES, PERMISSIONS, ROLE_NAMES
from contacts.roles.models import Role
from contacts.roles.selectors import offered_to
from scrm.core.scope import Scope

BETWEEN_CODES = re.compile(r"[\s,;\uff0c\uff1b\u3001]+")
MOST_UNITS = 200


class GrantForm(forms.Form):
    """Who gets which role, over which units."""

    username = forms.CharField(
        label=_("Person"),
        max_length=150,
        help_text=_("The WeCom userid, or the user name of a password account."),
    )
    role: "forms.ModelChoiceField[Role]" = forms.ModelChoiceField(
        Role.objects.none(),
        label=_("Role"),
        empty_label=_("Choose a role"),
        help_text=_(
            "Only roles whose rights you hold all yourself, and those that two people grant."
        ),
    )
    org_code = forms.CharField(
        label=_("Unit codes"),
        max_length=8000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_(
            "Codes of branches, dealers or stores, as many as the person looks after, separated by a comma or a new line; "
            "only for roles that are tied to units."
        ),
    )
    reason = forms.CharField(
        label=_("Reason"),
        max_length=200,
        required=False,
        help_text=_("Needed for a role that two people grant: the other one reads it."),
    )

    def __init__(self, *args: Any, scope: Scope, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.scope = scope
        self.fields["role"].queryset = offered_to(scope)  # type: ignore[attr-defined]

    def clean_org_code(self) -> list[OrgUnit]:
        """Turn the codes into units that the granting person may see."""
        codes = [code for code in BETWEEN_CODES.split(self.cleaned_data["org_code"]) if code]
        wanted = list(dict.fromkeys(codes))
        if len(wanted) > MOST_UNITS:
            raise forms.ValidationError(
                _("At most %(most)d units at once; grant the unit above them instead.")
                % {"most": MOST_UNITS}
            )
        found = {
            unit.code: unit for unit in org_units_visible_to(self.scope).filter(code__in=wanted)
        }
        unknown = [code for code in wanted if code not in found]
        if unknown:
            raise forms.ValidationError(
                _("There is no unit with the code %(codes)s.") % {"codes": ", ".join(unknown)}
            )
        return [found[code] for code in wanted]


class RoleForm(forms.Form):
    """What a role may do, over what, and which fields it sees masked."""

    name = forms.CharField(label=_("Name"), max_length=64)
    description = forms.CharField(label=_("Description"), max_length=200, required=False)
    reach = forms.ChoiceField(label=_("Data scope"), choices=Role.Reach.choices)
    permissions = forms.MultipleChoiceField(
        label=_("Rights"),
        choices=lambda: list(PERMISSIONS.items()),
        widget=forms.CheckboxSelectMultiple,
    )
    masks = forms.MultipleChoiceField(
        label=_("Masked fields"),
        choices=lambda: list(MASK_NAMES.items()),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Shown masked on every page to whoever holds the role."),
    )
    needs_approval = forms.BooleanField(
        label=_("Granted by two people: one asks, another one approves"),
        required=False,
        help_text=_("A role that decides on what others ask for is granted by two people anyway."),
    )
    reason = forms.CharField(
        label=_("Reason"),
        max_length=200,
        help_text=_("The person who decides reads it, and the audit keeps it."),
    )

    def __init__(
        self, *args: Any, role: Role | None, like: Role | None = None, **kwargs: Any
    ) -> None:
        shown = role or like
        if shown is not None:
            kwargs["initial"] = draft_of(shown).as_json() | {"name": str(role) if role else ""}
        super().__init__(*args, **kwargs)
        self.role = role
        if role is not None and role.code in ROLE_NAMES:
            # Its name is the product's, in the reader's language.
            self.fields["name"].disabled = True

    def draft(self) -> Draft:
        """Return what this valid form asks for."""
        values = self.cleaned_data
        is_preset = self.role is not None and self.role.code in ROLE_NAMES
        return Draft(
            self.role.name if self.role is not None and is_preset else values["name"].strip(),
            values["description"].strip(),
            values["reach"],
            tuple(sorted(values["permissions"])),
            tuple(sorted(values["masks"])),
            values["needs_approval"],
        )


class DeleteForm(forms.Form):
    """Why a role is deleted; the audit keeps it."""

    reason = forms.CharField(label=_("Reason"), max_length=200)
