"""Forms of the organisation's pages."""

from dataclasses import asdict
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from contacts.directory.models import Member
from contacts.directory.selectors import members_called, members_visible_to
from contacts.org.change_models import StoreChange
from contacts.org.datums import Datum, Point
from contacts.org.models import Existing, OrgUnit
from contacts.org.selectors import org_units_visible_to
from contacts.org.services import PhoneBinding, Site, site_of, site_problems
from scrm.core.days import DayInput
from scrm.core.scope import Scope

SPREADSHEETS = ".xlsx,.csv"
DAY = DayInput()


class FileForm(forms.Form):
    """One XLSX or CSV file."""

    file = forms.FileField(
        label=gettext_lazy("File"),
        help_text=gettext_lazy("XLSX or CSV, at most 20 MB. The template shows the columns."),
        widget=forms.ClearableFileInput(attrs={"accept": SPREADSHEETS}),
    )


class UploadForm(FileForm):
    """A file, and what it does with what is there already."""

    existing = forms.ChoiceField(
        label=gettext_lazy("What exists already"),
        choices=Existing.choices,
        initial=Existing.UPDATE,
        widget=forms.RadioSelect,
    )


class SiteForm(forms.Form):
    """What customers need to know about a store."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=64)
    crm_store_id = forms.CharField(
        label=gettext_lazy("Store id in the CRM"),
        max_length=64,
        required=False,
        help_text=gettext_lazy("Only where the CRM does not use our store code."),
    )
    street_address = forms.CharField(
        label=gettext_lazy("Store address"), max_length=200, required=False
    )
    latitude = forms.DecimalField(
        label=gettext_lazy("Latitude"),
        min_value=-90,
        max_value=90,
        max_digits=9,
        decimal_places=6,
        required=False,
    )
    longitude = forms.DecimalField(
        label=gettext_lazy("Longitude"),
        min_value=-180,
        max_value=180,
        max_digits=9,
        decimal_places=6,
        required=False,
    )
    datum = forms.ChoiceField(
        label=gettext_lazy("Datum"),
        choices=[("", "—"), *Datum.choices],
        required=False,
        help_text=gettext_lazy(
            "Where the numbers come from. The same numbers in another datum lie up to 700 m away."
        ),
    )
    hours = forms.CharField(
        label=gettext_lazy("Opening hours"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("1 is Monday: 1-5 10:00-21:00; 6-7 10:00-22:00"),
    )
    shut_from = forms.DateField(
        label=gettext_lazy("Temporarily closed from"), required=False, widget=DAY
    )
    shut_until = forms.DateField(
        label=gettext_lazy("Temporarily closed until"),
        required=False,
        widget=DAY,
        help_text=gettext_lazy("Both days included. Blank: until further notice."),
    )
    shut_reason = forms.CharField(
        label=gettext_lazy("Why temporarily closed"), max_length=100, required=False
    )

    def __init__(self, *args: Any, unit: OrgUnit, **kwargs: Any) -> None:
        kwargs.setdefault("initial", asdict(site_of(unit)))
        super().__init__(*args, **kwargs)
        self._unit = unit
        if unit.department_id is not None:
            self.fields["name"].disabled = True
            self.fields["name"].help_text = _("The OA names this unit.")

    def clean(self) -> dict[str, Any]:
        """Mark every field that is wrong at once; one that could not be read at all says so itself."""
        values: dict[str, Any] = super().clean() or {}
        # What could not be read is judged by itself; beside it stands what is known.
        known = {name: values.get(name, value) for name, value in asdict(site_of(self._unit)).items()}  # fmt: skip
        for problem in site_problems(self._unit, Site(**known)):
            if problem.field not in self.errors:
                self.add_error(problem.field, problem.words)
        return values

    def site(self) -> Site:
        """Return the valid form as what the service takes."""
        return Site(**self.cleaned_data)


class ChangeForm(forms.Form):
    """What shall become of a store, and when."""

    kind = forms.ChoiceField(
        label=gettext_lazy("What happens"),
        choices=StoreChange.Kind.choices,
        widget=forms.RadioSelect,
        initial=StoreChange.Kind.CLOSE,
    )
    target = forms.CharField(
        label=gettext_lazy("Code of the store or unit"),
        max_length=64,
        required=False,
        help_text=gettext_lazy(
            "Merging: the store that takes over. Moving: the new region, branch or dealer."
        ),
    )
    effective_on = forms.DateField(label=gettext_lazy("On which day"), widget=DAY)
    reason = forms.CharField(label=gettext_lazy("Why"), max_length=200)

    def __init__(self, *args: Any, scope: Scope, store: OrgUnit, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._scope = scope
        self.fields["effective_on"].initial = timezone.localdate()
        is_closed = store.status == OrgUnit.Status.CLOSED
        kind = self.fields["kind"]
        if isinstance(kind, forms.ChoiceField):
            kind.choices = [
                choice
                for choice in StoreChange.Kind.choices
                if (choice[0] == StoreChange.Kind.OPEN) == is_closed
            ]
        if is_closed:
            kind.initial = StoreChange.Kind.OPEN
            del self.fields["target"]

    def clean(self) -> dict[str, Any]:
        """Find the unit the change names."""
        values: dict[str, Any] = super().clean() or {}
        code, kind = values.get("target", "").strip(), values.get("kind")
        values["target"] = None
        if kind in StoreChange.WITH_TARGET:
            units = org_units_visible_to(self._scope).filter(code=code)
            values["target"] = units.first() if code else None
            if values["target"] is None:
                self.add_error("target", _("No unit has this code."))
        return values


class PhoneForm(forms.Form):
    """One binding, as a phone sends it."""

    store_code = forms.CharField(label=gettext_lazy("Store code"), max_length=64)
    account = forms.CharField(label=gettext_lazy("Job number or userid"), max_length=64)
    position = forms.CharField(
        label=gettext_lazy("Place in the order"),
        max_length=2,
        required=False,
        help_text=gettext_lazy("Blank: the last place."),
    )
    latitude = forms.FloatField(required=False, min_value=-90, max_value=90)
    longitude = forms.FloatField(required=False, min_value=-180, max_value=180)
    datum = forms.ChoiceField(required=False, choices=[("", ""), *Datum.choices])
    accuracy = forms.FloatField(required=False, min_value=0, max_value=100_000)

    def binding(self) -> PhoneBinding:
        """Return the valid form as what the service takes; a place without its datum is none."""
        values = self.cleaned_data
        place = None
        if values["datum"] and None not in (values["latitude"], values["longitude"]):
            place = Point(values["latitude"], values["longitude"], values["datum"])
        accuracy = None if values["accuracy"] is None else round(values["accuracy"])
        return PhoneBinding(
            values["store_code"], values["account"], values["position"], place, accuracy
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
        found, ambiguous = members_called(members_visible_to(self._scope), [text])
        if ambiguous:
            raise forms.ValidationError(
                _("This is the userid of one account and the job number of another. Give the other one of the two.")
            )  # fmt: skip
        if text.lower() not in found:
            raise forms.ValidationError(_("No account has this job number or userid."))
        return found[text.lower()]


class NoteForm(forms.Form):
    """Why a file is sent back."""

    note = forms.CharField(
        label=gettext_lazy("Why"), max_length=500, widget=forms.Textarea(attrs={"rows": 3})
    )
