"""The form of a campaign."""

import re
from typing import Any

import django_filters
from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from customers.checkin.models import CheckinCampaign
from customers.groups.models import CustomerGroup
from scrm.core.days import DayInput

BONUS = re.compile(r"\s*(\d{1,3})\s*[:\uff1a=]\s*(\d{1,6})\s*")
MOST_POINTS = 10_000


class CampaignFilter(django_filters.FilterSet):  # type: ignore[misc]
    """Narrow campaigns by state."""

    state = django_filters.ChoiceFilter(
        label=_("State"), choices=CheckinCampaign.State.choices, empty_label=_("Any state")
    )


class CampaignForm(forms.Form):
    """Days, points, bonuses and groups of a campaign."""

    name = forms.CharField(label=_("Name"), max_length=60)
    words = forms.CharField(
        label=_("Words on the page"),
        max_length=200,
        required=False,
        help_text=_("Customers read this below the name."),
    )
    starts_on = forms.DateField(label=_("First day"), widget=DayInput())
    ends_on = forms.DateField(label=_("Last day"), widget=DayInput())
    points = forms.IntegerField(label=_("Points a day"), min_value=1, max_value=MOST_POINTS)
    bonuses = forms.CharField(
        label=_("Extra points for days in a row"),
        max_length=200,
        required=False,
        help_text=_(
            "Days and points, for example 3:5, 7:20. Given on the day the row is that long; again when it was broken and is that long once more."
        ),
    )
    groups = forms.ModelMultipleChoiceField(
        label=_("Groups"),
        queryset=CustomerGroup.objects.none(),
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, groups: QuerySet[CustomerGroup], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["groups"]
        field.queryset = groups  # type: ignore[attr-defined]
        field.label_from_instance = _label  # type: ignore[attr-defined]

    def clean_bonuses(self) -> list[tuple[int, int]]:
        """Return (days, points) in order; each length once, from two days on."""
        typed = str(self.cleaned_data["bonuses"]).replace("\uff0c", ",")
        found: dict[int, int] = {}
        for part in filter(str.strip, typed.split(",")):
            match = BONUS.fullmatch(part)
            if match is None:
                raise forms.ValidationError(_("Write days:points, for example 3:5, 7:20."))
            days, points = int(match[1]), int(match[2])
            if days < 2 or not 0 < points <= MOST_POINTS or days in found:
                raise forms.ValidationError(
                    _("Each length once, from 2 days on, with at most 10,000 points.")
                )
            found[days] = points
        return sorted(found.items())

    def clean(self) -> dict[str, Any]:
        """Refuse days in the wrong order."""
        values = super().clean() or {}
        first, last = values.get("starts_on"), values.get("ends_on")
        if first and last and last < first:
            self.add_error("ends_on", _("The last day lies before the first one."))
        return values


def _label(group: CustomerGroup) -> str:
    owner = group.owner.name if group.owner else group.owner_userid
    return f"{group.name or group.chat_id} · {owner} · {group.customers_count}"


def bonuses_text(campaign: CheckinCampaign) -> str:
    """Return a campaign's bonuses as the form takes them."""
    return ", ".join(f"{bonus.days}:{bonus.points}" for bonus in campaign.bonuses.all())
