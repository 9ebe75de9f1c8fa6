"""Columns of the reach page."""

from typing import Any

import django_tables2 as tables
from django.utils.translation import gettext_lazy as _

from materials.library.models import Material

CELLS = "console/materials/tracking/cells"
NUMBER = {"td": {"class": "num"}, "th": {"class": "num"}}


def _number(words: Any) -> tables.Column:
    return tables.Column(verbose_name=words, empty_values=(), attrs=NUMBER)


class ReachTable(tables.Table):
    """One row a material; `reach` is put on the rows by the view, for the page only."""

    title = tables.TemplateColumn(template_name=f"{CELLS}/title.html", verbose_name=_("Material"))
    kind = tables.Column(verbose_name=_("Type"))
    senders = _number(_("Guides who sent"))
    sends = _number(_("Sends"))
    viewers = tables.TemplateColumn(
        template_name=f"{CELLS}/viewers.html",
        verbose_name=_("Viewers (identified/inferred/anonymous)"),
        empty_values=(),
        attrs=NUMBER,
    )
    views = _number(_("Views"))
    average = _number(_("Seconds a view"))
    openings = _number(_("Openings (raw)"))

    class Meta:
        model = Material
        fields = ("title", "kind")

    def render_senders(self, record: Any) -> int:
        """Distinct guides."""
        return int(record.reach.senders)

    def render_sends(self, record: Any) -> int:
        """Confirmed sends."""
        return int(record.reach.sends)

    def render_views(self, record: Any) -> int:
        """Counted views."""
        return int(record.reach.figures.views)

    def render_average(self, record: Any) -> int:
        """Seconds of one view."""
        return int(record.reach.figures.average)

    def render_openings(self, record: Any) -> int:
        """Openings as they came."""
        return int(record.reach.figures.openings)
