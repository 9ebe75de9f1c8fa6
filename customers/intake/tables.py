"""Tables of sources and files."""

import django_tables2 as tables
from django.utils.translation import gettext_lazy as _

from customers.intake.models import PullSource
from scrm.core.listing import ONE_LINE

CELL = "console/customers/intake/cells/{}.html"


class SourceTable(tables.Table):
    """Sources: what they hold, when they are read, how it went last."""

    name = tables.TemplateColumn(template_name=CELL.format("source"), verbose_name=_("Source"))
    kind = tables.Column(verbose_name=_("What it holds"))
    rhythm = tables.Column(verbose_name=_("Read"))
    read_from = tables.DateTimeColumn(
        verbose_name=_("Last reading"), format="Y-m-d H:i", attrs=ONE_LINE
    )
    last_records = tables.Column(verbose_name=_("Records"))
    next_read_at = tables.DateTimeColumn(
        verbose_name=_("Next reading"), format="Y-m-d H:i", attrs=ONE_LINE
    )
    state = tables.TemplateColumn(
        template_name=CELL.format("state"), verbose_name=_("State"), empty_values=()
    )

    class Meta:
        sequence = (
            "name",
            "kind",
            "rhythm",
            "read_from",
            "last_records",
            "next_read_at",
            "state",
        )

    def render_kind(self, record: PullSource) -> str:
        """Show the kind in words."""
        return record.get_kind_display()

    def render_rhythm(self, record: PullSource) -> str:
        """Show the rhythm in words."""
        return record.get_rhythm_display()
