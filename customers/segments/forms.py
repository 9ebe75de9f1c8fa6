"""Forms of segments, rules and audiences."""

from datetime import datetime, time
from typing import Any

import django_filters
from django import forms
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts.org.selectors import stores_visible_to
from customers.crm.models import CrmMember
from customers.segments.models import Segment, TagRule
from customers.segments.selectors import segments_editable_by
from customers.tags.selectors import local_tags, tags_all
from scrm.core.days import DayInput
from scrm.core.scope import Scope

MOST_FILE_MB = 20


class SegmentForm(forms.Form):
    """What a segment is called; its condition comes from the builder."""

    name = forms.CharField(label=_("Name"), max_length=60)
    is_shared = forms.BooleanField(
        label=_("Shared with branches: each sees its own customers of it"), required=False
    )

    def __init__(self, *args: Any, scope: Scope, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not scope.everything:
            del self.fields["is_shared"]


class RuleForm(forms.Form):
    """What a rule is called, which tags it puts, and how it behaves."""

    name = forms.CharField(label=_("Name"), max_length=60)
    tag_ids = forms.MultipleChoiceField(
        label=_("WeCom tags"),
        required=False,
        widget=forms.SelectMultiple(attrs={"size": 6}),
        help_text=_("On every living relation of the customer with a guide."),
    )
    local_tag_ids = forms.TypedMultipleChoiceField(
        label=_("Local tags"),
        required=False,
        coerce=int,
        widget=forms.SelectMultiple(attrs={"size": 4}),
        help_text=_("On the customer, here only."),
    )
    takes_off = forms.BooleanField(
        label=_("Take the tags off when the condition no longer holds (only those the rule put)"),
        required=False,
    )
    puts_back = forms.BooleanField(
        label=_("Put tags back although a person took them off"), required=False
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["tag_ids"].choices = [  # type: ignore[attr-defined]
            (tag.tag_id, f"{tag.group.name} · {tag.name}") for tag in tags_all()
        ]
        self.fields["local_tag_ids"].choices = [  # type: ignore[attr-defined]
            (tag.pk, tag.name) for tag in local_tags()
        ]


class AudienceForm(forms.Form):
    """A file of an audience: a new one, or more persons for one that is there."""

    into = forms.ModelChoiceField(
        label=_("Into"),
        queryset=Segment.objects.none(),
        required=False,
        empty_label=_("a new audience"),
        help_text=_(
            "Send those not found again once they are customers: they are added to the audience there is."
        ),
    )
    name = forms.CharField(
        label=_("Name"), max_length=60, required=False, help_text=_("For a new audience.")
    )
    file = forms.FileField(
        label=_("File"),
        help_text=_(
            "XLSX or CSV with a header row, at most 20 MB; a row names a person by member number, phone, unionid or external userid."
        ),
        widget=forms.ClearableFileInput(attrs={"accept": ".xlsx,.csv"}),
    )
    expires_on = forms.DateField(
        label=_("Last day"),
        required=False,
        widget=DayInput(),
        help_text=_("After it the segment holds nobody any more; empty: no end."),
    )
    is_shared = forms.BooleanField(
        label=_("Shared with branches: each sees its own customers of it"), required=False
    )

    def __init__(self, *args: Any, scope: Scope, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        mine = segments_editable_by(scope).filter(kind=Segment.Kind.AUDIENCE)
        self.fields["into"].queryset = mine.order_by("name", "pk")  # type: ignore[attr-defined]
        if not scope.everything:
            del self.fields["is_shared"]

    def clean_name(self) -> str:
        """Ask a new audience for its name."""
        name = str(self.cleaned_data["name"]).strip()
        if not name and not self.cleaned_data.get("into"):
            raise forms.ValidationError(_("Give the new audience a name."))
        return name

    def clean_file(self) -> Any:
        """Refuse what is too large before anything is read."""
        file = self.cleaned_data["file"]
        if file.size > MOST_FILE_MB * 1024 * 1024:
            raise forms.ValidationError(
                _("The file is larger than %(limit)d MB. Split it."),
                params={"limit": MOST_FILE_MB},
            )
        return file

    def clean_expires_on(self) -> datetime | None:
        """Return the midnight after the last day."""
        day = self.cleaned_data["expires_on"]
        if day is None:
            return None
        return timezone.make_aware(datetime.combine(day, time.max))


class SegmentFilter(django_filters.FilterSet):  # type: ignore[misc]
    """Find a segment by name, narrow by kind."""

    q = django_filters.CharFilter(label=_("Name"), field_name="name", lookup_expr="icontains")
    kind = django_filters.ChoiceFilter(
        label=_("Kind"), choices=Segment.Kind.choices, empty_label=_("Any kind")
    )

    class Meta:
        model = Segment
        fields: list[str] = []


class RuleFilter(django_filters.FilterSet):  # type: ignore[misc]
    """Find a rule by name, narrow by state."""

    q = django_filters.CharFilter(label=_("Name"), field_name="name", lookup_expr="icontains")
    state = django_filters.ChoiceFilter(
        label=_("State"), choices=TagRule.State.choices, empty_label=_("Any state")
    )

    class Meta:
        model = TagRule
        fields: list[str] = []


class StoreFilter(django_filters.FilterSet):  # type: ignore[misc]
    """Narrow members to a store in scope, by its code."""

    store = django_filters.CharFilter(label=_("Store code"), method="narrow")

    class Meta:
        model = CrmMember
        fields: list[str] = []

    def narrow(self, rows: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        """Look the store up among those in scope."""
        store = stores_visible_to(self.request.scope).filter(code=value.strip()).first()
        return rows.none() if store is None else self.in_store(rows, store)

    def in_store(self, rows: QuerySet[Any], store: Any) -> QuerySet[Any]:
        """Return the members of a store."""
        return rows.filter(store_code=store.code)


class RevealForm(forms.Form):
    """Why a guide needs a member's phone number."""

    reason = forms.CharField(label=_("Why do you need it?"), max_length=200)
