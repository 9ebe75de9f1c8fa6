"""Where an entry can stand, and in which phase of a sale that is; a new place is one line here."""

from dataclasses import dataclass
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _


class Phase(models.TextChoices):
    """When in a sale the customer meets the entry."""

    BEFORE = "before", _("before the sale")
    DURING = "during", _("during the sale")
    AFTER = "after", _("after the sale")


@dataclass(frozen=True)
class Place:
    """One place on the surfaces of partners."""

    phase: Phase
    label: Any


ORDER_RESULT = "order_result"
PLACES = {
    "home_page": Place(Phase.BEFORE, _("home page")),
    "product_page": Place(Phase.BEFORE, _("product page")),
    "live_stream": Place(Phase.BEFORE, _("live stream")),
    "cart": Place(Phase.DURING, _("cart")),
    ORDER_RESULT: Place(Phase.DURING, _("order result")),
    "order_detail": Place(Phase.AFTER, _("order details")),
    "delivery": Place(Phase.AFTER, _("delivery tracking")),
    "review": Place(Phase.AFTER, _("review")),
    "after_sale": Place(Phase.AFTER, _("after-sales service")),
}


def place_choices() -> list[tuple[str, list[tuple[str, Any]]]]:
    """Return the places under their phases, for a form."""
    return [
        (
            str(phase.label),
            [(code, place.label) for code, place in PLACES.items() if place.phase == phase],
        )
        for phase in Phase
    ]


def place_label(code: str) -> str:
    """Return a place in words; one that is no longer known keeps its code."""
    return str(PLACES[code].label) if code in PLACES else code
