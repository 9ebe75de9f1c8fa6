"""Filters and forms of the group pages."""

from typing import Any

import django_filters
from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from customers.groups.models import CustomerGroup, GroupMember, GroupTag, GroupWelcome
from customers.groups.selectors import tags_all, welcomes_all

TEXT_MOST = 60
_LINK_NEEDS = _("A link needs a title and an address.")
_CARD_NEEDS = _("A mini program needs a title, its id and a page.")
NEEDED = {
    GroupWelcome.Kind.LINK.value: {"link_title": _LINK_NEEDS, "link_url": _LINK_NEEDS},
    GroupWelcome.Kind.MINIPROGRAM.value: {
        "link_title": _CARD_NEEDS,
        "appid": _CARD_NEEDS,
        "page": _CARD_NEEDS,
    },
}


class GroupFilter(django_filters.FilterSet):  # type: ignore[misc]
    """Narrow groups by name or owner, state and tag."""

    q = django_filters.CharFilter(label=_("Group or owner"), method="search", max_length=TEXT_MOST)
    state = django_filters.ChoiceFilter(
        label=_("State"),
        choices=[
            ("living", _("living")),
            ("owner_left", _("owner left")),
            ("problem", _("not read")),
            ("dismissed", _("dismissed")),
        ],
        empty_label=_("Any state"),
        method="by_state",
    )
    tag = django_filters.ModelChoiceFilter(
        label=_("Tag"), queryset=GroupTag.objects.all(), field_name="tags", empty_label=_("Any tag")
    )

    class Meta:
        model = CustomerGroup
        fields: tuple[str, ...] = ()

    def search(
        self, rows: QuerySet[CustomerGroup], _name: str, text: str
    ) -> QuerySet[CustomerGroup]:
        """Find by parts of the group's or owner's name, or the owner's whole userid."""
        return rows.filter(
            Q(name__icontains=text) | Q(owner__name__icontains=text) | Q(owner_userid__iexact=text)
        )

    def by_state(
        self, rows: QuerySet[CustomerGroup], _name: str, state: str
    ) -> QuerySet[CustomerGroup]:
        """Keep those in a state."""
        if state == "dismissed":
            return rows.exclude(dismissed_at=None)
        rows = rows.filter(dismissed_at=None)
        if state == "owner_left":
            return rows.filter(status=CustomerGroup.Status.OWNER_LEFT)
        return rows.exclude(problem="") if state == "problem" else rows


class StayFilter(django_filters.FilterSet):  # type: ignore[misc]
    """Narrow who is in a group by kind, way in, and whether they left."""

    kind = django_filters.ChoiceFilter(
        label=_("Kind"), choices=GroupMember.Kind.choices, empty_label=_("Everybody")
    )
    join_scene = django_filters.ChoiceFilter(
        label=_("How they joined"),
        choices=GroupMember.Scene.choices,
        empty_label=_("Joined in any way"),
    )
    here = django_filters.ChoiceFilter(
        label=_("Presence"),
        choices=[("here", _("in the group")), ("left", _("left the group"))],
        empty_label=_("In the group or not"),
        method="by_presence",
    )

    class Meta:
        model = GroupMember
        fields: tuple[str, ...] = ()

    def by_presence(self, rows: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        """Keep who is in the group, or who left."""
        return rows.filter(left_at__isnull=value == "here")


class TagsForm(forms.Form):
    """All tags of one group, separated by commas."""

    tags = forms.CharField(
        label=_("Tags of this group"),
        max_length=400,
        required=False,
        help_text=_("Ours only, separated by commas; WeCom has no tags on groups."),
    )

    def names(self) -> list[str]:
        """Return the tags that were typed, full-width commas too."""
        return str(self.cleaned_data["tags"]).replace("\uff0c", ",").split(",")


class WelcomeNoteForm(forms.Form):
    """Which template the owner put on the group."""

    welcome = forms.ModelChoiceField(
        label=_("Welcome template on this group"),
        queryset=GroupWelcome.objects.none(),
        required=False,
        empty_label=_("none, or not known"),
        widget=forms.Select(attrs={"class": "form-select"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["welcome"].queryset = welcomes_all().order_by("title")  # type: ignore[attr-defined]


class WelcomeForm(forms.Form):
    """What a template says."""

    title = forms.CharField(label=_("Name here"), max_length=60)
    text = forms.CharField(
        label=_("Text"),
        max_length=1300,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_(
            "Shown in the group when somebody comes in. WeCom puts the new customer's name before it."
        ),
    )
    kind = forms.ChoiceField(
        label=_("Attachment"),
        choices=GroupWelcome.Kind.choices,
        required=False,
        help_text=_("WeCom sends one beside the text."),
        widget=forms.Select(attrs={"data-kinds": ""}),
    )
    link_title = forms.CharField(
        label=_("Title of the link or card"),
        max_length=60,
        required=False,
        widget=forms.TextInput(attrs={"data-of": "link miniprogram"}),
    )
    link_text = forms.CharField(
        label=_("Words below the title"),
        max_length=120,
        required=False,
        widget=forms.TextInput(attrs={"data-of": "link"}),
    )
    link_url = forms.URLField(
        label=_("Link"),
        max_length=1024,
        required=False,
        assume_scheme="https",
        widget=forms.URLInput(attrs={"data-of": "link"}),
    )
    appid = forms.RegexField(
        label=_("Mini program's id"),
        regex=r"^wx[0-9a-z]{16}$",
        required=False,
        help_text=_("wx and 16 characters."),
        widget=forms.TextInput(attrs={"data-of": "miniprogram"}),
    )
    page = forms.RegexField(
        label=_("Page"),
        regex=r"^/?[\w./-]+\.html([?][^\s]*)?$",
        max_length=512,
        required=False,
        help_text=_("Ends with .html, as WeCom wants it, for example pages/goods/index.html?id=3."),
        widget=forms.TextInput(attrs={"data-of": "miniprogram"}),
    )
    file = forms.FileField(
        label=_("File"),
        required=False,
        help_text=_(
            "Picture: PNG, JPEG or WebP of at most 5 MB. Video: MP4 of at most 10 MB. Document: at most 20 MB. The card of a mini program shows a picture, best 5:4."
        ),
        widget=forms.FileInput(attrs={"data-of": "image miniprogram video file"}),
    )
    told = forms.BooleanField(
        label=_("Let WeCom tell all members that there is a new template"),
        required=False,
        initial=True,
    )

    def clean(self) -> dict[str, Any]:
        """Ask for what the chosen attachment needs."""
        values = super().clean() or {}
        for name, words in NEEDED.get(values.get("kind", ""), {}).items():
            if not values.get(name) and name not in self.errors:
                self.add_error(name, words)
        return values


class SpanForm(forms.Form):
    """Of how many days the figures are shown."""

    days = forms.TypedChoiceField(
        coerce=int, choices=[(7, "7"), (14, "14"), (30, "30")], required=False
    )


def tag_names() -> list[str]:
    """Return the tags to offer while somebody types."""
    return list(tags_all().values_list("name", flat=True)[:200])
