"""Columns of the list of incidents."""

import django_tables2 as tables
from django.utils.translation import gettext_lazy as _

from risk.anomalies.models import Incident

CELL = "console/risk/anomalies/cells/{}.html"


class IncidentTable(tables.Table):
    """One row an incident, the newest first; `held` (steps in force) is fetched by the view."""

    opened_at = tables.TemplateColumn(
        template_name=CELL.format("opened"), verbose_name=_("Noticed")
    )
    member = tables.TemplateColumn(template_name=CELL.format("member"), verbose_name=_("Account"))
    rules = tables.TemplateColumn(
        template_name=CELL.format("rules"), verbose_name=_("Rules fired"), orderable=False
    )
    count = tables.Column(
        verbose_name=_("At most in the window"),
        attrs={"td": {"class": "num"}, "th": {"class": "num"}},
    )
    held = tables.TemplateColumn(
        template_name=CELL.format("held"), verbose_name=_("Steps in force"), empty_values=()
    )
    state = tables.TemplateColumn(template_name=CELL.format("state"), verbose_name=_("State"))

    class Meta:
        model = Incident
        fields = ("opened_at", "member", "rules", "count", "held", "state")
