"""Words for the surfaces that we and our sample mall name; others keep the name their sender gives."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

SURFACES: dict[str, Promise] = {
    "material": _("material of a guide"),
    "live_code": _("live code"),
    "add": _("guide added directly"),
    "mall-home": _("mall: first page"),
    "mall-product": _("mall: product page"),
    "mall-result": _("mall: order result page"),
    "mall-mini": _("mall: mini program"),
    "page_view": _("page without a name"),
    "product_view": _("product page without a name"),
}


def surface_words(surface: str) -> str:
    """Return a surface in words; the sender's own name for one that is not known here."""
    return str(SURFACES.get(surface, surface))
