"""The table of the customer list; `record.shown`, `record.numbers` and `record.may_tick` are filled by the view."""

import django_tables2 as tables
from django.utils.translation import gettext_lazy as _

from scrm.core.listing import ONE_LINE

OLD = "console/customers/relations/cells/{}.html"
CELL = "console/customers/lists/cells/{}.html"


class CustomerTable(tables.Table):
    """One customer a row."""

    name = tables.TemplateColumn(template_name=CELL.format("name"), verbose_name=_("Customer"))
    remark = tables.TemplateColumn(
        template_name=CELL.format("remark"), verbose_name=_("Remark"), empty_values=()
    )
    members = tables.TemplateColumn(
        template_name=CELL.format("members"), verbose_name=_("Membership"), empty_values=()
    )
    guides = tables.TemplateColumn(
        template_name=OLD.format("guides"), verbose_name=_("Guides"), empty_values=()
    )
    tags = tables.TemplateColumn(
        template_name=OLD.format("tags"), verbose_name=_("Tags"), empty_values=()
    )
    source = tables.TemplateColumn(
        template_name=OLD.format("source"), verbose_name=_("Source"), empty_values=()
    )
    added = tables.TemplateColumn(
        template_name=OLD.format("added"), verbose_name=_("Added"), empty_values=(), attrs=ONE_LINE
    )
    status = tables.TemplateColumn(
        template_name=OLD.format("status"), verbose_name=_("Status"), empty_values=()
    )
