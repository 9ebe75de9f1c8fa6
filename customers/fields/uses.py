"""Who asks for a customer field: rooms above name in settings.FIELD_USES what they keep that would miss it."""

from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.utils.module_loading import import_string


@dataclass(frozen=True)
class Use:
    """So many things of one kind that ask for a field; `label` names the kind in the reader's language."""

    label: str
    count: int


def uses_of(key: str) -> list[Use]:
    """Return what asks for a field, kinds without any left out."""
    rooms: list[Callable[[str], list[Use]]] = [import_string(path) for path in settings.FIELD_USES]
    return [use for room in rooms for use in room(key) if use.count]
