"""Forms of partner keys."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from scrm.accounts.api_scopes import API_SCOPES
from scrm.accounts.models import MOST_CALLS_A_MINUTE, PartnerKey

LIFETIMES = (
    ("90", _("90 days")),
    ("365", _("1 year")),
    ("730", _("2 years")),
    ("", _("until it is withdrawn")),
)


def end_of(days: str) -> datetime | None:
    """Return when a key ends that works for so many days; None for never."""
    return timezone.now() + timedelta(days=int(days)) if days else None


class KeyForm(forms.Form):
    """Whom a key is for, what it may do, how long."""

    name = forms.CharField(
        label=_("System"),
        max_length=64,
        help_text=_("The system that will call, for example the mall or the member system."),
    )
    scopes = forms.MultipleChoiceField(
        label=_("It may"),
        choices=[(code, words) for code, words in API_SCOPES.items()],
        widget=forms.CheckboxSelectMultiple,
        help_text=_(
            "Only what this system needs: whoever has the key can do all of it. "
            "A key that reads customers works once HQ operations has approved it."
        ),
    )
    lifetime = forms.ChoiceField(label=_("Works for"), choices=LIFETIMES, required=False)
    calls_per_minute = forms.IntegerField(
        label=_("Calls a minute"),
        min_value=1,
        max_value=MOST_CALLS_A_MINUTE,
        required=False,
        help_text=_("Empty: the limit of every key. A call takes up to 1,000 rows."),
    )
    reason = forms.CharField(
        label=_("Reason"),
        max_length=200,
        required=False,
        help_text=_("Needed for a key that reads customers: who approves it reads this."),
    )

    def __init__(self, *args: Any, like: PartnerKey | None = None, **kwargs: Any) -> None:
        kwargs["initial"] = {"lifetime": "365"} | (
            {}
            if like is None
            else {
                "name": like.name,
                "scopes": like.scopes,
                "calls_per_minute": like.calls_per_minute,
            }
        )
        super().__init__(*args, **kwargs)

    def expires_at(self) -> datetime | None:
        """Return when the key of this valid form ends; None for never."""
        return end_of(self.cleaned_data["lifetime"])


class TakeOverForm(forms.Form):
    """Until when a key works that somebody else made, and why it is still needed."""

    lifetime = forms.ChoiceField(
        label=_("Works for"), choices=LIFETIMES, required=False, initial="365"
    )
    reason = forms.CharField(
        label=_("Reason"),
        max_length=200,
        help_text=_("For the audit, for example: the mall still calls with it; asked Mr Wang."),
    )

    def expires_at(self) -> datetime | None:
        """Return when the key ends from now on; None for never."""
        return end_of(self.cleaned_data["lifetime"])


class WithdrawForm(forms.Form):
    """Why a key is withdrawn; the audit keeps it."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=200,
        help_text=_("For the audit, for example: leaked, replaced, contract ended."),
    )
