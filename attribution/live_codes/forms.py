"""The one-page form of a live code."""

from typing import Any

import django_filters
from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from attribution.live_codes.models import LiveCode
from attribution.live_codes.services import LiveCodeWish, wish_of
from customers.tags.selectors import tags_all


class LiveCodeForm(forms.Form):
    """Two needed entries, name and members; everything else has a default."""

    name = forms.CharField(
        label=_("Name"),
        max_length=30,
        help_text=_("Also shown as the remark of the code in WeCom."),
    )
    members = forms.TypedMultipleChoiceField(label=_("Members"), coerce=int)
    backups = forms.TypedMultipleChoiceField(
        label=_("Backups"),
        coerce=int,
        required=False,
        help_text=_(
            "Receive customers only while none of the members above can: full, restricted, away."
        ),
    )
    tags = forms.MultipleChoiceField(
        label=_("Tags"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Every customer who comes through this code gets them."),
    )
    remark_suffix = forms.CharField(
        label=_("Remark suffix"),
        max_length=10,
        required=False,
        help_text=_(
            "Added to the guide's remark of the customer, for example the name of the campaign."
        ),
    )
    welcome_text = forms.CharField(
        label=_("Welcome text"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 5, "data-preview-source": ""}),
        help_text=_(
            "Empty: the store's welcome, else the default one. Variables: {nickname}, {guide}, {store}."
        ),
    )
    skip_verify = forms.BooleanField(
        label=_("Customers are added without the guide's confirmation"), required=False
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        tags = [(tag.tag_id, f"{tag.group.name} / {tag.name}") for tag in tags_all()]
        self.fields["tags"].choices = tags  # type: ignore[attr-defined]
        # Which members may be chosen is the service's question; here every number is a choice.
        for name in ("members", "backups"):
            self.fields[name].choices = [(pk, pk) for pk in self.chosen_ids(name)]  # type: ignore[attr-defined]

    def chosen_ids(self, name: str) -> list[int]:
        """The members ticked in the request under this field, else those of the code."""
        raw = self.data.getlist(name) if self.is_bound else self.initial.get(name, ())  # type: ignore[attr-defined]
        return [int(pk) for pk in raw if str(pk).isdecimal() and len(str(pk)) < 19]

    def wish(self) -> LiveCodeWish:
        """Return the valid form as what the service takes."""
        values = self.cleaned_data
        return LiveCodeWish(
            name=values["name"].strip(),
            member_ids=values["members"],
            tag_ids=values["tags"],
            remark_suffix=values["remark_suffix"].strip(),
            welcome_text=values["welcome_text"].replace("\r\n", "\n").strip(),
            skip_verify=values["skip_verify"],
            backup_ids=values["backups"],
        )


def initial_of(code: LiveCode) -> dict[str, Any]:
    """Return the form's first values for a stored code."""
    wish = wish_of(code)
    return {
        "name": wish.name,
        "members": list(wish.member_ids),
        "backups": list(wish.backup_ids),
        "tags": list(wish.tag_ids),
        "remark_suffix": wish.remark_suffix,
        "welcome_text": wish.welcome_text,
        "skip_verify": wish.skip_verify,
    }


class LiveCodeFilter(django_filters.FilterSet):  # type: ignore[misc]
    """Name, member and status, kept in the URL."""

    name = django_filters.CharFilter(lookup_expr="icontains", label=_("Name"))
    member = django_filters.CharFilter(method="by_member", label=_("Member's userid or name"))
    status = django_filters.ChoiceFilter(
        choices=LiveCode.Status.choices, label=_("Status"), empty_label=_("Any status")
    )

    class Meta:
        model = LiveCode
        fields: tuple[str, ...] = ()

    def by_member(self, queryset: QuerySet[LiveCode], _name: str, value: str) -> QuerySet[LiveCode]:
        """Keep the codes of a member."""
        by_userid = queryset.filter(choices__member__userid__iexact=value.strip())
        return (by_userid | queryset.filter(choices__member__name=value.strip())).distinct()
