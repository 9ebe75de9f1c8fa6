"""Forms and filters of the welcome pages."""

from typing import Any

import django_filters
from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from attribution.welcome.models import WelcomeDelivery
from attribution.welcome.selectors import MISSED
from contacts.org.models import OrgUnit
from contacts.org.selectors import stores_visible_to
from scrm.core.scope import Scope


class WelcomeForm(forms.Form):
    """A welcome of a store, named by its code, or the default one."""

    store_code = forms.CharField(
        label=_("Store code"),
        max_length=64,
        required=False,
        help_text=_("Empty: the default for every store without a welcome of its own."),
    )
    text = forms.CharField(
        label=_("Welcome text"),
        widget=forms.Textarea(attrs={"rows": 6, "data-preview-source": ""}),
        help_text=_("Variables: {nickname}, {guide}, {store}."),
    )
    is_active = forms.BooleanField(label=_("In use"), required=False)

    def __init__(self, *args: Any, scope: Scope, fixed: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.scope = scope
        if fixed:
            del self.fields["store_code"]

    def clean_store_code(self) -> OrgUnit | None:
        """Turn the code into a store within the scope."""
        code = self.cleaned_data["store_code"].strip()
        if not code:
            return None
        store = stores_visible_to(self.scope).filter(code=code).first()
        if store is None:
            raise forms.ValidationError(_("There is no store with this code."))
        return store

    def clean_text(self) -> str:
        """Use plain line ends."""
        text: str = self.cleaned_data["text"]
        return text.replace("\r\n", "\n").strip()


class DeliveryFilter(django_filters.FilterSet):  # type: ignore[misc]
    """Outcome and member, kept in the URL."""

    outcome = django_filters.ChoiceFilter(
        choices=[("sent", _("sent")), ("missed", _("missed")), ("none", _("no welcome is set up"))],
        method="by_outcome",
        label=_("Outcome"),
        empty_label=_("Any outcome"),
    )
    userid = django_filters.CharFilter(lookup_expr="iexact", label=_("Member's userid"))

    class Meta:
        model = WelcomeDelivery
        fields: tuple[str, ...] = ()

    def by_outcome(
        self, queryset: QuerySet[WelcomeDelivery], _name: str, value: str
    ) -> QuerySet[WelcomeDelivery]:
        """Keep one outcome."""
        if value == "sent":
            return queryset.filter(sent_at__isnull=False)
        if value == "missed":
            return queryset.filter(MISSED)
        return queryset.filter(source=WelcomeDelivery.Source.NONE)
