"""Columns of the list of touches."""

import django_tables2 as tables
from django.utils.translation import gettext_lazy as _

from attribution.touches.models import Touch
from scrm.core.listing import ONE_LINE

CELL = "console/attribution/touches/cells/{}.html"


class TouchTable(tables.Table):
    """One row a touch; the customer by id and name as the reader may see them."""

    occurred_at = tables.DateTimeColumn(
        verbose_name=_("When"), format="Y-m-d H:i:s", attrs=ONE_LINE
    )
    kind = tables.Column(verbose_name=_("Kind"))
    surface = tables.TemplateColumn(template_name=CELL.format("surface"), verbose_name=_("Surface"))
    guide = tables.TemplateColumn(
        template_name=CELL.format("guide"), verbose_name=_("Guide"), empty_values=()
    )
    customer = tables.TemplateColumn(
        template_name=CELL.format("customer"), verbose_name=_("Customer"), empty_values=()
    )
    reason = tables.TemplateColumn(
        template_name=CELL.format("parameter"), verbose_name=_("Parameter"), empty_values=()
    )

    class Meta:
        sequence = ("occurred_at", "kind", "surface", "guide", "customer", "reason")

    def render_kind(self, record: Touch) -> str:
        """Show the kind in words."""
        return record.get_kind_display()
