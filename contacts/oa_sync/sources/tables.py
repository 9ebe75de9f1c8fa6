"""Columns of the connected OAs."""

import django_tables2 as tables
from django.utils.translation import gettext_lazy as _

from contacts.oa_sync.sources.models import OaConnector
from scrm.core.listing import ONE_LINE


class ConnectorTable(tables.Table):
    """One connected OA a row: what it is, when it is read, how it went."""

    name = tables.Column(
        verbose_name=_("Name"), linkify=("oa_sync:source_detail", {"pk": tables.A("pk")})
    )
    kind = tables.TemplateColumn("{{ record.get_kind_display|capfirst }}", verbose_name=_("Kind"))
    rhythm = tables.TemplateColumn(
        "{{ record.get_rhythm_display|capfirst }}", verbose_name=_("Is read")
    )
    last_read_at = tables.DateTimeColumn(
        verbose_name=_("Last reading"), format="Y-m-d H:i", attrs=ONE_LINE, default="—"
    )
    state = tables.TemplateColumn(
        template_name="console/contacts/oa_sync/sources/state_cell.html",
        verbose_name=_("State"),
        empty_values=(),
    )
    next_read_at = tables.DateTimeColumn(
        verbose_name=_("Next reading"), format="Y-m-d H:i", attrs=ONE_LINE, default="—"
    )

    class Meta:
        model = OaConnector
        fields = ("name", "kind", "rhythm", "last_read_at", "state", "next_read_at")
