"""Columns and filters of the alert list."""

import re
from typing import Any

import django_filters
import django_tables2 as tables
from django.conf import settings
from django.template.loader import render_to_string
from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from scrm.core.alerts.models import Alert, AlertLevel
from scrm.core.listing import ONE_LINE

TONES = {AlertLevel.INFO: "info", AlertLevel.WARNING: "warn", AlertLevel.CRITICAL: "bad"}


class AlertTable(tables.Table):
    """What happened, how often, when."""

    level = tables.Column(verbose_name=_("Level"))
    title = tables.Column(verbose_name=_("Alert"))
    text = tables.Column(verbose_name=_("Details"), attrs={"td": {"class": "break"}})
    count = tables.Column(verbose_name=_("Times"))
    raised_at = tables.DateTimeColumn(
        verbose_name=_("First time"), format="Y-m-d H:i:s", attrs=ONE_LINE
    )
    last_at = tables.DateTimeColumn(
        verbose_name=_("Last time"), format="Y-m-d H:i:s", attrs=ONE_LINE
    )

    class Meta:
        model = Alert
        fields = ("level", "title", "text", "count", "raised_at", "last_at")

    def render_title(self, record: Alert) -> str:
        """Say it in the reader's language."""
        return record.said_title

    def render_text(self, record: Alert) -> SafeString:
        """Say it in the reader's language; an address of ours is a link."""
        parts = re.split(f"({re.escape(settings.BASE_URL)}/[-\\w/.?=&%]*)", record.said_text)
        shown = [
            format_html('<a href="{}">{}</a>', part, part) if number % 2 else escape(part)
            for number, part in enumerate(parts)
        ]
        return format_html_join("", "{}", ((part,) for part in shown))

    def render_level(self, record: Any) -> str:
        """Show a dot and a word."""
        context = {"tone": TONES[AlertLevel(record.level)], "text": record.get_level_display()}
        return render_to_string("components/status.html", context)


class AlertFilter(django_filters.FilterSet):
    """Filters of the alert list."""

    level = django_filters.ChoiceFilter(
        choices=AlertLevel.choices, label=_("Level"), empty_label=_("All levels")
    )
    title = django_filters.CharFilter(lookup_expr="icontains", label=_("Alert"))

    class Meta:
        model = Alert
        fields = ("level", "title")
