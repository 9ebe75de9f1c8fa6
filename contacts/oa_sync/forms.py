"""Forms of the OA synchronisation."""

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from contacts.oa_sync.services import PolicyValues, cleaned
from contacts.oa_sync.sources import SourceFile
from contacts.oa_sync.sources.files import headers_of
from scrm.core.exceptions import ValidationFailed

SPREADSHEETS = ".xlsx,.csv"


class UploadForm(forms.Form):
    """The two files of one reading."""

    departments = forms.FileField(
        label=_("Departments"),
        help_text=_("Code, name, parent code, kind, store code."),
        widget=forms.ClearableFileInput(attrs={"accept": SPREADSHEETS}),
    )
    employees = forms.FileField(
        label=_("Employees"),
        help_text=_(
            "Job number, name, sex, phone, post, department code, leader, employment state, effective date."
        ),
        widget=forms.ClearableFileInput(attrs={"accept": SPREADSHEETS}),
    )

    def clean_departments(self) -> "UploadedFile[bytes]":
        """Refuse what is no table, beside its own field."""
        return _readable(self.cleaned_data["departments"])

    def clean_employees(self) -> "UploadedFile[bytes]":
        """Refuse what is no table, beside its own field."""
        return _readable(self.cleaned_data["employees"])


def _readable(file: "UploadedFile[bytes]") -> "UploadedFile[bytes]":
    try:
        headers_of(SourceFile(file.name or "", file.read()))
    except ValidationFailed as error:
        raise forms.ValidationError(error.message) from None
    finally:
        file.seek(0)
    return file


class ApproveForm(forms.Form):
    """The reason for letting a held plan pass."""

    reason = forms.CharField(
        label=_("Why this is right"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("At least 10 characters; kept with your name in the audit."),
    )


class PolicyForm(forms.Form):
    """Who gets an account, and how accounts are written."""

    posts = forms.CharField(
        label=_("Posts that get an account"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=_("One a line, spelled as in the OA. Blank: every post."),
    )
    departments = forms.CharField(
        label=_("Departments that get accounts"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("One department code a line; what lies below counts too. Blank: every one."),
    )
    states = forms.MultipleChoiceField(
        label=_("Employment states that get an account"),
        required=False,
        choices=[
            ("active", _("Employed")),
            ("probation", _("On probation")),
            ("intern", _("Intern")),
        ],
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None ticked: all of them. Whoever has an account keeps it."),
    )
    invite = forms.BooleanField(
        label=_("Let WeCom send its invitation to new members"), required=False
    )
    batch_api = forms.BooleanField(
        label=_("Write many accounts at once by WeCom's import"),
        required=False,
        help_text=_(
            "For a first synchronisation of thousands: minutes instead of hours. What the import refuses is tried singly afterwards; it never deletes anybody."
        ),
    )

    def values(self) -> PolicyValues:
        """Return what was entered, once the form is valid."""
        entered = self.cleaned_data
        return PolicyValues(
            posts=cleaned(entered["posts"].splitlines()),
            departments=cleaned(entered["departments"].splitlines()),
            states=tuple(sorted(entered["states"])),
            invite=entered["invite"],
            batch_api=entered["batch_api"],
        )
