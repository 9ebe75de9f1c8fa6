"""Columns and filters of the list of sessions."""

import django_filters
import django_tables2 as tables
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from scrm.accounts.sessions.models import Face, UserSession, Way
from scrm.core.listing import ONE_LINE

CELLS = "console/accounts/sessions/cells"


class SessionTable(tables.Table):
    """Who is logged in, where and since when."""

    user = tables.TemplateColumn(template_name=f"{CELLS}/user.html", verbose_name=_("Person"))
    face = tables.TemplateColumn(template_name=f"{CELLS}/face.html", verbose_name=_("Where"))
    agent = tables.TemplateColumn(
        template_name=f"{CELLS}/agent.html", verbose_name=_("Browser"), empty_values=()
    )
    entered_at = tables.DateTimeColumn(
        verbose_name=_("Logged in"), format="Y-m-d H:i", attrs=ONE_LINE
    )
    seen_at = tables.DateTimeColumn(verbose_name=_("Last used"), format="Y-m-d H:i", attrs=ONE_LINE)
    actions = tables.TemplateColumn(
        template_name=f"{CELLS}/actions.html", verbose_name=_("Actions"), empty_values=()
    )

    class Meta:
        model = UserSession
        fields = ("user", "face", "agent", "entered_at", "seen_at", "actions")


class SessionFilter(django_filters.FilterSet):
    """Person, place and way, kept in the URL."""

    person = django_filters.CharFilter(method="by_person", label=_("Name or user name"))
    face = django_filters.ChoiceFilter(
        choices=Face.choices, label=_("Where"), empty_label=_("Console and phone")
    )
    way = django_filters.ChoiceFilter(
        choices=Way.choices, label=_("Way in"), empty_label=_("Any way in")
    )

    class Meta:
        model = UserSession
        fields = ("face", "way")

    def by_person(
        self, sessions: QuerySet[UserSession], _name: str, value: str
    ) -> QuerySet[UserSession]:
        """Keep the sessions of people with this name or user name in theirs."""
        text = value.strip()
        return sessions.filter(user__name__icontains=text) | sessions.filter(
            user__username__icontains=text
        )
