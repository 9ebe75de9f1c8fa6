"""Who was forgotten: asked at every door by which people come in.

The tombstones are kept by a room above (settings.ERASED_RESOLVER); lower rooms ask here.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import cast

from django.conf import settings
from django.utils.module_loading import import_string

UNIONID, EXTERNAL_USERID, MEMBER_NO, PHONE = "unionid", "external_userid", "member_no", "phone"
# What stands where the name of a forgotten person stood, followed by a random number.
ERASED_PREFIX = "erased-"

Name = tuple[str, str]


class Erased:
    """Which of some names were erased, and when."""

    def __init__(self, found: Mapping[Name, datetime]) -> None:
        self._found = found

    def __bool__(self) -> bool:
        return bool(self._found)

    def at(self, *names: Name) -> datetime | None:
        """Return when the person of any of these names was erased last, None where nobody was."""
        return max((self._found[name] for name in names if name in self._found), default=None)

    def before(self, moment: datetime | None, *names: Name) -> bool:
        """Tell whether something of that moment belongs to what was erased: it is older, or nobody knows."""
        erased = self.at(*names)
        return erased is not None and (moment is None or moment <= erased)


def erased(names: Iterable[Name]) -> Erased:
    """Look up (kind, value) pairs, empty values left out; phones in E.164. At most one query for all."""
    wanted = {(kind, value) for kind, value in names if value}
    if not wanted:
        return Erased({})
    resolver = import_string(settings.ERASED_RESOLVER)
    return Erased(cast("Mapping[Name, datetime]", resolver(wanted)))
