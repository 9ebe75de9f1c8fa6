"""Forms of the connected OAs: one for each kind, and the mapping."""

import re
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from contacts.oa_sync.columns import REQUIRED
from contacts.oa_sync.sources.hosts import HTTP, LDAP, origins
from contacts.oa_sync.sources.mapping import (
    WORDED,
    FieldMapping,
    fields_of,
    read_words,
    words_text,
)
from contacts.oa_sync.sources.models import OaConnector
from contacts.oa_sync.sources.paths import parse
from contacts.oa_sync.sources.protocol import ROLES
from contacts.oa_sync.sources.services import ConnectorValues
from contacts.oa_sync.sources.sql import VIEW
from contacts.oa_sync.words import field_words
from scrm.core.exceptions import ValidationFailed

HEADER_NAME = re.compile(r"^[A-Za-z0-9-]{1,64}$")
NOT_ALLOWED_HEADERS = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "cookie"}
)


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
    return [(origin, origin) for origin in origins(schemes)]


class RestForm(ConnectorForm):
    """An OA that answers JSON."""

    by_role = {"paths": ("departments_path", "employees_path")}
    plain = (
        "origin", "auth", "header", "key_id", "rows_path", "ok_check", "paging", "page_param",
        "size_param", "size", "first_page", "cursor_path", "total_path",
    )  # fmt: skip

    origin = forms.ChoiceField(
        label=_("Host"), help_text=_("IT names the hosts in SCRM_OA_HOSTS; no other can be asked.")
    )
    departments_path = forms.CharField(
        label=_("Path of departments"), max_length=500, help_text=_("For example /api/departments")
    )
    employees_path = forms.CharField(label=_("Path of employees"), max_length=500)
    auth = forms.ChoiceField(
        label=_("Log-in"),
        choices=[
            ("none", _("none")),
            ("bearer", _("bearer token")),
            ("header", _("a header of its own")),
            ("hmac", _("signature (HMAC-SHA256)")),
        ],
    )
    header = forms.CharField(
        label=_("Header's name"),
        max_length=64,
        required=False,
        help_text=_("For example X-API-Key"),
    )
    key_id = forms.CharField(
        label=_("Access key"), max_length=200, required=False, help_text=_("Only for a signature.")
    )
    secret = _secret_field()
    rows_path = forms.CharField(
        label=_("Where the list stands in an answer"), max_length=200, required=False,
        help_text=_("For example data.items; blank where the answer is the list itself."),
    )  # fmt: skip
    ok_check = forms.CharField(
        label=_("How an answer says that all is well"), max_length=200, required=False,
        help_text=_("For example code=0; blank where there is no such word."),
    )  # fmt: skip
    paging = forms.ChoiceField(
        label=_("Paging"),
        choices=[
            ("none", _("everything at once")),
            ("page", _("numbered pages")),
            ("offset", _("offset of the first record")),
            ("cursor", _("cursor from the answer before")),
        ],
    )
    page_param = forms.CharField(
        label=_("Parameter of page, offset or cursor"), max_length=64, initial="page"
    )
    size_param = forms.CharField(
        label=_("Parameter of the page's size"), max_length=64, initial="size", required=False
    )
    size = forms.IntegerField(label=_("Records a page"), min_value=1, max_value=10_000, initial=100)
    first_page = forms.IntegerField(
        label=_("Number of the first page"), min_value=0, max_value=1, initial=1
    )
    cursor_path = forms.CharField(
        label=_("Where the next cursor stands"), max_length=200, required=False
    )
    total_path = forms.CharField(
        label=_("Where the total stands"), max_length=200, required=False,
        help_text=_("Enter it wherever the OA tells one: a reading that is too short, or that changed between two pages, is refused only with it."),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["origin"].choices = _origin_choices(HTTP)  # type: ignore[attr-defined]

    def _path(self, name: str) -> str:
        path = str(self.cleaned_data[name]).strip()
        if not path.startswith("/") or path.startswith("//") or "\\" in path or "#" in path:
            raise forms.ValidationError(_("Begin the path with one slash; the host stands above."))
        return path

    def clean_departments_path(self) -> str:
        """Refuse what would name another host."""
        return self._path("departments_path")

    def clean_employees_path(self) -> str:
        """Refuse what would name another host."""
        return self._path("employees_path")

    def clean(self) -> dict[str, Any]:
        """Ask for what the chosen log-in and paging need."""
        data = super().clean() or {}
        header = str(data.get("header", ""))
        if data.get("auth") == "header" and (
            not HEADER_NAME.fullmatch(header) or header.lower() in NOT_ALLOWED_HEADERS
        ):
            self.add_error("header", _("Enter the name of the header."))
        if data.get("auth") == "hmac" and not data.get("key_id"):
            self.add_error("key_id", _("A signature needs an access key."))
        stored = self.connector is not None and self.connector.secret
        if data.get("auth") != "none" and not data.get("secret") and not stored:
            self.add_error("secret", _("This log-in needs a secret."))
        if data.get("paging") == "cursor" and not data.get("cursor_path"):
            self.add_error("cursor_path", _("Say where the next cursor stands."))
        for name in ("rows_path", "cursor_path", "total_path"):
            self._need_path(name, str(data.get(name, "")))
        return data

    def _need_path(self, name: str, path: str) -> None:
        try:
            parse(path)
        except ValidationFailed as refusal:
            self.add_error(name, refusal.message)


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
            try:
                parse(data.get(name, ""))
            except ValidationFailed as refusal:
                self.add_error(name, refusal.message)
        try:
            data["words"] = read_words(self.role, data.get("words", ""))
        except ValidationFailed as refusal:
            self.add_error("words", refusal.message)
        return data

    def chosen(self) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
        """Return the filled paths and the words of this role."""
        paths = {name: self.cleaned_data[name] for name in fields_of(self.role)}
        return {name: path for name, path in paths.items() if path}, self.cleaned_data["words"]
