"""Tables of the group pages."""

import django_tables2 as tables
from django.utils.translation import gettext_lazy as _

from scrm.core.listing import NUMBER, ONE_LINE

CELL = "console/customers/groups/cells/{}.html"


class GroupTable(tables.Table):
    """Groups with owner, sizes and state; `record.store` is filled by the view."""

    name = tables.TemplateColumn(
        template_name=CELL.format("name"), verbose_name=_("Customer group")
    )
    owner = tables.TemplateColumn(
        template_name=CELL.format("owner"), verbose_name=_("Owner"), empty_values=()
    )
    customers_count = tables.Column(verbose_name=_("Customers"), attrs=NUMBER)
    members_count = tables.Column(verbose_name=_("All in it"), attrs=NUMBER)
    tags = tables.TemplateColumn(
        template_name=CELL.format("tags"), verbose_name=_("Tags"), empty_values=()
    )
    created_time = tables.DateTimeColumn(
        verbose_name=_("Created"), format="Y-m-d H:i", attrs=ONE_LINE
    )
    state = tables.TemplateColumn(
        template_name=CELL.format("state"), verbose_name=_("State"), empty_values=()
    )


class StayTable(tables.Table):
    """Who is and was in a group; `record.shown` and `record.may_open` are filled by the view."""

    who = tables.TemplateColumn(
        template_name=CELL.format("who"), verbose_name=_("Name"), empty_values=()
    )
    kind = tables.Column(accessor="get_kind_display", verbose_name=_("Kind"))
    way = tables.TemplateColumn(
        template_name=CELL.format("way"), verbose_name=_("How they joined"), empty_values=()
    )
    join_time = tables.DateTimeColumn(
        verbose_name=_("Joined the group"), format="Y-m-d H:i", attrs=ONE_LINE
    )
    left_at = tables.TemplateColumn(
        template_name=CELL.format("left"), verbose_name=_("Left the group")
    )
    places = tables.Column(verbose_name=_("In groups"), attrs=NUMBER)


class DuplicateTable(tables.Table):
    """Customers in several groups; `record.shown` and `record.groups` are filled by the view."""

    who = tables.TemplateColumn(
        template_name=CELL.format("who"), verbose_name=_("Customer"), empty_values=()
    )
    places = tables.Column(verbose_name=_("Groups"), attrs=NUMBER)
    which = tables.TemplateColumn(
        template_name=CELL.format("which"), verbose_name=_("Which"), empty_values=()
    )


class WelcomeTable(tables.Table):
    """Templates of welcome messages of groups."""

    title = tables.TemplateColumn(
        template_name=CELL.format("welcome_title"), verbose_name=_("Welcome template")
    )
    text = tables.TemplateColumn(template_name=CELL.format("welcome_text"), verbose_name=_("Text"))
    kind = tables.Column(accessor="get_kind_display", verbose_name=_("Attachment"))
    used = tables.Column(verbose_name=_("Groups noted"), attrs=NUMBER)
    updated_at = tables.DateTimeColumn(
        verbose_name=_("Changed"), format="Y-m-d H:i", attrs=ONE_LINE
    )
