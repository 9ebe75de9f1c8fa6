"""Columns of the list of live codes."""

from typing import Any

import django_tables2 as tables
from django.utils.translation import gettext_lazy as _

from attribution.live_codes.models import LiveCode
from scrm.core.listing import NUMBER, ONE_LINE

CELLS = "console/attribution/live_codes/cells"


class LiveCodeTable(tables.Table):
    """One row a code; `people` and `adds` are put on the rows by the view, for the page only."""

    name = tables.TemplateColumn(template_name=f"{CELLS}/name.html", verbose_name=_("Name"))
    status = tables.TemplateColumn(template_name=f"{CELLS}/status.html", verbose_name=_("Status"))
    people = tables.TemplateColumn(
        template_name=f"{CELLS}/people.html",
        verbose_name=_("Members (able/chosen)"),
        attrs=NUMBER,
        empty_values=(),
    )
    today = tables.Column(
        verbose_name=_("Adds today"),
        empty_values=(),
        attrs=NUMBER,
    )
    total = tables.Column(
        verbose_name=_("Adds in total"),
        empty_values=(),
        attrs=NUMBER,
    )
    created_at = tables.DateTimeColumn(
        verbose_name=_("Created"), format="Y-m-d H:i", attrs=ONE_LINE
    )

    class Meta:
        model = LiveCode
        fields = ("name", "status", "people", "today", "total", "created_at")

    def render_today(self, record: Any) -> int:
        """Adds since midnight."""
        return int(record.adds[0])

    def render_total(self, record: Any) -> int:
        """All adds."""
        return int(record.adds[1])
