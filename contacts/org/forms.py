"""Forms of the organisation's pages."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from contacts.directory.models import Member
from contacts.directory.selectors import member_by_userid, members_visible_to
from scrm.core.scope import Scope

SPREADSHEETS = ".xlsx,.csv"


class FileForm(forms.Form):
    """One XLSX or CSV file."""

    file = forms.FileField(
        label=gettext_lazy("File"),
        help_text=gettext_lazy("XLSX or CSV, at most 20 MB. The template shows the columns."),
        widget=forms.ClearableFileInput(attrs={"accept": SPREADSHEETS}),
    )


class BindForm(forms.Form):
    """Bind one account to the store of the page."""

    account = forms.CharField(label=gettext_lazy("Job number or userid"), max_length=64)
    position = forms.IntegerField(
        label=gettext_lazy("Place in the order"),
        min_value=1,
        max_value=99,
        required=False,
        help_text=gettext_lazy("Blank: the last place."),
    )
    move = forms.BooleanField(
        label=gettext_lazy("Move the account from another store"), required=False
    )

    def __init__(self, *args: Any, scope: Scope, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._scope = scope

    def clean_account(self) -> Member:
        """Return the member named by userid or job number, within the scope."""
        text = str(self.cleaned_data["account"]).strip()
        visible = members_visible_to(self._scope)
        member = member_by_userid(text)
        if member is None or not visible.filter(pk=member.pk).exists():
            member = visible.filter(employee__job_number__iexact=text).first()
        if member is None:
            raise forms.ValidationError(_("No account has this job number or userid."))
        return member


class NoteForm(forms.Form):
    """Why a file is sent back."""

    note = forms.CharField(
        label=gettext_lazy("Why"), max_length=500, widget=forms.Textarea(attrs={"rows": 3})
    )
