"""The operator's list of outgoing messages: columns and filters."""

from typing import Any

import django_filters
import django_tables2 as tables
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from scrm.core.days import DayInput
from scrm.core.listing import NUMBER, ONE_LINE
from scrm.core.outbox.models import OutboxMessage
from scrm.core.outbox.sending import kind_words, senders
from scrm.wecom.errors import explained

DAY = DayInput()
TONES = {
    OutboxMessage.Status.PENDING: "info",
    OutboxMessage.Status.SENDING: "info",
    OutboxMessage.Status.SENT: "ok",
    OutboxMessage.Status.FAILED: "bad",
    OutboxMessage.Status.UNCERTAIN: "warn",
    OutboxMessage.Status.EXPIRED: "off",
}


KEY_SHOWN = 8


def short_key(key: str) -> str:
    """Return the telling part of a natural key: its longest piece, cut."""
    piece = max(key.split(":"), key=len)
    return piece if len(piece) <= KEY_SHOWN else f"{piece[:KEY_SHOWN]}…"


def _kinds() -> list[tuple[str, str]]:
    return [(kind, kind_words(kind)) for kind in senders()]


class MessageTable(tables.Table):
    """Kind, key, status and error words; never the content."""

    created_at = tables.DateTimeColumn(
        verbose_name=_("Created"), format="Y-m-d H:i:s", attrs=ONE_LINE
    )
    kind = tables.Column(verbose_name=_("Kind"))
    key = tables.Column(verbose_name=_("Key"))
    status = tables.Column(verbose_name=_("State"))
    attempts = tables.Column(verbose_name=_("Tries"), attrs=NUMBER)
    error = tables.Column(verbose_name=_("What went wrong"), default="—")

    class Meta:
        fields = ("created_at", "kind", "key", "status", "attempts", "error")

    def render_error(self, value: str) -> str:
        """What went wrong, in the reader's language; where to click is on its page."""
        return explained(value, get_language() or "en").text

    def render_key(self, value: str, record: OutboxMessage) -> SafeString:
        """Link to the message; its whole key is on its page."""
        url = reverse("outbox:detail", args=[record.pk])
        return format_html('<a href="{}" title="{}">{}</a>', url, value, short_key(value))

    def render_kind(self, value: str) -> SafeString:
        """Words, with the kind for whoever searches the log."""
        return format_html('<span title="{}">{}</span>', value, kind_words(value))

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
    kind = django_filters.ChoiceFilter(choices=_kinds, label=_("Kind"), empty_label=_("Any kind"))
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
