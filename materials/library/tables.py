"""Columns of the library's list."""

import django_tables2 as tables
from django.utils.translation import gettext_lazy as _

from materials.library.models import Material
from scrm.core.listing import ONE_LINE

CELLS = "console/materials/library/cells"


class MaterialTable(tables.Table):
    """One row a material."""

    title = tables.TemplateColumn(template_name=f"{CELLS}/title.html", verbose_name=_("Material"))
    kind = tables.Column(verbose_name=_("Type"))
    category = tables.Column(verbose_name=_("Category"), default="–")
    status = tables.TemplateColumn(template_name=f"{CELLS}/status.html", verbose_name=_("Status"))
    valid_until = tables.DateTimeColumn(
        verbose_name=_("Valid until"), format="Y-m-d H:i", default="–", attrs=ONE_LINE
    )
    units = tables.TemplateColumn(
        template_name=f"{CELLS}/units.html", verbose_name=_("Visible to"), empty_values=()
    )
    updated_at = tables.DateTimeColumn(
        verbose_name=_("Changed"), format="Y-m-d H:i", attrs=ONE_LINE
    )

    class Meta:
        model = Material
        fields = ("title", "kind", "category", "status", "valid_until", "units", "updated_at")
