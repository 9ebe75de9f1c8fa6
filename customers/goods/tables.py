"""Tables of the goods pages."""

import django_tables2 as tables
from django.utils.translation import gettext_lazy as _

from customers.goods.models import Goods
from scrm.core.listing import ONE_LINE

CELL = "console/customers/goods/cells/{}.html"


class GoodsTable(tables.Table):
    """Goods with their picture and how many pieces the stores in scope have."""

    name = tables.TemplateColumn(template_name=CELL.format("name"), verbose_name=_("Goods"))
    sku = tables.Column(verbose_name=_("SKU"), attrs=ONE_LINE)
    model = tables.Column(verbose_name=_("Model"))
    category = tables.Column(verbose_name=_("Category"))
    colour = tables.Column(verbose_name=_("Colour"))
    size = tables.Column(verbose_name=_("Size"))
    price = tables.Column(verbose_name=_("Price"))
    pieces = tables.TemplateColumn(
        template_name=CELL.format("pieces"), verbose_name=_("Pieces in stores")
    )
    state = tables.TemplateColumn(template_name=CELL.format("state"), verbose_name=_("State"))

    class Meta:
        sequence = (
            "name",
            "sku",
            "model",
            "category",
            "colour",
            "size",
            "price",
            "pieces",
            "state",
        )

    def render_price(self, record: Goods) -> str:
        """Show yuan."""
        return f"¥{record.price:.2f}"
