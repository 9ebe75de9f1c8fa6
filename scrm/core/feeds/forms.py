"""What a person enters of a system with a REST interface, whoever reads it: log-in, paging, where things stand."""

import re
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from scrm.core.exceptions import ValidationFailed
from scrm.core.feeds.paths import parse

HEADER_NAME = re.compile(r"^[A-Za-z0-9-]{1,64}$")
NOT_ALLOWED_HEADERS = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "cookie"}
)
# Names of RestSettings that a form fills as they are; the origin is the subclass's to offer.
REST_OPTIONS = (
    "origin", "auth", "header", "key_id", "rows_path", "ok_check", "paging", "page_param", "size_param",
    "size", "first_page", "cursor_path", "total_path",
)  # fmt: skip


class RestFields(forms.Form):
    """The fields and rules that every form of a REST source has."""

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
    secret = forms.CharField(
        label=_("Token or secret"),
        required=False,
        max_length=2000,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("Kept encrypted and never shown. Blank keeps the one that is stored."),
    )
    rows_path = forms.CharField(
        label=_("Where the list stands in an answer"),
        max_length=200,
        required=False,
        help_text=_("For example data.items; blank where the answer is the list itself."),
    )
    ok_check = forms.CharField(
        label=_("How an answer says that all is well"),
        max_length=200,
        required=False,
        help_text=_("For example code=0; blank where there is no such word."),
    )
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
    size = forms.IntegerField(label=_("Records a page"), min_value=1, max_value=10_000, initial=500)
    first_page = forms.IntegerField(
        label=_("Number of the first page"), min_value=0, max_value=1, initial=1
    )
    cursor_path = forms.CharField(
        label=_("Where the next cursor stands"), max_length=200, required=False
    )
    total_path = forms.CharField(
        label=_("Where the total stands"),
        max_length=200,
        required=False,
        help_text=_("Enter it wherever the system tells one: a reading that is too short, or that changed between two pages, is refused only with it."),
    )  # fmt: skip

    @property
    def has_secret(self) -> bool:
        """Return whether a secret is stored already."""
        return False

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
        if data.get("auth") != "none" and not data.get("secret") and not self.has_secret:
            self.add_error("secret", _("This log-in needs a secret."))
        if data.get("paging") == "cursor" and not data.get("cursor_path"):
            self.add_error("cursor_path", _("Say where the next cursor stands."))
        for name in ("rows_path", "cursor_path", "total_path"):
            need_path(self, name)
        return data

    def address_path(self, name: str) -> str:
        """Return a path of an address; raises forms.ValidationError for what would name another host."""
        path = str(self.cleaned_data[name]).strip()
        if not path.startswith("/") or path.startswith("//") or "\\" in path or "#" in path:
            raise forms.ValidationError(_("Begin the path with one slash; the host stands above."))
        return path


def need_path(form: forms.Form, name: str) -> None:
    """Put an error beside a field whose text is no path into an answer."""
    try:
        parse(str(form.cleaned_data.get(name) or ""))
    except ValidationFailed as refusal:
        form.add_error(name, refusal.message)
