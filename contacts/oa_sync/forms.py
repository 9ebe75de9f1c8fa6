"""Forms of the OA synchronisation."""

from django import forms
from django.utils.translation import gettext_lazy as _

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


class ApproveForm(forms.Form):
    """The reason for letting a held plan pass."""

    reason = forms.CharField(
        label=_("Why this is right"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("At least 10 characters; kept with your name in the audit."),
    )


class PolicyForm(forms.Form):
    """Which posts get an account."""

    posts = forms.CharField(
        label=_("Posts that get an account"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=_("One a line, spelled as in the OA. Blank: every post."),
    )
    invite = forms.BooleanField(
        label=_("Let WeCom send its invitation to new members"), required=False
    )
