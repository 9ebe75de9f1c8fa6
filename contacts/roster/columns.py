"""Header names of the roster's upload files; data in columns.toml."""

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources

REQUIRED = ("name", "phone", "store_code", "sponsor", "expires_on")


@cache
def _data() -> Mapping[str, Mapping[str, Sequence[str]]]:
    text = resources.files("contacts.roster").joinpath("columns.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def spellings() -> Mapping[str, Sequence[str]]:
    """Return the headers each field may have."""
    return _data()["people"]


def template_headers() -> list[tuple[str, str]]:
    """Return (field, header) pairs of the upload template."""
    return [(field, names[0]) for field, names in spellings().items()]


def example() -> dict[str, object]:
    """Return the template's example row, but for its day."""
    return dict(_data()["example"])
