"""The form of a hand-over."""

from typing import Any

import django_filters
from django import forms
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from customers.inheritance.models import HandoverItem, HandoverPlan, HandoverPolicy
from customers.inheritance.selectors import Successor

MESSAGE_HELP = _(
    "What WeCom tells the customer, at most 200 characters; the next page shows it. Blank: WeCom's own words."
)


class HandoverForm(forms.Form):
    """Who takes over, and what the customers read."""

    successors = forms.TypedMultipleChoiceField(
        label=_("Successors"),
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
        help_text=_(
            "Customers who follow one of them already stay with that one; the others go to whoever has fewest."
        ),
    )
    message = forms.CharField(
        label=_("Notice to the customer"),
        max_length=200,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=MESSAGE_HELP,
    )
    with_groups = forms.BooleanField(label=_("Hand her customer groups over too"), required=False)

    def __init__(
        self, *args: Any, found: list[Successor], groups: int, has_left: bool, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        if has_left:
            # WeCom takes no words of ours for the customers of a deleted account.
            del self.fields["message"]
        if groups:
            self.initial.setdefault("with_groups", True)
            self.fields["with_groups"].help_text = ngettext(
                "%(count)d group; the largest goes to whoever got fewest people.",
                "%(count)d groups; the largest go to whoever got fewest people.",
                groups,
            ) % {"count": groups}
        else:
            del self.fields["with_groups"]
        field = self.fields["successors"]
        field.choices = [(one.member.pk, _label(one)) for one in found]  # type: ignore[attr-defined]
        self.initial.setdefault(
            "successors",
            [one.member.pk for one in found if one.same_store] or field.choices[:1],  # type: ignore[attr-defined]
        )


def _label(one: Successor) -> str:
    words = gettext("%(name)s · %(store)s · %(count)d customers") % {
        "name": one.member.name or one.member.userid,
        "store": one.store.name if one.store else "—",
        "count": one.customers,
    }
    if one.room is None:
        return words
    return gettext("%(successor)s, room for %(count)d more") % {
        "successor": words,
        "count": one.room,
    }


class PolicyForm(forms.Form):
    """What happens by itself when the OA reports a leaver."""

    on_leave = forms.ChoiceField(
        label=_("When the OA reports a leaver"),
        choices=HandoverPolicy.OnLeave.choices,
        widget=forms.RadioSelect,
    )
    on_move = forms.ChoiceField(
        label=_("When a guide moves to another store"),
        choices=HandoverPolicy.OnMove.choices,
        widget=forms.RadioSelect,
        help_text=_("Holds for moves from now on. Customers she makes at the new store stay hers."),
    )
    neighbours = forms.BooleanField(
        label=_("Use the stores beside it when the store has no room"), required=False
    )
    message = forms.CharField(
        label=_("Notice to the customer"),
        max_length=200,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=MESSAGE_HELP,
    )
    grace_days = forms.IntegerField(
        label=_("Days until the account is deleted"),
        required=False,
        min_value=1,
        max_value=90,
        help_text=_(
            "Customers who refused or could not go over stay with the disabled account. WeCom hands them over only after the account is deleted. Blank: only a person deletes it."
        ),
    )


class ReleaseForm(forms.Form):
    """Why a leaver's account is deleted now."""

    reason = forms.CharField(label=_("Reason"), max_length=200)


class PlanFilter(django_filters.FilterSet):  # type: ignore[misc]
    """Narrow hand-overs by state."""

    state = django_filters.ChoiceFilter(
        label=_("State"), choices=HandoverPlan.State.choices, empty_label=_("Any state")
    )

    class Meta:
        model = HandoverPlan
        fields: tuple[str, ...] = ()


class ItemFilter(django_filters.FilterSet):  # type: ignore[misc]
    """Narrow the customers of a hand-over by state."""

    state = django_filters.ChoiceFilter(
        label=_("State"), choices=HandoverItem.State.choices, empty_label=_("Any state")
    )

    class Meta:
        model = HandoverItem
        fields: tuple[str, ...] = ()
