"""Columns and filters of the sync's pages."""

import django_filters
import django_tables2 as tables
from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from contacts.directory.selectors import members_search, members_visible_to
from customers.sync.models import MissedChange
from scrm.core.listing import NUMBER, ONE_LINE

CELL = "console/customers/sync/cells/{}.html"


class RunTable(tables.Table):
    """One run a row; `record.standing` is filled by the view."""

    started_at = tables.TemplateColumn(
        template_name=CELL.format("started"), verbose_name=_("Started"), attrs=ONE_LINE
    )
    state = tables.TemplateColumn(
        template_name=CELL.format("state"), verbose_name=_("State"), empty_values=()
    )
    read = tables.Column(verbose_name=_("Read"), attrs=NUMBER)
    created = tables.Column(verbose_name=_("New"), attrs=NUMBER)
    updated = tables.Column(verbose_name=_("Changed"), attrs=NUMBER)
    lost = tables.Column(verbose_name=_("Lost"), attrs=NUMBER)
    missed = tables.TemplateColumn(
        template_name=CELL.format("missed"), verbose_name=_("Missed"), attrs=NUMBER, empty_values=()
    )
    took = tables.TemplateColumn(
        template_name=CELL.format("took"), verbose_name=_("Took"), attrs=ONE_LINE, empty_values=()
    )
    started_by = tables.Column(verbose_name=_("Started by"), default=_("the system"))


class MissedFilter(django_filters.FilterSet):
    """Find missed changes by guide, kind and run; those whose event came late are shown on demand."""

    q = django_filters.CharFilter(label=_("Guide"), method="by_member")
    kind = django_filters.ChoiceFilter(
        choices=MissedChange.Kind.choices, label=_("Kind"), empty_label=_("All changes")
    )
    run = django_filters.UUIDFilter(field_name="run_id", label=_("Sync"), widget=forms.HiddenInput)
    told = django_filters.ChoiceFilter(
        choices=[("all", _("with those told late"))],
        method="by_told",
        label=_("Events"),
        empty_label=_("never told"),
    )

    class Meta:
        model = MissedChange
        fields: tuple[str, ...] = ()

    @property
    def qs(self) -> QuerySet[MissedChange]:
        """Return the matching rows; without a choice those no event ever told."""
        found: QuerySet[MissedChange] = super().qs
        chosen = self.form.cleaned_data.get("told") if self.form.is_valid() else ""
        return found if chosen else found.filter(told_at=None)

    def by_told(
        self, missed: QuerySet[MissedChange], _name: str, _value: str
    ) -> QuerySet[MissedChange]:
        """Leave it to `qs`."""
        return missed

    def by_member(
        self, missed: QuerySet[MissedChange], _name: str, value: str
    ) -> QuerySet[MissedChange]:
        """Match the guide by part of the name, userid or job number."""
        found = members_search(members_visible_to(self.request.scope), value)
        return missed.filter(relation__member__in=found.values("pk"))


class MissedTable(tables.Table):
    """One change a row; `record.shown` is filled by the view."""

    kind = tables.TemplateColumn(template_name=CELL.format("kind"), verbose_name=_("Kind"))
    customer = tables.TemplateColumn(
        template_name=CELL.format("customer"), verbose_name=_("Customer"), empty_values=()
    )
    member = tables.TemplateColumn(
        template_name=CELL.format("member"), verbose_name=_("Guide"), empty_values=()
    )
    detail = tables.TemplateColumn(
        template_name=CELL.format("detail"), verbose_name=_("What changed"), empty_values=()
    )
    found_at = tables.DateTimeColumn(format="Y-m-d H:i", verbose_name=_("Found at"), attrs=ONE_LINE)
