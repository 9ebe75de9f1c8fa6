"""Columns of the lists of entries and of the stores of one entry."""

from typing import Any

import django_tables2 as tables
from django.utils.translation import gettext_lazy as _

from attribution.entries.models import Entry
from contacts.org.models import OrgUnit
from scrm.core.listing import NUMBER, ONE_LINE

CELLS = "console/attribution/entries/cells"


class EntryTable(tables.Table):
    """One row an entry; `stores_shown` is put on the rows by the view."""

    name = tables.TemplateColumn(template_name=f"{CELLS}/name.html", verbose_name=_("Entry"))
    place = tables.TemplateColumn(
        template_name=f"{CELLS}/place.html", verbose_name=_("Place of the entry")
    )
    hook = tables.Column(verbose_name=_("Hook"))
    status = tables.TemplateColumn(template_name=f"{CELLS}/status.html", verbose_name=_("Status"))
    stores_shown = tables.Column(
        verbose_name=_("Stores that show it"), empty_values=(), attrs=NUMBER
    )
    checked_at = tables.DateTimeColumn(
        verbose_name=_("Checked"), format="Y-m-d H:i", default="—", attrs=ONE_LINE
    )

    class Meta:
        model = Entry
        fields = ("name", "place", "hook", "status", "stores_shown", "checked_at")

    def render_stores_shown(self, record: Any) -> int:
        """How many stores of the scope show it."""
        return int(record.stores_shown)


class StoreTable(tables.Table):
    """One row a store; `row` is the entry's row there, or None."""

    name = tables.TemplateColumn(template_name=f"{CELLS}/store.html", verbose_name=_("Store"))
    bound = tables.TemplateColumn(
        template_name=f"{CELLS}/bound.html", verbose_name=_("Accounts bound"), attrs=NUMBER
    )
    shown = tables.TemplateColumn(
        template_name=f"{CELLS}/shown.html", verbose_name=_("Entry"), empty_values=()
    )
    missing = tables.TemplateColumn(
        template_name=f"{CELLS}/missing.html", verbose_name=_("What is missing"), empty_values=()
    )
    checked = tables.TemplateColumn(
        template_name=f"{CELLS}/checked.html", verbose_name=_("Checked"), empty_values=()
    )

    class Meta:
        model = OrgUnit
        fields = ("name", "bound", "shown", "missing", "checked")
