"""Which header of an OA file holds which field; the names are data in columns.toml."""

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any

from contacts.org.headers import folded, match_headers

REQUIRED = {
    "employees": ("job_number", "name", "phone", "department_code"),
    "departments": ("code", "name", "parent_code"),
}


@cache
def mapping() -> dict[str, Any]:
    """Return columns.toml: header names by role and field, cell words by field and value."""
    text = resources.files("contacts.oa_sync").joinpath("columns.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


@cache
def word_values(field: str) -> dict[str, str]:
    """Return the value of each word a cell of `field` may hold, by folded word."""
    words: Mapping[str, Sequence[str]] = mapping()["values"][field]
    return {folded(word): value for value, spellings in words.items() for word in spellings}


def columns_of(role: str, headers: Sequence[str]) -> dict[str, str]:
    """Return field → header of a file; raises ValidationFailed that names what is missing."""
    return match_headers(mapping()[role], headers, required=REQUIRED[role])


def template_headers(role: str) -> list[tuple[str, str]]:
    """Return (field, header) pairs of the upload template."""
    names: Mapping[str, Sequence[str]] = mapping()[role]
    return [(field, spellings[0]) for field, spellings in names.items()]
