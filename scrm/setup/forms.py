"""Forms of the set-up: secrets are written, never shown again; what the environment sets cannot be changed."""

import re
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from scrm.core import credentials
from scrm.core.exceptions import ValidationFailed
from scrm.setup import pictures
from scrm.setup.checks import CORP_ID
from scrm.setup.selectors import LABELS, PLAIN

FILE_NAME = re.compile(r"WW_verify_[A-Za-z0-9]{1,64}\.txt")
FILE_CONTENT = re.compile(r"[A-Za-z0-9_-]{1,256}")
FILE_BYTES = 1024
SECRET = RegexValidator(
    r"\A[A-Za-z0-9_-]{16,128}\Z", _("A Secret is 16 to 128 letters, digits, - and _.")
)


class CredentialForm(forms.Form):
    """Values of one step by their names; an empty field keeps what is stored."""

    def __init__(self, *args: Any, names: tuple[str, ...], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in names:
            if credentials.in_environment(name):
                continue
            self.fields[name.replace(".", "-")] = _field(name)

    def values(self) -> dict[str, str]:
        """Return what was entered, by credential name."""
        return {
            name.replace("-", "."): str(value)
            for name, value in self.cleaned_data.items()
            if value not in (None, "")
        }


def _field(name: str) -> forms.Field:
    stored = bool(credentials.value_of(name))
    if name == credentials.CORP_ID:
        shape = RegexValidator(rf"\A{CORP_ID.pattern}\Z", _("A corp id begins with ww."))
        return forms.CharField(
            label=str(LABELS[name]),
            max_length=64,
            validators=[shape],
            initial=credentials.corp_id(),
        )
    if name in PLAIN:
        return forms.IntegerField(
            label=str(LABELS[name]),
            min_value=1,
            max_value=2**31 - 1,
            initial=credentials.value_of(name) or None,
            localize=False,
            widget=forms.TextInput(attrs={"inputmode": "numeric"}),
        )
    return forms.CharField(
        label=str(LABELS[name]),
        max_length=128,
        required=not stored,
        validators=[SECRET],
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text=_("Leave empty to keep the stored value.") if stored else "",
    )


class KeysForm(forms.Form):
    """A callback key pair that WeCom's page made."""

    token = forms.RegexField(
        r"\A[A-Za-z0-9]{3,32}\Z",
        label=_("Token"),
        error_messages={"invalid": _("A Token is 3 to 32 letters and digits.")},
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )
    aes_key = forms.RegexField(
        r"\A[A-Za-z0-9]{43}\Z",
        label=_("EncodingAESKey"),
        error_messages={"invalid": _("An EncodingAESKey is exactly 43 letters and digits.")},
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )


class VerifyFileForm(forms.Form):
    """WeCom's file as it was downloaded."""

    file = forms.FileField(
        label=_("Verification file"),
        max_length=80,
        widget=forms.FileInput(attrs={"accept": ".txt"}),
        help_text=_("WW_verify_….txt, unchanged."),
    )

    def clean_file(self) -> tuple[str, str]:
        """Return name and content; refuse every other file."""
        file: UploadedFile[bytes] = self.cleaned_data["file"]
        name = file.name or ""
        if not FILE_NAME.fullmatch(name):
            raise forms.ValidationError(
                _("The name must be as WeCom gave it: WW_verify_, letters and digits, .txt.")
            )
        if (file.size or 0) > FILE_BYTES:
            raise forms.ValidationError(_("WeCom's file holds one short line; this one is larger."))
        content = file.read(FILE_BYTES).decode("ascii", "replace").strip()
        if not FILE_CONTENT.fullmatch(content):
            raise forms.ValidationError(
                _("WeCom's file holds one line of letters and digits. Download it again.")
            )
        return name, content


class PictureForm(forms.Form):
    """A picture of the company's own WeCom page."""

    picture = forms.FileField(
        label=_("Screenshot"),
        max_length=200,
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg,image/webp"}),
        help_text=_("PNG, JPEG or WebP, 5 MB at most. Cover the Secret before you upload it."),
    )
    caption = forms.CharField(
        label=_("What the picture shows"),
        max_length=120,
        help_text=_("Read out to those who cannot see the picture."),
    )

    def clean_picture(self) -> pictures.Drawn:
        """Return the picture as it is stored; refuse what is none."""
        file: UploadedFile[bytes] = self.cleaned_data["picture"]
        try:
            return pictures.drawn(file.read(pictures.MOST_BYTES + 1))
        except ValidationFailed as error:
            raise forms.ValidationError(error.message) from None
