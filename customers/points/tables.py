"""Tables of the points pages; `record.shown` is filled by the view."""

import django_tables2 as tables
from django.utils.translation import gettext_lazy as _

from scrm.core.listing import NUMBER, ONE_LINE

CELL = "console/customers/points/cells/{}.html"
WHO = _("Customer")


class AccountTable(tables.Table):
    """Customers' accounts."""

    who = tables.TemplateColumn(template_name=CELL.format("who"), verbose_name=WHO, empty_values=())
    balance = tables.Column(verbose_name=_("Balance"), attrs=NUMBER)
    created_at = tables.DateTimeColumn(verbose_name=_("Since"), format="Y-m-d H:i", attrs=ONE_LINE)


class EntryTable(tables.Table):
    """Movements."""

    made_at = tables.DateTimeColumn(
        accessor="transaction__made_at", verbose_name=_("When"), format="Y-m-d H:i", attrs=ONE_LINE
    )
    who = tables.TemplateColumn(
        template_name=CELL.format("whose"), verbose_name=WHO, empty_values=()
    )
    kind = tables.Column(accessor="transaction__get_kind_display", verbose_name=_("Kind"))
    amount = tables.TemplateColumn(
        template_name=CELL.format("amount"), verbose_name=_("Points"), attrs=NUMBER
    )
    note = tables.TemplateColumn(
        template_name=CELL.format("note"), verbose_name=_("What for"), empty_values=()
    )


class RewardTable(tables.Table):
    """Rewards with their stock."""

    name = tables.TemplateColumn(template_name=CELL.format("reward"), verbose_name=_("Reward"))
    kind = tables.Column(accessor="get_kind_display", verbose_name=_("Kind"))
    cost = tables.Column(verbose_name=_("Points"), attrs=NUMBER)
    stock = tables.Column(verbose_name=_("Pieces"), attrs=NUMBER)
    left = tables.Column(verbose_name=_("Left"), attrs=NUMBER)
    held = tables.Column(verbose_name=_("To be picked up"), attrs=NUMBER)
    given = tables.Column(verbose_name=_("Handed out"), attrs=NUMBER)
    state = tables.TemplateColumn(
        template_name=CELL.format("open"), verbose_name=_("State"), empty_values=()
    )


class RedemptionTable(tables.Table):
    """Redemptions and what became of them."""

    made_at = tables.DateTimeColumn(verbose_name=_("Redeemed"), format="Y-m-d H:i", attrs=ONE_LINE)
    who = tables.TemplateColumn(
        template_name=CELL.format("whose"), verbose_name=WHO, empty_values=()
    )
    reward = tables.Column(accessor="reward__name", verbose_name=_("Reward"))
    cost = tables.Column(verbose_name=_("Points"), attrs=NUMBER)
    state = tables.TemplateColumn(
        template_name=CELL.format("state"), verbose_name=_("State"), empty_values=()
    )
    act = tables.TemplateColumn(
        template_name=CELL.format("cancel"), verbose_name="", empty_values=()
    )
