"""Columns and filters of the audit."""

from datetime import date, datetime, time, timedelta
from typing import Any

import django_filters
import django_tables2 as tables
from django.db.models import Q, QuerySet
from django.forms import Form
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from scrm.core.audit.models import AuditEntry
from scrm.core.audit.words import ACTIONS, OBJECTS, action_words, target_words
from scrm.core.days import DayInput, days_check
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

    def render_target(self, value: str, record: AuditEntry) -> SafeString:
        """Words and a name or a short id, with the whole one for whoever searches."""
        words = target_words(value, getattr(record, "target_name", ""))
        return format_html('<span title="{}">{}</span>', value, words)


class DaysForm(Form):
    """Refuses days that lie in no year of ours, or in the wrong order."""

    def clean(self) -> dict[str, Any]:
        """Check both days together."""
        days_check(self, "first", "last")
        if self.errors.keys() & {"first", "last"}:
            # What one of them says is of no use without the other.
            self.cleaned_data.pop("first", None)
            self.cleaned_data.pop("last", None)
        return self.cleaned_data


class AuditFilter(django_filters.FilterSet):
    """Person, action, object and days, kept in the URL."""

    actor_name = django_filters.CharFilter(method="by_person", label=_("Who"))
    action = django_filters.ChoiceFilter(
        choices=lambda: sorted(ACTIONS.items(), key=lambda pair: str(pair[1])),
        label=_("Action"),
        empty_label=_("Any action"),
    )
    object = django_filters.ChoiceFilter(
        choices=lambda: sorted(OBJECTS.items(), key=lambda pair: str(pair[1])),
        method="by_object",
        label=_("Object"),
        empty_label=_("Any object"),
    )
    target = django_filters.CharFilter(lookup_expr="startswith", label=_("Object's id"))
    first = django_filters.DateFilter(method="since", label=_("From"), widget=DayInput())
    last = django_filters.DateFilter(method="until", label=_("To"), widget=DayInput())

    class Meta:
        model = AuditEntry
        fields = ("actor_name", "action", "target")
        form = DaysForm

    def by_person(
        self, entries: QuerySet[AuditEntry], _name: str, value: str
    ) -> QuerySet[AuditEntry]:
        """Keep the acts of people with these words in name or user name."""
        words = value.strip()
        return entries.filter(Q(actor_name__icontains=words) | Q(actor__name__icontains=words))

    def by_object(
        self, entries: QuerySet[AuditEntry], _name: str, value: str
    ) -> QuerySet[AuditEntry]:
        """Keep the acts on objects of one kind."""
        return entries.filter(target__startswith=f"{value}:")

    def since(self, entries: QuerySet[AuditEntry], _name: str, value: date) -> QuerySet[AuditEntry]:
        """Keep the acts from a day on, as days are counted here."""
        return entries.filter(at__gte=day_start(value))

    def until(self, entries: QuerySet[AuditEntry], _name: str, value: date) -> QuerySet[AuditEntry]:
        """Keep the acts up to a day, that day included."""
        return entries.filter(at__lt=day_start(value + timedelta(days=1)))


def day_start(day: date) -> datetime:
    """Return the local midnight at which a day begins."""
    return timezone.make_aware(datetime.combine(day, time()))
