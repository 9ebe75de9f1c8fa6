"""Tables of the merge centre."""

import django_tables2 as tables
from django.utils.translation import gettext_lazy as _

from scrm.core.listing import NUMBER, ONE_LINE

CELL = "console/customers/oneid/cells/{}.html"


class ConflictTable(tables.Table):
    """Conflicts that wait; the view puts `cards` on the rows of the page."""

    rule = tables.TemplateColumn(template_name=CELL.format("rule"), verbose_name=_("What collides"))
    who = tables.TemplateColumn(
        template_name=CELL.format("who"), verbose_name=_("Whom it concerns"), empty_values=()
    )
    records = tables.TemplateColumn(
        "{{ record.record_ids|length }}",
        verbose_name=_("Records"),
        empty_values=(),
        attrs=NUMBER,
    )
    key_kind = tables.TemplateColumn(
        "{{ record.get_key_kind_display|capfirst }}", verbose_name=_("Contested key")
    )
    opened_at = tables.DateTimeColumn(verbose_name=_("Since"), format="Y-m-d H:i", attrs=ONE_LINE)


class SharedTable(tables.Table):
    """Identifiers that too many records share; the view puts `shown` on the rows of the page."""

    kind = tables.TemplateColumn(
        template_name=CELL.format("shared_kind"), verbose_name=_("Identifier")
    )
    records = tables.Column(verbose_name=_("Records"), attrs=NUMBER)
    state = tables.TemplateColumn(
        template_name=CELL.format("shared_state"), verbose_name=_("State")
    )
    opened_at = tables.DateTimeColumn(verbose_name=_("Since"), format="Y-m-d H:i", attrs=ONE_LINE)


class AuditTable(tables.Table):
    """Audits of all persons, newest first."""

    created_at = tables.TemplateColumn(
        template_name=CELL.format("audit"), verbose_name=_("Audit"), attrs=ONE_LINE
    )
    state = tables.TemplateColumn(
        "{{ record.get_state_display|capfirst }}", verbose_name=_("State")
    )
    records = tables.Column(
        accessor="result__records", verbose_name=_("Records"), default="—", attrs=NUMBER
    )
    persons = tables.Column(
        accessor="result__persons", verbose_name=_("Persons"), default="—", attrs=NUMBER
    )
    differences = tables.Column(
        accessor="result__differences", verbose_name=_("Put right"), default="—", attrs=NUMBER
    )
    seconds = tables.Column(
        accessor="result__seconds", verbose_name=_("Seconds"), default="—", attrs=NUMBER
    )


class MergeTable(tables.Table):
    """What came together or apart."""

    at = tables.DateTimeColumn(verbose_name=_("At"), format="Y-m-d H:i", attrs=ONE_LINE)
    kind = tables.TemplateColumn(template_name=CELL.format("kind"), verbose_name=_("What"))
    person = tables.TemplateColumn(
        template_name=CELL.format("person"), accessor="person_id", verbose_name=_("Person (OneID)")
    )
    records = tables.TemplateColumn(
        "{{ record.record_ids|length }}",
        verbose_name=_("Records moved"),
        empty_values=(),
        attrs=NUMBER,
    )
    evidence = tables.TemplateColumn(
        template_name=CELL.format("evidence"), verbose_name=_("Evidence"), empty_values=()
    )
