"""Tables of hand-overs."""

import django_tables2 as tables
from django.utils.translation import gettext_lazy as _

from scrm.core.listing import ONE_LINE

CELL = "console/customers/inheritance/cells/{}.html"


class PlanTable(tables.Table):
    """Hand-overs; `record.counts` is filled by the view."""

    leaver = tables.TemplateColumn(template_name=CELL.format("leaver"), verbose_name=_("Member"))
    mode = tables.TemplateColumn(template_name=CELL.format("mode"), verbose_name=_("Way"))
    customers = tables.TemplateColumn(
        template_name=CELL.format("counts"), verbose_name=_("Customers"), empty_values=()
    )
    state = tables.TemplateColumn(template_name=CELL.format("state"), verbose_name=_("State"))
    created_at = tables.DateTimeColumn(
        verbose_name=_("Created"), format="Y-m-d H:i", attrs=ONE_LINE
    )


class ItemTable(tables.Table):
    """Customers of one hand-over; `record.customer` and `record.reason` are filled by the view."""

    customer = tables.TemplateColumn(
        template_name=CELL.format("customer"), verbose_name=_("Customer"), empty_values=()
    )
    successor = tables.TemplateColumn(
        template_name=CELL.format("successor"), verbose_name=_("Successor")
    )
    state = tables.TemplateColumn(template_name=CELL.format("item_state"), verbose_name=_("State"))
    tries = tables.Column(verbose_name=_("Tries"))
    asked_at = tables.DateTimeColumn(verbose_name=_("Asked at"), format="Y-m-d H:i", attrs=ONE_LINE)
    settled_at = tables.DateTimeColumn(
        verbose_name=_("Settled at"), format="Y-m-d H:i", attrs=ONE_LINE
    )
