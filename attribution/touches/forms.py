"""Filters of the list of touches."""

from typing import Any

import django_filters
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from attribution.touches.models import Touch
from contacts.directory.models import Member
from scrm.core.days import DayInput


class TouchFilter(django_filters.FilterSet):  # type: ignore[misc]
    """Guide, kind, surface, what was wrong with the parameter, day."""

    guide = django_filters.CharFilter(label=_("Guide's userid"), method="by_guide")
    surface = django_filters.CharFilter(label=_("Surface"), lookup_expr="exact")
    kind = django_filters.ChoiceFilter(
        label=_("Kind"), choices=Touch.Kind.choices, empty_label=_("Any kind")
    )
    parameter = django_filters.ChoiceFilter(
        label=_("Parameter"),
        choices=[("good", _("parameter holds")), *Touch.Reason.choices[1:]],
        empty_label=_("Any parameter"),
        method="by_parameter",
    )
    day = django_filters.DateFilter(
        label=_("Day"),
        field_name="occurred_at",
        lookup_expr="date",
        widget=DayInput(),
    )

    class Meta:
        model = Touch
        fields: tuple[str, ...] = ()

    def by_guide(self, queryset: QuerySet[Touch], name: str, value: str) -> Any:
        """Find by userid; WeCom ignores its case."""
        members = Member.objects.filter(Q(userid__iexact=value.strip()))
        return queryset.filter(member_id__in=members.values("pk"))

    def by_parameter(self, queryset: QuerySet[Touch], name: str, value: str) -> Any:
        """Narrow to what the parameter was."""
        return queryset.filter(reason="" if value == "good" else value)
