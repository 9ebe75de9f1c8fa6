"""Words for rules and for what the timeline says."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

RULES: dict[str, Promise] = {
    "adds_minute": _("Too many customers added within a minute"),
    "adds_hour": _("Too many customers added within an hour"),
    "deletions_minute": _("Too many customers deleted within a minute"),
    "deletions_hour": _("Too many customers deleted within an hour"),
    "losses_hour": _("Too many customers left the member within an hour"),
}


def rule_words(code: str) -> str:
    """Return a rule's name; the code itself for one that is no longer there."""
    return str(RULES.get(code, code))
