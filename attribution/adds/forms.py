"""Filters of the list of adds."""

import django_filters
from django.utils.translation import gettext_lazy as _

from attribution.adds.models import AddEpisode


class AddFilter(django_filters.FilterSet):  # type: ignore[misc]
    """Member, code, and whether the relation still lives."""

    userid = django_filters.CharFilter(lookup_expr="iexact", label=_("Member's userid"))
    code = django_filters.CharFilter(
        field_name="live_code__name", lookup_expr="icontains", label=_("Live code")
    )
    ended = django_filters.ChoiceFilter(
        field_name="ended_at",
        lookup_expr="isnull",
        label=_("State"),
        empty_label=_("Any state"),
        choices=[("True", _("lasting")), ("False", _("ended"))],
    )

    class Meta:
        model = AddEpisode
        fields: tuple[str, ...] = ()
