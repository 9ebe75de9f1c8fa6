"""Which path of the OA's records holds which of our fields, and what its words mean."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from contacts.oa_sync.columns import REQUIRED, mapping, word_values
from contacts.oa_sync.rows import SourceRow
from contacts.oa_sync.sources.protocol import ROLES
from contacts.oa_sync.words import field_words
from contacts.org.headers import folded
from scrm.core.exceptions import ValidationFailed
from scrm.core.feeds.paths import find, leaves, parse, text_of
from scrm.core.feeds.records import Feed

# Fields whose cells are words that a source may spell in its own way.
WORDED = {"departments": ("kind",), "employees": ("gender", "state")}


def fields_of(role: str) -> list[str]:
    """Return our fields of a role, in the template's order."""
    return list(mapping()[role])


@dataclass(frozen=True)
class FieldMapping:
    """`paths[role][field]` is a path, `words[role][field][folded word]` one of our values."""

    paths: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    words: Mapping[str, Mapping[str, Mapping[str, str]]] = field(default_factory=dict)

    @classmethod
    def stored(cls, kept: Mapping[str, Any]) -> "FieldMapping":
        """Return a mapping as the database keeps it."""
        return cls(kept.get("paths", {}), kept.get("words", {}))

    def kept(self) -> dict[str, Any]:
        """Return it as the database keeps it."""
        return {"paths": self.paths, "words": self.words}

    def needs(self, role: str) -> list[str]:
        """Return the needed fields of a role that have no path yet."""
        paths = self.paths.get(role, {})
        return [name for name in REQUIRED[role] if not paths.get(name)]

    @property
    def is_whole(self) -> bool:
        """Return whether every needed field has a path."""
        return not any(self.needs(role) for role in ROLES)

    def check(self) -> None:
        """Raise ValidationFailed for a path that cannot be read, or a needed field without one."""
        for role in ROLES:
            if missing := self.needs(role):
                names = ", ".join(field_words(name, role) for name in missing)
                raise ValidationFailed(
                    _("Say where the OA keeps: %(fields)s.") % {"fields": names},
                    code="mapping_incomplete",
                )
            for path in self.paths[role].values():
                parse(path)

    def columns(self, role: str, headers: Collection[str]) -> dict[str, str]:
        """Return field → header where a file has every column this names, else nothing."""
        found = {name: _header(path) for name, path in self.paths.get(role, {}).items()}
        whole = not self.needs(role) and all(header in headers for header in found.values())
        return found if whole else {}

    def values(self, role: str, data: Mapping[str, Any]) -> dict[str, str]:
        """Return the cells of one record by our fields."""
        words = self.words.get(role, {})
        cells = {}
        for name, path in self.paths.get(role, {}).items():
            text = text_of(find(data, path)) if path else ""
            cells[name] = words.get(name, {}).get(folded(text), text)
        return cells


def _header(path: str) -> str:
    """Return the column a path names in a table, which has one level."""
    steps = parse(path) if path.startswith("['") else ()
    return str(steps[0]) if len(steps) == 1 else path


def _key(name: str) -> str:
    return folded(name.strip("[']")).replace("_", "").replace("-", "")


def guess(role: str, data: Mapping[str, Any]) -> dict[str, str]:
    """Return the paths whose last key is a spelling that columns.toml knows."""
    by_key: dict[str, str] = {}
    for path in leaves(data):
        by_key.setdefault(_key(path), path)
        by_key.setdefault(_key(path.rpartition(".")[2]), path)
    found = {}
    for name, spellings in mapping()[role].items():
        keys = [_key(word) for word in spellings]
        if paths := [by_key[key] for key in keys if key in by_key]:
            found[name] = paths[0]
    return found


def read_words(role: str, text: str) -> dict[str, dict[str, str]]:
    """Read lines like `state: 5 = left`; raises ValidationFailed naming the line that is not one."""
    found: dict[str, dict[str, str]] = {}
    for line in filter(None, (line.strip() for line in text.splitlines())):
        name, _colon, rest = line.partition(":")
        word, _equals, value = rest.partition("=")
        name, word, value = name.strip(), folded(word), value.strip()
        known = word_values(name).get(folded(value)) if name in WORDED[role] else None
        if not word or known is None:
            raise ValidationFailed(
                _('"%(line)s" is not understood. Write lines like "%(example)s".')
                % {"line": line[:80], "example": _example(role)},
                code="words_unreadable",
            )
        found.setdefault(name, {})[word] = known
    return found


def _example(role: str) -> str:
    return "state: 5 = left" if role == "employees" else "kind: 3 = store"


def words_text(words: Mapping[str, Mapping[str, str]]) -> str:
    """Return words as the lines `read_words` reads."""
    return "\n".join(
        f"{name}: {word} = {value}" for name, each in words.items() for word, value in each.items()
    )


class MappedSource:
    """A connector's feed seen through its mapping."""

    def __init__(
        self,
        feed: Feed,
        mapping: FieldMapping,
        *,
        name: str = "",
        limits: Mapping[str, int] | None = None,
    ) -> None:
        self.name = name
        self._feed, self._mapping, self._limits = feed, mapping, limits or {}

    def departments(self) -> Iterator[SourceRow]:
        """Iterate departments; raises ScrmError."""
        return self._rows("departments")

    def employees(self) -> Iterator[SourceRow]:
        """Iterate employees; raises ScrmError."""
        return self._rows("employees")

    def _rows(self, role: str) -> Iterator[SourceRow]:
        for record in self._feed.records(role, limit=self._limits.get(role)):
            values = self._mapping.values(role, record.data)
            yield SourceRow(record.number, values, values)
