"""Filters and forms of the goods pages."""

import django_filters
from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from customers.goods.models import Goods
from customers.goods.selectors import goods_search


class GoodsFilter(django_filters.FilterSet):  # type: ignore[misc]
    """Find goods by SKU, model or name, narrow by category, colour, size, state and stock."""

    q = django_filters.CharFilter(label=_("SKU, model or name"), method="search")
    category = django_filters.CharFilter(label=_("Category"), lookup_expr="exact")
    colour = django_filters.CharFilter(label=_("Colour"), lookup_expr="exact")
    # In addresses `size` is how many rows a page has.
    measure = django_filters.CharFilter(label=_("Size"), field_name="size", lookup_expr="iexact")
    state = django_filters.ChoiceFilter(
        label=_("State"), choices=Goods.State.choices, empty_label=_("Any state")
    )
    stock = django_filters.ChoiceFilter(
        label=_("Stock"),
        choices=[("some", _("in stock")), ("none", _("nowhere in stock"))],
        empty_label=_("Any stock"),
        method="by_stock",
    )

    class Meta:
        model = Goods
        fields: list[str] = []

    def search(self, queryset: QuerySet[Goods], name: str, value: str) -> QuerySet[Goods]:
        """Look up by number or words."""
        return goods_search(queryset, value)

    def by_stock(self, queryset: QuerySet[Goods], name: str, value: str) -> QuerySet[Goods]:
        """Narrow to what the stores in scope have, or do not have."""
        some, none = Q(pieces__gt=0), Q(pieces__isnull=True) | Q(pieces__lte=0)
        return queryset.filter(some if value == "some" else none)


class PictureForm(forms.Form):
    """A picture of goods."""

    picture = forms.FileField(
        label=_("Picture"),
        help_text=_("PNG, JPEG or WebP, at most 5 MB; it is made small."),
        widget=forms.ClearableFileInput(attrs={"accept": ".png,.jpg,.jpeg,.webp"}),
    )
