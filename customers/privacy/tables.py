"""The list of erasures."""

import django_tables2 as tables
from django.utils.translation import gettext_lazy as _

from customers.privacy.models import Erasure


class ErasureTable(tables.Table):
    """When somebody was forgotten, why, and how much it was."""

    erased_at = tables.DateTimeColumn(verbose_name=_("Erased at"), format="Y-m-d H:i")
    cause = tables.Column(verbose_name=_("Why"))
    records = tables.Column(verbose_name=_("Records"), accessor="record_ids", orderable=False)
    total = tables.Column(verbose_name=_("Rows emptied or deleted"), orderable=False)
    asked_by = tables.Column(verbose_name=_("Asked by"))

    class Meta:
        model = Erasure
        fields = ("erased_at", "cause", "records", "total", "asked_by")
        orderable = False

    def render_records(self, value: list[object]) -> int:
        """Return how many records it were."""
        return len(value)
