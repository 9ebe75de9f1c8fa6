"""The tables of segments, rules and of those who are only a friend or only a member."""

import django_tables2 as tables
from django.utils.translation import gettext_lazy as _

from scrm.core.listing import ONE_LINE

CELL = "console/customers/segments/cells/{}.html"


class SegmentTable(tables.Table):
    """One segment a row; its persons are counted by a second request."""

    name = tables.TemplateColumn(template_name=CELL.format("segment"), verbose_name=_("Segment"))
    kind = tables.Column(verbose_name=_("Kind"))
    persons = tables.TemplateColumn(
        template_name=CELL.format("count"), verbose_name=_("Persons now"), empty_values=()
    )
    created_by = tables.Column(verbose_name=_("Made by"), default="–")
    expires_at = tables.TemplateColumn(
        template_name=CELL.format("ends"), verbose_name=_("Ends"), attrs=ONE_LINE
    )

    class Meta:
        attrs = {"class": "table table-list"}


class PersonTable(tables.Table):
    """A customer of a segment; `record.shown` and `record.may_open` are filled by the view."""

    name = tables.TemplateColumn(template_name=CELL.format("person"), verbose_name=_("Customer"))
    guides = tables.TemplateColumn(
        template_name=CELL.format("guides"), verbose_name=_("Guides"), empty_values=()
    )
    tags = tables.TemplateColumn(
        template_name=CELL.format("tags"), verbose_name=_("Tags"), empty_values=()
    )

    class Meta:
        attrs = {"class": "table table-list"}


class RuleTable(tables.Table):
    """One rule a row; `record.tags_shown` is filled by the view."""

    name = tables.TemplateColumn(template_name=CELL.format("rule"), verbose_name=_("Rule"))
    tags = tables.TemplateColumn(
        template_name=CELL.format("rule_tags"), verbose_name=_("Tags"), empty_values=()
    )
    state = tables.TemplateColumn(template_name=CELL.format("state"), verbose_name=_("State"))
    checked_at = tables.DateTimeColumn(
        format="Y-m-d H:i", verbose_name=_("All checked at"), attrs=ONE_LINE, default="–"
    )

    class Meta:
        attrs = {"class": "table table-list"}


class StrangerTable(tables.Table):
    """A member who is nobody's friend; `record.shown_name`, `shown_phone`, `store` are filled by the view."""

    member_no = tables.Column(verbose_name=_("Member number"))
    shown_name = tables.Column(verbose_name=_("Name"), empty_values=(), default="–")
    shown_phone = tables.Column(verbose_name=_("Phone"), empty_values=(), default="–")
    level = tables.Column(verbose_name=_("Membership level"), default="–")
    store = tables.TemplateColumn(
        template_name=CELL.format("store"), verbose_name=_("Store"), empty_values=()
    )
    joined_on = tables.DateColumn(
        format="Y-m-d", verbose_name=_("Joined on"), attrs=ONE_LINE, default="–"
    )
    invited = tables.TemplateColumn(
        template_name=CELL.format("invited"), verbose_name=_("Invitation"), empty_values=()
    )

    class Meta:
        attrs = {"class": "table table-list"}


class UnenrolledTable(tables.Table):
    """A friend who is no member; `record.shown` and `record.enrolment` are filled by the view."""

    name = tables.TemplateColumn(template_name=CELL.format("person"), verbose_name=_("Customer"))
    guides = tables.TemplateColumn(
        template_name=CELL.format("guides"),
        verbose_name=_("Guides"),
        empty_values=(),
    )
    enrolment = tables.TemplateColumn(
        template_name=CELL.format("enrolment"),
        verbose_name=_("Enrolment link of the guide"),
        empty_values=(),
    )

    class Meta:
        attrs = {"class": "table table-list"}
