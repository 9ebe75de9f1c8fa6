"""Forms of the connected OAs: one for each kind, and the mapping."""

from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from contacts.oa_sync.columns import REQUIRED
from contacts.oa_sync.sources.mapping import (
    WORDED,
    FieldMapping,
    fields_of,
    read_words,
    words_text,
)
from contacts.oa_sync.sources.models import OaConnector
from contacts.oa_sync.sources.protocol import ROLES
from contacts.oa_sync.sources.services import ConnectorValues
from contacts.oa_sync.sources.sql import VIEW
from contacts.oa_sync.words import field_words
from scrm.core.exceptions import ValidationFailed
from scrm.core.feeds.forms import REST_OPTIONS, RestFields, need_path
from scrm.core.feeds.hosts import HTTP, LDAP, origins


class ConnectorForm(forms.Form):
    """What every kind of source has: a name and when it is read."""

    # Fields that make a dict by role in the options: option → (departments field, employees field).
    by_role: ClassVar[dict[str, tuple[str, str]]] = {}
    plain: ClassVar[tuple[str, ...]] = ()

    name = forms.CharField(label=_("Name"), max_length=64)

    def __init__(self, *args: Any, connector: OaConnector | None = None, **kwargs: Any) -> None:
        self.connector = connector
        if connector is not None:
            kwargs["initial"] = self._stored(connector)
        super().__init__(*args, **kwargs)
        self.fields["rhythm"] = forms.ChoiceField(
            label=_("Read"), choices=OaConnector.Rhythm.choices, initial=OaConnector.Rhythm.OFF
        )
        self.fields["daily_at"] = forms.TimeField(
            label=_("Time of day"),
            initial="03:00",
            widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
            help_text=_("Only for once a day."),
        )

    def _stored(self, connector: OaConnector) -> dict[str, Any]:
        known = {
            "name": connector.name, "rhythm": connector.rhythm, "daily_at": connector.daily_at,
        }  # fmt: skip
        for option, names in self.by_role.items():
            known |= dict(zip(names, map(connector.options[option].get, ROLES), strict=True))
        return known | {name: connector.options[name] for name in self.plain}

    def values(self) -> ConnectorValues:
        """Return what the service takes."""
        data = self.cleaned_data
        options = {name: data[name] for name in self.plain}
        for option, names in self.by_role.items():
            options[option] = {role: data[name] for role, name in zip(ROLES, names, strict=True)}
        return ConnectorValues(
            name=data["name"].strip(),
            options=options,
            secret=data.get("secret") or None,
            rhythm=data["rhythm"],
            daily_at=data["daily_at"],
        )


def _secret_field() -> forms.CharField:
    return forms.CharField(
        label=_("Token, secret or password"),
        required=False,
        max_length=2000,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("Kept encrypted and never shown. Blank keeps the one that is stored."),
    )


def _origin_choices(schemes: tuple[str, ...]) -> list[tuple[str, str]]:
    return [(origin, origin) for origin in origins(settings.OA_HOSTS, schemes)]


class RestForm(RestFields, ConnectorForm):
    """An OA that answers JSON."""

    by_role = {"paths": ("departments_path", "employees_path")}
    plain = REST_OPTIONS
    field_order = ("name", "origin", "departments_path", "employees_path")

    origin = forms.ChoiceField(
        label=_("Host"), help_text=_("IT names the hosts in SCRM_OA_HOSTS; no other can be asked.")
    )
    departments_path = forms.CharField(
        label=_("Path of departments"), max_length=500, help_text=_("For example /api/departments")
    )
    employees_path = forms.CharField(label=_("Path of employees"), max_length=500)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["origin"].choices = _origin_choices(HTTP)  # type: ignore[attr-defined]

    def clean_departments_path(self) -> str:
        """Refuse what would name another host."""
        return self.address_path("departments_path")

    def clean_employees_path(self) -> str:
        """Refuse what would name another host."""
        return self.address_path("employees_path")

    @property
    def has_secret(self) -> bool:
        """Return whether a secret is stored already."""
        return self.connector is not None and bool(self.connector.secret)


