"""Names of the figures that jobs leave behind, in the order in which they are shown."""

from typing import Any

from django.utils.translation import gettext_lazy as _

FIGURES = {
    "departments": _("Departments"),
    "members": _("Members"),
    "hidden": _("Members outside of what WeCom lets us see"),
    "relations": _("Relations read"),
    "groups": _("Tag groups"),
    "tags": _("Tags"),
    "created": _("New"),
    "updated": _("Changed"),
    "unchanged": _("Unchanged"),
    "removed": _("Removed"),
    "failed": _("Failed rows"),
}


def figures_of(result: Any) -> list[tuple[str, Any]]:
    """Return (name, value) of a job's figures; one without a name keeps its key."""
    if not isinstance(result, dict):
        return []
    known = [(str(words), result[key]) for key, words in FIGURES.items() if key in result]
    return known + sorted((key, result[key]) for key in result if key not in FIGURES)
