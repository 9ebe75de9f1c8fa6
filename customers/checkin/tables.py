"""Tables of the check-in pages."""

import django_tables2 as tables
from django.utils.translation import gettext_lazy as _

from scrm.core.listing import NUMBER, ONE_LINE

CELL = "console/customers/checkin/cells/{}.html"


class CampaignTable(tables.Table):
    """Campaigns with how many took part in groups in scope."""

    name = tables.TemplateColumn(template_name=CELL.format("name"), verbose_name=_("Activity"))
    starts_on = tables.DateColumn(verbose_name=_("First day"), format="Y-m-d", attrs=ONE_LINE)
    ends_on = tables.DateColumn(verbose_name=_("Last day"), format="Y-m-d", attrs=ONE_LINE)
    points = tables.Column(verbose_name=_("Points a day"), attrs=NUMBER)
    people = tables.Column(verbose_name=_("Customers"), attrs=NUMBER)
    times = tables.Column(verbose_name=_("Check-ins"), attrs=NUMBER)
    state = tables.TemplateColumn(template_name=CELL.format("state"), verbose_name=_("State"))
