"""The operator's list of outgoing messages: columns and filters."""

from typing import Any

import django_filters
import django_tables2 as tables
from django import forms
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from scrm.core.outbox.models import OutboxMessage

DAY = forms.DateInput(attrs={"type": "date"})
TONES = {
    OutboxMessage.Status.PENDING: "info",
    OutboxMessage.Status.SENDING: "info",
    OutboxMessage.Status.SENT: "ok",
    OutboxMessage.Status.FAILED: "bad",
    OutboxMessage.Status.UNCERTAIN: "warn",
    OutboxMessage.Status.EXPIRED: "off",
}


class MessageTable(tables.Table):
    """Kind, key, status and error words; never the content."""

    created_at = tables.DateTimeColumn(verbose_name=_("Created"), format="Y-m-d H:i:s")
    kind = tables.Column(verbose_name=_("Kind"))
    key = tables.Column(verbose_name=_("Key"))
    status = tables.Column(verbose_name=_("State"))
    attempts = tables.Column(verbose_name=_("Tries"))
    error = tables.Column(verbose_name=_("What went wrong"), empty_values=("",), default="")

    class Meta:
        fields = ("created_at", "kind", "key", "status", "attempts", "error")

    def render_key(self, value: str, record: OutboxMessage) -> SafeString:
        """Link to the message."""
        return format_html('<a href="{}">{}</a>', reverse("outbox:detail", args=[record.pk]), value)

    def render_status(self, record: OutboxMessage) -> SafeString:
        """A dot and a word."""
        tone = TONES.get(OutboxMessage.Status(record.status), "off")
        return format_html(
            '<span class="status-dot tone-{}">{}</span>', tone, record.get_status_display()
        )


class MessageFilter(django_filters.FilterSet):
    """Filters kept in the URL."""

    status = django_filters.ChoiceFilter(
        choices=OutboxMessage.Status.choices, label=_("State"), empty_label=_("Any state")
    )
    lane = django_filters.ChoiceFilter(
        choices=OutboxMessage.Lane.choices, label=_("Lane"), empty_label=_("Any lane")
    )
    kind = django_filters.CharFilter(label=_("Kind"), lookup_expr="istartswith", max_length=64)
    key = django_filters.CharFilter(label=_("Key"), lookup_expr="startswith", max_length=200)
    since = django_filters.DateFilter(
        field_name="created_at", lookup_expr="date__gte", label=_("Created since"), widget=DAY
    )
    until = django_filters.DateFilter(
        field_name="created_at", lookup_expr="date__lte", label=_("Created until"), widget=DAY
    )

    class Meta:
        model = OutboxMessage
        fields: list[Any] = []
