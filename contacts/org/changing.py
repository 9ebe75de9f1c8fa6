"""What closing, merging or moving a store means is said by parts: accounts here, codes and entries in higher rooms.

settings.STORE_CHANGE_PARTS names them by dotted paths, so that no import points upwards.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils.functional import Promise
from django.utils.module_loading import import_string

from contacts.org.change_models import StoreChange, StoreChangeStep

# In which order steps are taken, whatever part they belong to.
FIRST, ACCOUNTS, CODES, AFTERWARDS, STORE = 10, 20, 30, 40, 90


@dataclass(frozen=True)
class PlannedStep:
    """One step; `key` is what the part needs to do it, `kept` shows what is left as it is."""

    act: str
    subject: str
    key: str = ""
    kept: bool = False
    order: int = FIRST


@dataclass(frozen=True)
class ChangePart:
    """What one room does at a change.

    `acts` are its steps in words; `plan` reads only; `apply` does one step in the caller's transaction, may be called
    again for a step that is done already, and raises ScrmError in words where it cannot.
    """

    acts: Mapping[str, Promise]
    plan: Callable[[StoreChange], Iterable[PlannedStep]]
    apply: Callable[[StoreChange, StoreChangeStep, Any], None]


def change_parts() -> list[ChangePart]:
    """Return the parts of this installation."""
    return [import_string(path) for path in settings.STORE_CHANGE_PARTS]


def part_of(act: str) -> ChangePart:
    """Return the part that knows a step."""
    return next(part for part in change_parts() if act in part.acts)


def act_words(act: str) -> str:
    """Return a step in words; one no part knows any more keeps its code."""
    return next((str(part.acts[act]) for part in change_parts() if act in part.acts), act)
