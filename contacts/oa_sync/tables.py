"""Columns and filters of the OA synchronisation."""

import django_filters
import django_tables2 as tables
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from contacts.oa_sync.models import OaAdoption, OaFile, OaPlanItem, OaRowError, OaRun
from scrm.core.listing import NUMBER


class RunTable(tables.Table):
    """One reading of the OA a row."""

    created_at = tables.TemplateColumn(
        "<a href=\"{% url 'oa_sync:detail' record.pk %}\">{{ value|date:'Y-m-d H:i' }}</a>",
        verbose_name=_("Read at"),
    )
    source_name = tables.Column(verbose_name=_("Files"))
    status = tables.TemplateColumn(
        template_name="console/contacts/oa_sync/status_cell.html", verbose_name=_("State")
    )
    employee_count = tables.Column(verbose_name=_("Employees"), attrs=NUMBER)
    error_count = tables.Column(verbose_name=_("Refused rows"), attrs=NUMBER)
    plan = tables.TemplateColumn(
        template_name="console/contacts/oa_sync/plan_cell.html",
        verbose_name=_("Plan"),
        empty_values=(),
    )
    approved_by = tables.Column(verbose_name=_("Approved by"), default="—")

    class Meta:
        model = OaRun
        fields = (
            "created_at",
            "source_name",
            "status",
            "employee_count",
            "error_count",
            "plan",
            "approved_by",
        )


class ItemFilter(django_filters.FilterSet):
    """Filters of a plan."""

    q = django_filters.CharFilter(method="by_key", label=_("Userid or department code"))
    kind = django_filters.ChoiceFilter(
        choices=OaPlanItem.Kind.choices, label=_("Kind of change"), empty_label=_("All changes")
    )
    status = django_filters.ChoiceFilter(
        choices=OaPlanItem.Status.choices, label=_("State"), empty_label=_("All states")
    )

    class Meta:
        model = OaPlanItem
        fields: tuple[str, ...] = ()

    def by_key(self, items: QuerySet[OaPlanItem], _name: str, value: str) -> QuerySet[OaPlanItem]:
        """Match the beginning of a userid or code; names are encrypted."""
        return items.filter(key__istartswith=value.strip())


class ItemTable(tables.Table):
    """One change a row: what, whom, before and after, why, what became of it."""

    position = tables.Column(verbose_name=_("No."), localize=False)
    kind = tables.TemplateColumn(
        "{{ record.get_kind_display|capfirst }}", verbose_name=_("Kind of change")
    )
    key = tables.TemplateColumn(
        "{{ record.title }} <code>{{ record.key }}</code>", verbose_name=_("Member or department")
    )
    changes = tables.TemplateColumn(
        template_name="console/contacts/oa_sync/changes_cell.html",
        verbose_name=_("Before and after"),
        empty_values=(),
    )
    reason = tables.Column(accessor="reason_words", verbose_name=_("Reason"))
    status = tables.TemplateColumn(
        template_name="console/contacts/oa_sync/outcome_cell.html", verbose_name=_("Outcome")
    )

    class Meta:
        model = OaPlanItem
        fields = ("position", "kind", "key", "changes", "reason", "status")


class AdoptionFilter(django_filters.FilterSet):
    """Filters of doubtful accounts."""

    q = django_filters.CharFilter(method="by_key", label=_("Job number or userid"))
    status = django_filters.ChoiceFilter(
        choices=OaAdoption.Status.choices, label=_("State"), empty_label=_("All states")
    )
    how = django_filters.ChoiceFilter(
        choices=OaAdoption.How.choices, label=_("Found by"), empty_label=_("However found")
    )

    class Meta:
        model = OaAdoption
        fields: tuple[str, ...] = ()

    def by_key(self, rows: QuerySet[OaAdoption], _name: str, value: str) -> QuerySet[OaAdoption]:
        """Match the beginning of a job number or userid; employees' names are encrypted."""
        text = value.strip()
        return rows.filter(Q(job_number__istartswith=text) | Q(member__userid__istartswith=text))


class AdoptionTable(tables.Table):
    """One pair a row: the employee, the account, why they may be one, the decision."""

    employee = tables.TemplateColumn(
        template_name="console/contacts/oa_sync/adoption_employee_cell.html",
        verbose_name=_("Employee in the OA"),
        empty_values=(),
    )
    account = tables.TemplateColumn(
        "{{ record.member.name|default:'—' }} <code>{{ record.member.userid }}</code>"
        '<div class="form-hint">{{ record.account_words }}</div>',
        verbose_name=_("Account in WeCom"),
        empty_values=(),
    )
    how = tables.TemplateColumn(
        "{{ record.get_how_display|capfirst }}", verbose_name=_("Why they may be one person")
    )
    status = tables.TemplateColumn(
        template_name="console/contacts/oa_sync/adoption_status_cell.html",
        verbose_name=_("Decision"),
    )

    class Meta:
        model = OaAdoption
        fields = ("employee", "account", "how", "status")


class RunFilter(django_filters.FilterSet):
    """Filters of the run history."""

    status = django_filters.ChoiceFilter(
        choices=OaRun.Status.choices, label=_("State"), empty_label=_("All states")
    )

    class Meta:
        model = OaRun
        fields: tuple[str, ...] = ()


class ErrorFilter(django_filters.FilterSet):
    """Filters of refused rows."""

    role = django_filters.ChoiceFilter(
        choices=OaFile.Role.choices, label=_("File"), empty_label=_("Both files")
    )
    severity = django_filters.ChoiceFilter(
        choices=OaRowError.Severity.choices,
        label=_("Severity"),
        empty_label=_("Refused or in part"),
    )

    class Meta:
        model = OaRowError
        fields: tuple[str, ...] = ()


class ErrorTable(tables.Table):
    """One problem a row: where it stands, what is wrong, what to do."""

    role = tables.Column(verbose_name=_("File"))
    row_number = tables.Column(verbose_name=_("Row"), localize=False)
    column = tables.Column(verbose_name=_("Column"), default="—")
    value = tables.Column(verbose_name=_("Cell"), default="—")
    words = tables.Column(verbose_name=_("What is wrong and what to do"))
    severity = tables.TemplateColumn(
        template_name="console/contacts/oa_sync/severity_cell.html", verbose_name=_("Effect")
    )

    class Meta:
        model = OaRowError
        fields = ("role", "row_number", "column", "value", "words", "severity")
