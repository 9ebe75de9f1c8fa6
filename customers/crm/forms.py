"""Forms and filters of the member pages."""

import django_filters
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from customers.crm.fact_models import ServiceReceived
from customers.crm.models import CrmMember, Order
from customers.crm.selectors import members_search, orders_search, services_search
from scrm.core.days import DayInput
from scrm.core.searched import SearchedFilter


class MemberFilter(SearchedFilter):
    """Search by number or phone, narrow by store and state."""

    q = django_filters.CharFilter(
        label=_("Member number, full phone or its last four"), method="search"
    )
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
        widget=DayInput(),
    )

    class Meta:
        model = Order
        fields: list[str] = []

    def search(self, queryset: QuerySet[Order], name: str, value: str) -> QuerySet[Order]:
        """Look up by number."""
        return orders_search(queryset, value)


class ServiceFilter(django_filters.FilterSet):  # type: ignore[misc]
    """Find a service, narrow by kind, store, state and day."""

    q = django_filters.CharFilter(label=_("Service or member number"), method="search")
    kind = django_filters.CharFilter(label=_("Service"), lookup_expr="exact")
    store_code = django_filters.CharFilter(label=_("Store code"), lookup_expr="exact")
    state = django_filters.ChoiceFilter(
        label=_("State"), choices=ServiceReceived.State.choices, empty_label=_("Any state")
    )
    served = django_filters.DateFilter(
        label=_("Served on"),
        field_name="served_at",
        lookup_expr="date",
        widget=DayInput(),
    )

    class Meta:
        model = ServiceReceived
        fields: list[str] = []

    def search(
        self, queryset: QuerySet[ServiceReceived], name: str, value: str
    ) -> QuerySet[ServiceReceived]:
        """Look up by number."""
        return services_search(queryset, value)
