"""Columns of the list of credits."""

import django_tables2 as tables
from django.utils.formats import number_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from attribution.sales.models import Credit
from scrm.core.listing import NUMBER, ONE_LINE

CELL = "console/attribution/sales/cells/{}.html"


class CreditTable(tables.Table):
    """One row an order: whose it is and by which rule."""

    order = tables.TemplateColumn(template_name=CELL.format("order"), verbose_name=_("Order"))
    member = tables.TemplateColumn(
        template_name=CELL.format("guide"), verbose_name=_("Guide"), empty_values=()
    )
    store = tables.TemplateColumn(
        template_name=CELL.format("store"), verbose_name=_("Store"), empty_values=()
    )
    rule = tables.TemplateColumn(
        template_name=CELL.format("rule"), verbose_name=_("Rule"), empty_values=()
    )
    paid_at = tables.DateTimeColumn(verbose_name=_("Paid"), format="Y-m-d H:i", attrs=ONE_LINE)
    amount = tables.Column(verbose_name=_("Amount"), attrs=NUMBER)
    refunded = tables.Column(verbose_name=_("Refunded"), attrs=NUMBER)
    net = tables.Column(verbose_name=_("Counts"), attrs=NUMBER)

    class Meta:
        sequence = ("order", "member", "store", "rule", "paid_at", "amount", "refunded", "net")

    def render_refunded(self, record: Credit) -> str:
        """Show nothing where nothing was given back."""
        return number_format(record.refunded, 2) if record.refunded else "–"

    def render_net(self, record: Credit) -> str:
        """Say that what is nobody's counts for nobody."""
        return number_format(record.net, 2) if record.member_id else gettext("not attributed")
