"""Filters and forms of the points pages."""

from typing import Any

import django_filters
from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from customers.points.models import PointsTransaction, Redemption, Reward
from customers.points.services import plain_code

MOST = 1_000_000


class AccountFilter(django_filters.FilterSet):  # type: ignore[misc]
    """Find an account by nickname or by WeCom's id."""

    q = django_filters.CharFilter(label=_("Nickname"), field_name="name", lookup_expr="icontains")
    external_userid = django_filters.CharFilter(
        label=_("External userid"), field_name="external_userid", lookup_expr="exact"
    )


class EntryFilter(django_filters.FilterSet):  # type: ignore[misc]
    """Narrow movements by kind."""

    kind = django_filters.ChoiceFilter(
        label=_("Kind"),
        field_name="transaction__kind",
        choices=PointsTransaction.Kind.choices,
        empty_label=_("Any kind"),
    )


class RedemptionFilter(django_filters.FilterSet):  # type: ignore[misc]
    """Narrow redemptions by state or code."""

    state = django_filters.ChoiceFilter(
        label=_("State"), choices=Redemption.State.choices, empty_label=_("Any state")
    )
    code = django_filters.CharFilter(label=_("Pickup code"), method="by_code")

    def by_code(self, rows: QuerySet[Any], _name: str, code: str) -> QuerySet[Any]:
        """Find one by its code, however it was typed."""
        return rows.filter(code=plain_code(code))


class RewardForm(forms.ModelForm):  # type: ignore[type-arg]
    """What points are redeemed for."""

    class Meta:
        model = Reward
        fields = (
            "name", "kind", "reference", "words", "cost", "stock", "per_customer", "pickup_days", "is_open",
        )  # fmt: skip
        help_texts = {
            "reference": _(
                "SKU of the goods, or the coupon's number in the CRM; for the guide who hands it out."
            ),
            "words": _("Customers read this: where and how to get it."),
            "stock": _("Pieces in all, those already promised included."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("cost", "stock"):
            self.fields[name].widget.attrs.update(max=MOST)

    def clean_cost(self) -> int:
        """Refuse a price nobody can pay."""
        return self._within("cost", 1)

    def clean_stock(self) -> int:
        """Refuse a stock that is none."""
        return self._within("stock", 0)

    def clean_per_customer(self) -> int:
        """Ask for one at least."""
        return self._within("per_customer", 1)

    def clean_pickup_days(self) -> int:
        """Ask for a day at least."""
        return self._within("pickup_days", 1, 365)

    def _within(self, name: str, least: int, most: int = MOST) -> int:
        value = int(self.cleaned_data[name])
        if not least <= value <= most:
            raise forms.ValidationError(
                _("Between %(least)d and %(most)d.") % {"least": least, "most": most}
            )
        return value


class AdjustForm(forms.Form):
    """Points to give or take, and why."""

    points = forms.IntegerField(
        label=_("Points"), help_text=_("Below zero takes points away. A second person decides.")
    )
    reason = forms.CharField(label=_("Reason"), max_length=200)


class ReasonForm(forms.Form):
    """Why something is cancelled."""

    reason = forms.CharField(label=_("Reason"), max_length=200)


class RuleForm(forms.Form):
    """How long points last."""

    days = forms.IntegerField(
        label=_("Days points last"),
        min_value=0,
        max_value=3650,
        help_text=_("0: for ever."),
        widget=forms.NumberInput(attrs={"class": "form-control"}),
    )


class CodeForm(forms.Form):
    """A code a customer shows."""

    code = forms.CharField(label=_("Pickup code"), max_length=24)

    def clean_code(self) -> str:
        """Return it as it is kept."""
        return plain_code(str(self.cleaned_data["code"]))
