"""Columns of the list of adds."""

import django_tables2 as tables
from django.utils.translation import gettext_lazy as _

from attribution.adds.models import AddEpisode
from scrm.core.listing import ONE_LINE


class AddTable(tables.Table):
    """One row a making of a relation."""

    started_at = tables.DateTimeColumn(
        verbose_name=_("Added at"), format="Y-m-d H:i", attrs=ONE_LINE
    )
    userid = tables.TemplateColumn(
        template_name="components/cells/member.html", verbose_name=_("Member")
    )
    external_userid = tables.TemplateColumn(
        template_name="components/cells/customer.html", verbose_name=_("Customer")
    )
    live_code = tables.Column(verbose_name=_("Live code"), linkify=lambda record: _link(record))
    confirmed_at = tables.DateTimeColumn(
        verbose_name=_("Confirmed at"), format="Y-m-d H:i", default="—", attrs=ONE_LINE
    )
    ended_at = tables.DateTimeColumn(
        verbose_name=_("Ended at"), format="Y-m-d H:i", default="—", attrs=ONE_LINE
    )

    class Meta:
        model = AddEpisode
        fields = (
            "started_at",
            "userid",
            "external_userid",
            "live_code",
            "confirmed_at",
            "ended_at",
        )


def _link(record: AddEpisode) -> tuple[str, list[int]]:
    return "live_codes:detail", [record.live_code_id or 0]