class SqlForm(ConnectorForm):
    """Two views of the OA's database."""

    by_role = {"views": ("departments_view", "employees_view")}

    departments_view = forms.RegexField(
        VIEW, label=_("View of departments"), help_text=_("For example hr.v_departments")
    )
    employees_view = forms.RegexField(VIEW, label=_("View of employees"))


class LdapForm(ConnectorForm):
    """A directory."""

    by_role = {
        "bases": ("departments_base", "employees_base"),
        "filters": ("departments_filter", "employees_filter"),
    }
    plain = ("origin", "bind_dn", "starttls")

    origin = forms.ChoiceField(
        label=_("Host"), help_text=_("IT names the hosts in SCRM_OA_HOSTS; no other can be asked.")
    )
    starttls = forms.BooleanField(
        label=_("Secure the connection before logging in (StartTLS)"), required=False
    )
    bind_dn = forms.CharField(label=_("Log in as (DN)"), max_length=500)
    secret = _secret_field()
    departments_base = forms.CharField(label=_("Where departments stand (DN)"), max_length=500)
    departments_filter = forms.CharField(
        label=_("Filter of departments"), max_length=500, initial="(objectClass=organizationalUnit)"
    )
    employees_base = forms.CharField(label=_("Where employees stand (DN)"), max_length=500)
    employees_filter = forms.CharField(
        label=_("Filter of employees"), max_length=500, initial="(objectClass=person)"
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["origin"].choices = _origin_choices(LDAP)  # type: ignore[attr-defined]


class FolderForm(ConnectorForm):
    """Files another program leaves."""

    by_role = {"prefixes": ("departments_prefix", "employees_prefix")}

    departments_prefix = forms.RegexField(
        r"^[\w.-]{1,64}$",
        label=_("Department files begin with"),
        initial="departments",
        help_text=_("The newest .csv or .xlsx of the folder that begins so is read."),
    )
    employees_prefix = forms.RegexField(
        r"^[\w.-]{1,64}$", label=_("Employee files begin with"), initial="employees"
    )


FORMS: dict[str, type[ConnectorForm]] = {
    OaConnector.Kind.REST: RestForm,
    OaConnector.Kind.SQL: SqlForm,
    OaConnector.Kind.LDAP: LdapForm,
    OaConnector.Kind.FOLDER: FolderForm,
}


class MappingForm(forms.Form):
    """A path for each field of one role, and what the source's own words mean."""

    def __init__(
        self, data: Any = None, *, role: str, mapping: FieldMapping, paths: list[str]
    ) -> None:
        super().__init__(data, prefix=role)
        self.role, self.paths = role, paths
        known = mapping.paths.get(role, {})
        for name in fields_of(role):
            self.fields[name] = forms.CharField(
                label=field_words(name, role),
                max_length=200,
                required=False,
                initial=known.get(name, ""),
                widget=forms.TextInput(attrs={"list": f"paths-{role}"}),
                # That it is filled the service says: the preview goes without.
                help_text=_("Needed.") if name in REQUIRED[role] else "",
            )
        self.fields["words"] = forms.CharField(
            label=_("What its words mean"),
            required=False,
            initial=words_text(mapping.words.get(role, {})),
            widget=forms.Textarea(attrs={"rows": 3}),
            help_text=_('One a line, like "%(example)s". Fields: %(fields)s.')
            % {
                "example": "state: 5 = left" if role == "employees" else "kind: 3 = store",
                "fields": ", ".join(WORDED[role]),
            },
        )

    def clean(self) -> dict[str, Any]:
        """Refuse paths and words that cannot be read, beside their field."""
        data = super().clean() or {}
        for name in fields_of(self.role):
            need_path(self, name)
        try:
            data["words"] = read_words(self.role, data.get("words", ""))
        except ValidationFailed as refusal:
            self.add_error("words", refusal.message)
        return data

    def chosen(self) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
        """Return the filled paths and the words of this role."""
        paths = {name: self.cleaned_data[name] for name in fields_of(self.role)}
        return {name: path for name, path in paths.items() if path}, self.cleaned_data["words"]
