"""Words of feed items by their code; a code that is not listed here does not exist.

Whoever puts a new kind of item in adds its line; the placeholders name keys of the item's data.
"""

import re
from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

TITLES: dict[str, Promise] = {
    "notice": _("%(text)s"),
    "add.waiting": _("%(customer)s added you and waits for a first message"),
    "material.viewed": _("%(customer)s looked at %(material)s"),
    "follow_up.due": _("Come back to %(customer)s as agreed"),
    "members.invite": _("Invite %(count)s members of your store to add you"),
    "inheritance.received": _("%(count)s customers were handed over to you"),
}
PLACEHOLDER = re.compile(r"%\((\w+)\)s")


def title_of(code: str, data: Mapping[str, object]) -> str:
    """Return the words of a code filled from `data`; what `data` lacks is shown as a dash."""
    words = str(TITLES.get(code, TITLES["notice"]))
    return PLACEHOLDER.sub(lambda found: str(data.get(found[1], "-")), words)
