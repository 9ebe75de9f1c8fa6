"""Columns of the welcome pages."""

import django_tables2 as tables
from django.utils.translation import gettext_lazy as _

from attribution.welcome.models import WelcomeDelivery
from scrm.core.listing import ONE_LINE


class DeliveryTable(tables.Table):
    """One row a welcome code: for whom, from where, and what became of it."""

    occurred_at = tables.DateTimeColumn(
        verbose_name=_("Added at"), format="Y-m-d H:i", attrs=ONE_LINE
    )
    userid = tables.TemplateColumn(
        template_name="components/cells/member.html", verbose_name=_("Member")
    )
    external_userid = tables.TemplateColumn(
        template_name="components/cells/customer.html", verbose_name=_("Customer")
    )
    source = tables.TemplateColumn(
        "{{ record.get_source_display|capfirst }}", verbose_name=_("Chosen from")
    )
    outcome = tables.TemplateColumn(
        template_name="console/attribution/welcome/cells/outcome.html",
        verbose_name=_("Outcome"),
        empty_values=(),
    )

    class Meta:
        model = WelcomeDelivery
        fields = ("occurred_at", "userid", "external_userid", "source", "outcome")
