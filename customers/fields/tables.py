"""The table of customer fields."""

import django_tables2 as tables
from django.utils.translation import gettext_lazy as _

from scrm.core.listing import ONE_LINE

CELL = "console/customers/fields/cells/{}.html"


class FieldTable(tables.Table):
    """A field a row."""

    name = tables.TemplateColumn(template_name=CELL.format("name"), verbose_name=_("Field"))
    type = tables.Column(verbose_name=_("Type"), accessor="get_type_display", attrs=ONE_LINE)
    data_class = tables.TemplateColumn(
        template_name=CELL.format("class"), verbose_name=_("Class of data")
    )
    purpose = tables.Column(verbose_name=_("What it is for"))
    record = tables.Column(verbose_name=_("Belongs to"), accessor="get_record_display")
    retention = tables.Column(verbose_name=_("Kept how long"), accessor="get_retention_display")
    state = tables.TemplateColumn(
        template_name=CELL.format("state"), verbose_name=_("State"), empty_values=()
    )
