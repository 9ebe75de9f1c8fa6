"""Columns and filters of templates and cards."""

from typing import Any

import django_filters
import django_tables2 as tables
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from contacts.directory.selectors import members_search, members_visible_to
from contacts.profiles.models import MemberProfile, ProfileTemplate
from contacts.profiles.selectors import templates_visible_to
from scrm.core.listing import NUMBER, ONE_LINE

FOLDER = "console/contacts/profiles"


class TemplateTable(tables.Table):
    """One template a row."""

    name = tables.TemplateColumn(
        "<a href=\"{% url 'external_profiles:detail' record.pk %}\">{{ value }}</a>",
        verbose_name=_("Card template"),
    )
    unit = tables.TemplateColumn(
        template_name=f"{FOLDER}/meant_cell.html", verbose_name=_("For"), empty_values=()
    )
    window = tables.TemplateColumn(
        template_name=f"{FOLDER}/window_cell.html",
        verbose_name=_("Time"),
        empty_values=(),
        attrs=ONE_LINE,
    )
    phase = tables.TemplateColumn(
        template_name=f"{FOLDER}/phase_cell.html", verbose_name=_("State")
    )
    cards = tables.Column(accessor="cards", verbose_name=_("Accounts showing it"), attrs=NUMBER)

    refused = tables.Column(accessor="refused", verbose_name=_("Not written"), attrs=NUMBER)
    changed = tables.Column(accessor="changed", verbose_name=_("Changed in WeCom"), attrs=NUMBER)

    class Meta:
        model = ProfileTemplate
        fields = ("name", "unit", "window", "phase", "cards", "refused", "changed")


def templates_of(request: Any) -> QuerySet[ProfileTemplate]:
    """Return the templates to choose from: those the scope may see."""
    scope = getattr(request, "scope", None)
    found = ProfileTemplate.objects.none() if scope is None else templates_visible_to(scope)
    return found.order_by("name")


class CardFilter(django_filters.FilterSet):
    """Search and filters of the cards."""

    q = django_filters.CharFilter(method="search", label=_("Name, userid or job number"))
    state = django_filters.ChoiceFilter(
        choices=MemberProfile.State.choices, label=_("State"), empty_label=_("All states")
    )
    template = django_filters.ModelChoiceFilter(
        queryset=templates_of, label=_("Card template"), empty_label=_("All templates")
    )

    class Meta:
        model = MemberProfile
        fields: tuple[str, ...] = ()

    def search(
        self, profiles: QuerySet[MemberProfile], _name: str, value: str
    ) -> QuerySet[MemberProfile]:
        """Match a part of the name, or a whole userid or job number."""
        found = members_search(members_visible_to(self.request.scope), value)
        return profiles.filter(member__in=found)


class CardTable(tables.Table):
    """One account a row: which template it shows, and whether WeCom took it."""

    member = tables.TemplateColumn(
        "<a href=\"{% url 'external_profiles:card' record.member_id|stringformat:'d' %}\">{{ record.member.name|default:record.member.userid }}</a>",
        verbose_name=_("Full name"),
    )
    userid = tables.TemplateColumn(
        "<code>{{ value }}</code>", accessor="member__userid", verbose_name=_("Account")
    )
    template = tables.Column(
        accessor="template__name", verbose_name=_("Card template"), default="—"
    )
    state = tables.TemplateColumn(
        template_name=f"{FOLDER}/state_cell.html", verbose_name=_("State")
    )
    written_at = tables.DateTimeColumn(
        format="Y-m-d H:i", verbose_name=_("Last written by us"), default="—", attrs=ONE_LINE
    )

    class Meta:
        model = MemberProfile
        fields = ("member", "userid", "template", "state", "written_at")
