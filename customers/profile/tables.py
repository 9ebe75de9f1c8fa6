"""The table of who is left out of figures; `record.known` is filled by the view."""

import django_tables2 as tables
from django.utils.translation import gettext_lazy as _

from scrm.core.listing import ONE_LINE

CELL = "console/customers/profile/cells/{}.html"


class MarkTable(tables.Table):
    """A mark a row."""

    who = tables.TemplateColumn(
        template_name=CELL.format("mark_who"), verbose_name=_("Customer"), empty_values=()
    )
    kind = tables.Column(verbose_name=_("Is a"), accessor="get_kind_display")
    source = tables.Column(verbose_name=_("Marked"), accessor="get_source_display", attrs=ONE_LINE)
    span = tables.TemplateColumn(
        template_name=CELL.format("mark_span"), verbose_name=_("Left out"), empty_values=()
    )
    reason = tables.Column(verbose_name=_("Why"))
    set_at = tables.DateTimeColumn(verbose_name=_("Since"), format="Y-m-d H:i", attrs=ONE_LINE)
