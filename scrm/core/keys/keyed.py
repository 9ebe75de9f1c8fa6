"""Columns that are keyed hashes of other values of their row; each room names its own, settings.KEYED_COLUMNS gathers them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.db import models
from django.utils.module_loading import import_string

from scrm.core.crypto import blind_indexes


def nothing(_row: object) -> tuple[tuple[str, str], ...]:
    """Have no index that others copy."""
    return ()


@dataclass(frozen=True)
class Keyed:
    """One table: its keyed columns, and what they must be for a row under the key that writes.

    compute: row → value by column; sources: row → (kind, value) of the indexes others copied. A table whose hashes are compared with those of other tables, and that is
    small, is rewritten in one transaction (`at_once`).
    """

    model: type[models.Model]
    columns: tuple[str, ...]
    compute: Callable[[Any], Mapping[str, Any]]
    at_once: bool = False
    sources: Callable[[Any], Iterable[tuple[str, str]]] = nothing

    @property
    def label(self) -> str:
        """Return the table's name as the data map calls it."""
        return str(self.model._meta.label)

    def stale(self, row: models.Model) -> dict[str, Any]:
        """Return what of a row is not as the writing key makes it: the new values by column."""
        wanted = self.compute(row)
        return {
            name: value
            for name, value in wanted.items()
            if plain(getattr(row, name)) != plain(value)
        }

    def moves(self, row: models.Model) -> dict[bytes, bytes]:
        """Return which indexes of a row become which under the writing key."""
        found: dict[bytes, bytes] = {}
        for kind, value in self.sources(row):
            current, *former = blind_indexes(kind, value)
            found |= dict.fromkeys(former, current)
        return found


def plain(value: Any) -> Any:
    """Return bytes and lists of bytes as comparable values."""
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return bytes(value) if isinstance(value, memoryview | bytes) else value


def keyed_tables() -> tuple[Keyed, ...]:
    """Return every table with keyed columns."""
    return _loaded(tuple(settings.KEYED_COLUMNS))


def indexes_moved(moved: Mapping[bytes, bytes]) -> None:
    """Tell whoever copied indexes out of their rows which ones became which."""
    if moved:
        for path in settings.INDEXES_MOVED:
            import_string(path)(moved)


@lru_cache(maxsize=4)
def _loaded(paths: tuple[str, ...]) -> tuple[Keyed, ...]:
    return tuple(import_string(path) for path in paths)
