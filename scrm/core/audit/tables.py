"""Columns and filters of the audit."""

import django_filters
import django_tables2 as tables
from django.utils.translation import gettext_lazy as _

from scrm.core.audit.models import AuditEntry


class AuditTable(tables.Table):
    """Who did what to which object, when and from where."""

    at = tables.DateTimeColumn(
        verbose_name=_("Time"),
        format="Y-m-d H:i:s",
        linkify=("audit:detail", {"pk": tables.A("pk")}),
    )
    actor_name = tables.Column(verbose_name=_("Who"), default="—")
    action = tables.Column(verbose_name=_("Action"))
    target = tables.Column(verbose_name=_("Object"), attrs={"td": {"class": "break"}})
    ip = tables.Column(verbose_name=_("Address"), default="—")
    seq = tables.Column(verbose_name=_("Number"), default=_("waiting"), localize=False)

    class Meta:
        model = AuditEntry
        fields = ("at", "actor_name", "action", "target", "ip", "seq")


class AuditFilter(django_filters.FilterSet):
    """Filters of the audit."""

    actor_name = django_filters.CharFilter(lookup_expr="icontains", label=_("Who"))
    action = django_filters.CharFilter(lookup_expr="startswith", label=_("Action"))
    target = django_filters.CharFilter(lookup_expr="startswith", label=_("Object"))

    class Meta:
        model = AuditEntry
        fields = ("actor_name", "action", "target")
