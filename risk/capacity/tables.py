"""Columns of the list of accounts."""

import django_tables2 as tables
from django.utils.translation import gettext_lazy as _

from risk.capacity.models import Capacity
from scrm.core.listing import ONE_LINE

CELL = "console/risk/capacity/cells/{}.html"
NUMBER_ONE_LINE = {"td": {"class": "num nowrap"}, "th": {"class": "num"}}
NUMBER = {"td": {"class": "num"}, "th": {"class": "num"}}


class CapacityTable(tables.Table):
    """One row an account, the fullest first; `store` is put on the rows by the view."""

    member = tables.TemplateColumn(template_name=CELL.format("member"), verbose_name=_("Account"))
    store = tables.Column(verbose_name=_("Store"), empty_values=(), accessor="pk", attrs=ONE_LINE)
    usage = tables.TemplateColumn(
        template_name=CELL.format("usage"), verbose_name=_("Usage"), empty_values=()
    )
    used = tables.TemplateColumn(
        "{{ record.used }} / {{ record.limit }}", verbose_name=_("Customers / limit"), attrs=NUMBER
    )
    recent_adds = tables.Column(verbose_name=_("Added in 14 days"), attrs=NUMBER)
    days_left = tables.TemplateColumn(
        template_name=CELL.format("days"),
        verbose_name=_("Full in"),
        attrs=NUMBER_ONE_LINE,
        empty_values=(),
    )
    state = tables.TemplateColumn(
        template_name=CELL.format("state"), verbose_name=_("Live codes"), empty_values=()
    )

    class Meta:
        model = Capacity
        fields = ("member", "store", "usage", "used", "recent_adds", "days_left", "state")

    def render_store(self, record: Capacity) -> str:
        """Name the store the account serves."""
        store = getattr(record, "store", None)
        return store.name if store else "–"
