"""Columns and filters of the audit."""

import django_filters
import django_tables2 as tables
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from scrm.core.audit.models import AuditEntry
from scrm.core.audit.words import action_words, target_words
from scrm.core.listing import NUMBER, ONE_LINE


class AuditTable(tables.Table):
    """Who did what to which object, when and from where."""

    at = tables.DateTimeColumn(
        verbose_name=_("Time"),
        format="Y-m-d H:i:s",
        linkify=("audit:detail", {"pk": tables.A("pk")}),
        attrs=ONE_LINE,
    )
    actor_name = tables.Column(verbose_name=_("Who"), default=_("the system"))
    action = tables.Column(verbose_name=_("Action"))
    target = tables.Column(verbose_name=_("Object"), attrs={"td": {"class": "break"}})
    ip = tables.Column(verbose_name=_("Address"), default="—")
    seq = tables.Column(
        verbose_name=_("Number"), default=_("waiting"), localize=False, attrs=NUMBER
    )

    class Meta:
        model = AuditEntry
        fields = ("at", "actor_name", "action", "target", "ip", "seq")

    def render_action(self, value: str) -> SafeString:
        """Words, with the code that the filter takes."""
        return format_html("{} <code>{}</code>", action_words(value), value)

    def render_target(self, value: str) -> SafeString:
        """Words and a short id, with the whole one for whoever searches."""
        return format_html('<span title="{}">{}</span>', value, target_words(value))


class AuditFilter(django_filters.FilterSet):
    """Filters of the audit."""

    actor_name = django_filters.CharFilter(lookup_expr="icontains", label=_("Who"))
    action = django_filters.CharFilter(lookup_expr="startswith", label=_("Action"))
    target = django_filters.CharFilter(lookup_expr="startswith", label=_("Object"))

    class Meta:
        model = AuditEntry
        fields = ("actor_name", "action", "target")
