"""Header names of the organisation's upload files; data in columns.toml."""

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any

from contacts.org.headers import folded


@cache
def columns() -> dict[str, Any]:
    """Return columns.toml."""
    text = resources.files("contacts.org").joinpath("columns.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


@cache
def kind_words() -> dict[str, str]:
    """Return the unit kind of each folded word."""
    words: Mapping[str, Sequence[str]] = columns()["kinds"]
    return {folded(word): kind for kind, spellings in words.items() for word in spellings}


@cache
def datum_words() -> dict[str, str]:
    """Return the datum of each folded word."""
    words: Mapping[str, Sequence[str]] = columns()["datums"]
    return {folded(word): datum for datum, spellings in words.items() for word in spellings}


def template_headers(table: str) -> list[tuple[str, str]]:
    """Return (field, header) pairs of an upload template."""
    names: Mapping[str, Sequence[str]] = columns()[table]
    return [(field, spellings[0]) for field, spellings in names.items()]
