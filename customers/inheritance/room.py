"""How many more customers an account can take: a room above counts that, and is asked by its path."""

from collections.abc import Iterable, Mapping
from typing import cast

from django.conf import settings
from django.utils.module_loading import import_string


def room_of(member_ids: Iterable[int]) -> Mapping[int, int]:
    """Return the free places by member, 0 for one that must take nobody; a member without a limit is left out."""
    wanted = sorted(set(member_ids))
    if not wanted:
        return {}
    return cast("Mapping[int, int]", import_string(settings.SUCCESSOR_ROOM)(wanted))
