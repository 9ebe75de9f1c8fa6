"""Tables of the merge centre."""

import django_tables2 as tables
from django.utils.translation import gettext_lazy as _

CELL = "console/customers/oneid/cells/{}.html"


class ConflictTable(tables.Table):
    """Conflicts that wait."""

    rule = tables.TemplateColumn(template_name=CELL.format("rule"), verbose_name=_("What collides"))
    key_kind = tables.Column(verbose_name=_("Contested key"))
    records = tables.TemplateColumn(
        "{{ record.record_ids|length }}", verbose_name=_("Records"), empty_values=()
    )
    opened_at = tables.DateTimeColumn(verbose_name=_("Since"), format="Y-m-d H:i")


class MergeTable(tables.Table):
    """What came together or apart."""

    at = tables.DateTimeColumn(verbose_name=_("At"), format="Y-m-d H:i:s")
    kind = tables.TemplateColumn(template_name=CELL.format("kind"), verbose_name=_("What"))
    person = tables.TemplateColumn(
        template_name=CELL.format("person"), accessor="person_id", verbose_name=_("Person (OneID)")
    )
    records = tables.TemplateColumn(
        "{{ record.record_ids|length }}", verbose_name=_("Records moved"), empty_values=()
    )
    evidence = tables.TemplateColumn(
        template_name=CELL.format("evidence"), verbose_name=_("Evidence"), empty_values=()
    )
