"""The table of the customer list; `record.shown` is filled by the view."""

import django_tables2 as tables
from django.utils.translation import gettext_lazy as _

CELL = "console/customers/relations/cells/{}.html"


class ContactTable(tables.Table):
    """One customer a row; `record.shown` is filled by the view."""

    name = tables.TemplateColumn(template_name=CELL.format("name"), verbose_name=_("Customer"))
    guides = tables.TemplateColumn(
        template_name=CELL.format("guides"), verbose_name=_("Guides"), empty_values=()
    )
    tags = tables.TemplateColumn(
        template_name=CELL.format("tags"), verbose_name=_("Tags"), empty_values=()
    )
    source = tables.TemplateColumn(
        template_name=CELL.format("source"), verbose_name=_("Source"), empty_values=()
    )
    added = tables.TemplateColumn(
        template_name=CELL.format("added"), verbose_name=_("Added"), empty_values=()
    )
    status = tables.TemplateColumn(
        template_name=CELL.format("status"), verbose_name=_("Status"), empty_values=()
    )
