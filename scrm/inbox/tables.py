"""The operator's list of callbacks: columns and filters."""

from typing import Any

import django_filters
import django_tables2 as tables
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from scrm.core.days import DayInput
from scrm.core.listing import ONE_LINE
from scrm.inbox.models import InboxEvent
from scrm.inbox.words import event_words
from scrm.wecom.errors import explained

DAY = DayInput()
TONES = {
    InboxEvent.State.PENDING: "info",
    InboxEvent.State.DONE: "ok",
    InboxEvent.State.IGNORED: "off",
    InboxEvent.State.QUARANTINED: "bad",
}


class EventTable(tables.Table):
    """Routing fields, state and error words; never the payload."""

    id = tables.Column(verbose_name=_("Number"))
    received_at = tables.DateTimeColumn(
        verbose_name=_("Received"), format="Y-m-d H:i:s", attrs=ONE_LINE
    )
    app = tables.Column(verbose_name=_("WeCom app"))
    event = tables.Column(verbose_name=_("Event"))
    state = tables.Column(verbose_name=_("State"))
    error = tables.Column(verbose_name=_("What went wrong"), default="—")

    class Meta:
        fields = ("id", "received_at", "app", "event", "state", "error")

    def render_error(self, value: str) -> str:
        """What went wrong, in the reader's language; where to click is on its page."""
        return explained(value, get_language() or "en").text

    def render_id(self, value: int, record: InboxEvent) -> SafeString:
        """Link to the event."""
        return format_html(
            '<a href="{}">{}</a>', reverse("inbox:detail", args=[record.pk]), str(value)
        )

    def render_event(self, record: InboxEvent) -> SafeString:
        """Words, and the event's name as WeCom writes it."""
        name = "/".join(filter(None, (record.event, record.change_type)))
        words = event_words(record.event, record.change_type)
        return format_html("{} <code>{}</code>", words, name) if words else format_html("{}", name)

    def render_state(self, record: InboxEvent) -> SafeString:
        """A dot and a word."""
        tone = TONES.get(InboxEvent.State(record.state), "off")
        return format_html(
            '<span class="status-dot tone-{}">{}</span>', tone, record.get_state_display()
        )


class EventFilter(django_filters.FilterSet):
    """Filters kept in the URL."""

    state = django_filters.ChoiceFilter(
        choices=InboxEvent.State.choices, label=_("State"), empty_label=_("Any state")
    )
    lane = django_filters.ChoiceFilter(
        choices=InboxEvent.Lane.choices, label=_("Lane"), empty_label=_("Any lane")
    )
    app = django_filters.CharFilter(label=_("WeCom app"), max_length=32)
    event = django_filters.CharFilter(label=_("Event"), lookup_expr="istartswith", max_length=64)
    change_type = django_filters.CharFilter(
        label=_("Change type"), lookup_expr="istartswith", max_length=64
    )
    since = django_filters.DateFilter(
        field_name="received_at", lookup_expr="date__gte", label=_("Received since"), widget=DAY
    )
    until = django_filters.DateFilter(
        field_name="received_at", lookup_expr="date__lte", label=_("Received until"), widget=DAY
    )

    class Meta:
        model = InboxEvent
        fields: list[Any] = []
