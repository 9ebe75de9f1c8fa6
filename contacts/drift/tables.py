"""Columns and filters of the differences."""

import django_filters
import django_tables2 as tables
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from contacts.directory.selectors import members_search, members_visible_to
from contacts.drift.models import DriftFinding
from scrm.core.listing import ONE_LINE

FOLDER = "console/contacts/drift"
LIVE = "live"


class FindingFilter(django_filters.FilterSet):
    """Search and filters of the differences; what is gone is shown on demand."""

    q = django_filters.CharFilter(
        method="search", label=_("Name, userid, job number or department")
    )
    kind = django_filters.ChoiceFilter(
        choices=DriftFinding.Kind.choices, label=_("Difference"), empty_label=_("All differences")
    )
    status = django_filters.ChoiceFilter(
        choices=DriftFinding.Status.choices,
        method="by_status",
        label=_("State"),
        empty_label=_("To be decided"),
    )

    class Meta:
        model = DriftFinding
        fields: tuple[str, ...] = ()

    @property
    def qs(self) -> QuerySet[DriftFinding]:
        """Return the matching rows; without a state those to be decided."""
        found: QuerySet[DriftFinding] = super().qs
        chosen = self.form.cleaned_data.get("status") if self.form.is_valid() else ""
        return found if chosen else found.filter(status=DriftFinding.Status.OPEN)

    def by_status(
        self, findings: QuerySet[DriftFinding], _name: str, value: str
    ) -> QuerySet[DriftFinding]:
        """Match one state."""
        return findings.filter(status=value)

    def search(
        self, findings: QuerySet[DriftFinding], _name: str, value: str
    ) -> QuerySet[DriftFinding]:
        """Match accounts by part of the name, userid or job number, departments by part of the name."""
        found = members_search(members_visible_to(self.request.scope), value)
        return findings.filter(
            Q(member__in=found.values("pk")) | Q(department__name__icontains=value.strip())
        )


class FindingTable(tables.Table):
    """One difference a row: about whom, what, both sides, since when, what became of it."""

    subject = tables.TemplateColumn(
        template_name=f"{FOLDER}/subject_cell.html",
        verbose_name=_("Member or department"),
        empty_values=(),
    )
    kind = tables.TemplateColumn(
        "{{ record.get_kind_display|capfirst }}", verbose_name=_("Difference")
    )
    ours = tables.TemplateColumn(
        template_name=f"{FOLDER}/ours_cell.html", verbose_name=_("OA or roster"), empty_values=()
    )
    theirs = tables.TemplateColumn(
        template_name=f"{FOLDER}/theirs_cell.html", verbose_name=_("In WeCom"), empty_values=()
    )
    found_at = tables.DateTimeColumn(format="Y-m-d H:i", verbose_name=_("Found at"), attrs=ONE_LINE)
    status = tables.TemplateColumn(
        template_name=f"{FOLDER}/status_cell.html", verbose_name=_("State")
    )

    class Meta:
        model = DriftFinding
        fields = ("subject", "kind", "ours", "theirs", "found_at", "status")
