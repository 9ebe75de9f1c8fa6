"""Forms of the roster: one person by console or phone, a file, decisions."""

from datetime import timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy

from contacts.org.datums import Datum, Point
from contacts.roster.rules import LONGEST
from contacts.roster.services import PersonSent
from scrm.core.days import DayInput

SPREADSHEETS = ".xlsx,.csv"


def day_input() -> DayInput:
    """Return a field for a day from today to the longest time on the roster."""
    today = timezone.localdate()
    return DayInput({"min": today.isoformat(), "max": (today + LONGEST).isoformat()})


class PersonForm(forms.Form):
    """One person who is not in the OA."""

    name = forms.CharField(label=gettext_lazy("Full name"), max_length=64)
    phone = forms.CharField(
        label=gettext_lazy("Phone"),
        max_length=32,
        help_text=gettext_lazy("WeCom invites the person by it."),
        widget=forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "off"}),
    )
    post = forms.CharField(label=gettext_lazy("Post"), max_length=128, required=False)
    store_code = forms.CharField(label=gettext_lazy("Store code"), max_length=64)
    sponsor = forms.CharField(
        label=gettext_lazy("Sponsor"),
        max_length=64,
        help_text=gettext_lazy(
            "Job number or userid of the member who answers for the person: of the store, its branch or headquarters."
        ),
    )
    expires_on = forms.DateField(
        label=gettext_lazy("Last day"),
        help_text=gettext_lazy("The account is disabled after it; at most a year."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["expires_on"].widget = day_input()

    def sent(self) -> PersonSent:
        """Return the valid form as what the service takes."""
        values = self.cleaned_data
        return PersonSent(
            name=values["name"],
            phone=values["phone"],
            post=values["post"],
            store_code=values["store_code"],
            sponsor=values["sponsor"],
            expires_on=values["expires_on"].isoformat(),
            userid=values.get("userid", ""),
        )


class ConsoleForm(PersonForm):
    """As at the desk: a userid may be wished for."""

    userid = forms.CharField(
        label=gettext_lazy("Userid wished for"),
        max_length=64,
        required=False,
        help_text=gettext_lazy("Blank follows our rule: x, the store code, a number."),
    )


class PhoneForm(PersonForm):
    """As a phone sends it: with the place, where the phone says it."""

    latitude = forms.FloatField(required=False, min_value=-90, max_value=90)
    longitude = forms.FloatField(required=False, min_value=-180, max_value=180)
    datum = forms.ChoiceField(required=False, choices=[("", ""), *Datum.choices])
    accuracy = forms.FloatField(required=False, min_value=0, max_value=100_000)

    def sent(self) -> PersonSent:
        """Return the valid form; a place without its datum is none."""
        values, typed = self.cleaned_data, super().sent()
        if not values["datum"] or None in (values["latitude"], values["longitude"]):
            return typed
        place = Point(values["latitude"], values["longitude"], values["datum"])
        accuracy = None if values["accuracy"] is None else round(values["accuracy"])
        return PersonSent(**{**vars(typed), "place": place, "accuracy": accuracy})


class UploadForm(forms.Form):
    """One XLSX or CSV file."""

    file = forms.FileField(
        label=gettext_lazy("File"),
        help_text=gettext_lazy("XLSX or CSV, at most 5,000 rows. The template shows the columns."),
        widget=forms.ClearableFileInput(attrs={"accept": SPREADSHEETS}),
    )


class RefuseForm(forms.Form):
    """Why somebody is refused."""

    note = forms.CharField(
        label=gettext_lazy("Why"), max_length=500, widget=forms.Textarea(attrs={"rows": 2})
    )


class EndForm(forms.Form):
    """Why somebody's time ends now."""

    reason = forms.CharField(label=gettext_lazy("Why it ends now"), max_length=200)


class RetryForm(forms.Form):
    """Another userid for an account WeCom refused."""

    userid = forms.CharField(
        label=gettext_lazy("Userid"),
        max_length=64,
        required=False,
        help_text=gettext_lazy("Another one, if this one is taken."),
    )


class ExtendForm(forms.Form):
    """A later last day, and why."""

    until = forms.DateField(label=gettext_lazy("New last day"))
    reason = forms.CharField(label=gettext_lazy("Why"), max_length=200)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["until"].widget = day_input()
        self.fields["until"].initial = timezone.localdate() + timedelta(days=180)
