"""Names of the figures that jobs leave behind, in the order in which they are shown; others are not shown."""

from typing import Any

from django.utils.formats import localize
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

FIGURES = {
    "departments": gettext_lazy("Departments"),
    "members": gettext_lazy("Members"),
    "hidden": gettext_lazy("Members outside of what WeCom lets us see"),
    "relations": gettext_lazy("Relations read"),
    "groups": gettext_lazy("Tag groups"),
    "tags": gettext_lazy("Tags"),
    "created": gettext_lazy("New"),
    "updated": gettext_lazy("Changed"),
    "unchanged": gettext_lazy("Unchanged"),
    "removed": gettext_lazy("Removed"),
    "codes_waiting": gettext_lazy("Stores whose code does not work yet"),
    "orders": gettext_lazy("Orders looked at"),
    "changed": gettext_lazy("Would go to somebody else"),
    "failed": gettext_lazy("Failed rows"),
}


def figures_of(result: Any) -> list[tuple[str, str]]:
    """Return (name, value as people read it) of a job's figures.

    Only numbers and texts under a name of FIGURES: whoever sees jobs does not see everything they are about.
    """
    if not isinstance(result, dict):
        return []
    return [
        (str(words), _shown(result[key]))
        for key, words in FIGURES.items()
        if isinstance(result.get(key), int | float | str)
    ]


def _shown(value: float | str) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return value if isinstance(value, str) else str(localize(value))
