"""Filters of the list, and the form of a member's limit."""

from typing import Any

import django_filters
from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from contacts.directory.models import Member
from contacts.directory.selectors import members_search
from risk.capacity.models import Capacity

STANDS = (
    ("warned", _("near the limit")),
    ("70", _("at 70% or more")),
    ("85", _("at 85% or more")),
    ("95", _("at 95% or more")),
    ("full", _("off the live codes")),
    ("soon", _("full within 30 days")),
)


class CapacityFilter(django_filters.FilterSet):  # type: ignore[misc]
    """Account and usage, kept in the URL."""

    member = django_filters.CharFilter(method="by_member", label=_("Name, userid or job number"))
    usage = django_filters.ChoiceFilter(
        method="by_usage", choices=STANDS, label=_("Usage"), empty_label=_("Any usage")
    )

    class Meta:
        model = Capacity
        fields: tuple[str, ...] = ()

    def by_member(self, rows: QuerySet[Capacity], _name: str, value: str) -> QuerySet[Capacity]:
        """Keep the accounts that match."""
        return rows.filter(member__in=members_search(Member.objects.all(), value))

    def by_usage(self, rows: QuerySet[Capacity], _name: str, value: str) -> QuerySet[Capacity]:
        """Keep the accounts that stand there."""
        if value == "warned":
            return rows.filter(level__gt=0)
        if value == "full":
            return rows.filter(is_full=True)
        if value == "soon":
            return rows.filter(days_left__lte=30, is_full=False)
        return rows.filter(permille__gte=int(value) * 10)


class LimitForm(forms.Form):
    """What holds for one account instead of the settings; both empty: the settings hold again."""

    limit = forms.IntegerField(label=_("Limit of customers"), required=False)
    swap_percent = forms.IntegerField(
        label=_("Off the live codes at (percent)"),
        required=False,
        help_text=_("From this usage on, live codes leave the account out and take their backups."),
    )
    reason = forms.CharField(label=_("Reason"), max_length=200)

    def __init__(self, *args: Any, defaults: tuple[int, int], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        limit, swap = defaults
        self.fields["limit"].help_text = _("Empty: %(limit)d as in the settings.") % {
            "limit": limit
        }
        self.fields["swap_percent"].widget.attrs["placeholder"] = str(swap)
