"""Forms of entries: wording, the stores of a check, the range of figures."""

from datetime import date, timedelta
from typing import Any
from urllib.parse import urlsplit

import django_filters
from django import forms
from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from attribution.entries.figures import MOST_DAYS
from attribution.entries.models import Entry, Hook
from attribution.entries.places import place_choices
from attribution.entries.selectors import STORE_STATES, stores_in_state
from attribution.entries.services import EntryWording, wording_of
from contacts.org.models import OrgUnit
from scrm.core.days import days_check

SCHEMES = frozenset({"https", "weixin"})
RANGES = (1, 7, 30, 90)


class WordingForm(forms.Form):
    """What customers read."""

    name = forms.CharField(label=_("Name"), max_length=40, help_text=_("Only colleagues see it."))
    title = forms.CharField(
        label=_("Title"), max_length=30, widget=forms.TextInput(attrs={"data-preview": "title"})
    )
    text = forms.CharField(
        label=_("Text below the title"),
        max_length=120,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "data-preview": "text"}),
    )
    button = forms.CharField(
        label=_("Button"), max_length=12, widget=forms.TextInput(attrs={"data-preview": "button"})
    )
    mini_program_url = forms.CharField(
        label=_("Address of the mini program"),
        max_length=300,
        required=False,
        help_text=_(
            "Empty: the button opens WeCom's link. weixin:// or https://; {token} in it names entry and store."
        ),
    )

    def clean_mini_program_url(self) -> str:
        """Take addresses a phone may be sent to, nothing that runs in our page."""
        address = str(self.cleaned_data["mini_program_url"]).strip()
        if not address:
            return ""
        parts = urlsplit(address)
        local = settings.DEMO_MODE and parts.scheme == "http" and parts.hostname == "127.0.0.1"
        if not (local or (parts.scheme in SCHEMES and parts.netloc)):
            raise forms.ValidationError(
                gettext("The address must begin with weixin:// or https://.")
            )
        return address

    def wording(self) -> EntryWording:
        """Return the valid form as what the service takes."""
        values = self.cleaned_data
        return EntryWording(
            name=values["name"].strip(),
            title=values["title"].strip(),
            text=" ".join(values["text"].split()),
            button=values["button"].strip(),
            mini_program_url=values["mini_program_url"],
        )


class EntryForm(WordingForm):
    """A new entry: where, with which hook, in which words."""

    field_order = ("name", "code", "place", "hook")

    code = forms.SlugField(
        label=_("Entry code"),
        max_length=32,
        help_text=_("The mall asks by it; letters, digits and hyphens. It never changes."),
    )
    place = forms.ChoiceField(label=_("Place of the entry"))
    hook = forms.ChoiceField(
        label=_("Hook"),
        choices=Hook.choices,
        help_text=_("What draws the customer; figures are compared by it."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["place"].choices = place_choices()  # type: ignore[attr-defined]


def initial_of(entry: Entry) -> dict[str, str]:
    """Return the form's first values for a stored entry."""
    wording = wording_of(entry)
    return {name: getattr(wording, name) for name in WordingForm.base_fields}


class StoresForm(forms.Form):
    """The ticked stores, and what is to become of them."""

    SHOW, HIDE, SHOW_READY = "show", "hide", "show_ready"

    act = forms.ChoiceField(choices=[(SHOW, SHOW), (HIDE, HIDE), (SHOW_READY, SHOW_READY)])
    stores = forms.TypedMultipleChoiceField(coerce=int, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Which stores may be chosen is the service's question; here every number is a choice.
        sent = self.data.getlist("stores") if self.is_bound else []  # type: ignore[attr-defined]
        ids = [int(pk) for pk in sent if pk.isdecimal() and len(pk) < 19]
        self.fields["stores"].choices = [(pk, pk) for pk in ids]  # type: ignore[attr-defined]


class RangeForm(forms.Form):
    """First and last day, both included, and perhaps one entry."""

    first = forms.DateField(label=_("From"), required=False)
    last = forms.DateField(label=_("To"), required=False)
    entry = forms.ModelChoiceField(
        label=_("Entry"),
        queryset=Entry.objects.none(),
        required=False,
        empty_label=_("All entries"),
    )

    def __init__(self, data: Any, *, entries: QuerySet[Entry]) -> None:
        super().__init__(data)
        self.fields["entry"].queryset = entries  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Refuse days no figures can be read for."""
        cleaned: dict[str, Any] = super().clean() or {}
        days_check(self, "first", "last")
        return cleaned

    def days(self) -> tuple[date, date]:
        """Return the days asked for; the last 30 by default and where they are refused, at most 92, never beyond today."""
        today = timezone.localdate()
        values = self.cleaned_data if self.is_valid() else {}
        last = min(values.get("last") or today, today)
        first = values.get("first") or last - timedelta(days=29)
        return max(min(first, last), last - timedelta(days=MOST_DAYS - 1)), last


class EntryFilter(django_filters.FilterSet):  # type: ignore[misc]
    """Name, hook and status, kept in the URL."""

    name = django_filters.CharFilter(lookup_expr="icontains", label=_("Name"))
    hook = django_filters.ChoiceFilter(
        choices=Hook.choices, label=_("Hook"), empty_label=_("Any hook")
    )
    status = django_filters.ChoiceFilter(
        choices=Entry.Status.choices, label=_("Status"), empty_label=_("Any status")
    )

    class Meta:
        model = Entry
        fields: tuple[str, ...] = ()


class StoreFilter(django_filters.FilterSet):  # type: ignore[misc]
    """Store, and whether it shows the entry, has accounts, or lacks something."""

    q = django_filters.CharFilter(method="by_text", label=_("Store's name or code"))
    state = django_filters.ChoiceFilter(
        method="by_state",
        label=_("State"),
        empty_label=_("Any state"),
        choices=list(STORE_STATES.items()),
    )

    class Meta:
        model = OrgUnit
        fields: tuple[str, ...] = ()

    def by_text(self, queryset: QuerySet[OrgUnit], _name: str, value: str) -> QuerySet[OrgUnit]:
        """Keep stores whose name or code holds the text."""
        return queryset.filter(Q(name__icontains=value.strip()) | Q(code__icontains=value.strip()))

    def by_state(self, queryset: QuerySet[OrgUnit], _name: str, value: str) -> QuerySet[OrgUnit]:
        """Keep stores in this state."""
        return stores_in_state(queryset, value)
