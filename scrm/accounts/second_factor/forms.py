"""Forms of the second step."""

from typing import Any, cast

from django import forms
from django.contrib.auth import authenticate
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from scrm.accounts.models import User
from scrm.accounts.refusals import password_refused


class CodeForm(forms.Form):
    """The code an app shows, or one from the paper."""

    code = forms.CharField(
        label=_("Code"),
        max_length=24,
        help_text=_("Six digits from your authenticator app, or one of your recovery codes."),
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "autofocus": True}),
    )


class FirstCodeForm(forms.Form):
    """The first code of an app that is being set up."""

    code = forms.CharField(
        label=_("Code the app shows"),
        max_length=12,
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "autofocus": True}
        ),
    )


class AgainForm(forms.Form):
    """The password once more, before what protects it is changed; wrong ones lock as at the log-in."""

    password = forms.CharField(
        label=_("Password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    code = forms.CharField(
        label=_("Code"),
        max_length=24,
        help_text=_("Six digits from your authenticator app, or one of your recovery codes."),
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code"}),
    )

    def __init__(self, *args: Any, request: HttpRequest, needs_code: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._request, self._user = request, cast(User, request.user)
        if not needs_code:
            del self.fields["code"]

    def clean_password(self) -> str:
        """Refuse a wrong password."""
        password = str(self.cleaned_data["password"])
        # By the door of the log-in, which counts: a session left open is no place to guess at.
        known = authenticate(self._request, username=self._user.get_username(), password=password)
        if known is None or known.pk != self._user.pk:
            password_refused(self._user.get_username())
            raise forms.ValidationError(_("The password is wrong."))
        return password
