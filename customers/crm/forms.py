"""Forms and filters of the member pages."""

import django_filters
from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from customers.crm.models import CrmMember, Goods, Order
from customers.crm.selectors import members_search, orders_search
from scrm.core.excel.guard import MAX_UPLOAD_BYTES


class MemberFilter(django_filters.FilterSet):  # type: ignore[misc]
    """Search by number or phone, narrow by store and state."""

    q = django_filters.CharFilter(label=_("Member number or full phone"), method="search")
    store_code = django_filters.CharFilter(label=_("Store code"), lookup_expr="exact")
    state = django_filters.ChoiceFilter(
        label=_("State"), choices=CrmMember.State.choices, empty_label=_("Any state")
    )

    class Meta:
        model = CrmMember
        fields: list[str] = []

    def search(self, queryset: QuerySet[CrmMember], name: str, value: str) -> QuerySet[CrmMember]:
        """Look up by blind index or number."""
        return members_search(queryset, value)


class OrderFilter(django_filters.FilterSet):  # type: ignore[misc]
    """Find an order, narrow by store, status and day of payment."""

    q = django_filters.CharFilter(label=_("Order or member number"), method="search")
    store_code = django_filters.CharFilter(label=_("Store code"), lookup_expr="exact")
    status = django_filters.ChoiceFilter(
        label=_("Status"), choices=Order.Status.choices, empty_label=_("Any status")
    )
    paid = django_filters.DateFilter(
        label=_("Paid on"),
        field_name="paid_at",
        lookup_expr="date",
        widget=forms.DateInput(attrs={"type": "date"}),
    )

    class Meta:
        model = Order
        fields: list[str] = []

    def search(self, queryset: QuerySet[Order], name: str, value: str) -> QuerySet[Order]:
        """Look up by number."""
        return orders_search(queryset, value)


class GoodsFilter(django_filters.FilterSet):  # type: ignore[misc]
    """Find goods by SKU, model or category."""

    sku = django_filters.CharFilter(label=_("SKU"), lookup_expr="iexact")
    model = django_filters.CharFilter(label=_("Model"), lookup_expr="iexact")
    category = django_filters.CharFilter(label=_("Category"), lookup_expr="exact")
    state = django_filters.ChoiceFilter(
        label=_("State"), choices=Goods.State.choices, empty_label=_("Any state")
    )

    class Meta:
        model = Goods
        fields: list[str] = []


class MemberFileForm(forms.Form):
    """The member file."""

    file = forms.FileField(
        label=_("Member file"),
        help_text=_(
            "XLSX or CSV with a header row, at most 20 MB. The next page shows what was understood."
        ),
        widget=forms.ClearableFileInput(attrs={"accept": ".xlsx,.csv"}),
    )

    def clean_file(self) -> object:
        """Refuse what is too large before anything is read."""
        file = self.cleaned_data["file"]
        if file.size > MAX_UPLOAD_BYTES:
            raise forms.ValidationError(
                _("The file is larger than %(limit)d MB. Split it."),
                params={"limit": MAX_UPLOAD_BYTES // 1024 // 1024},
            )
        return file
