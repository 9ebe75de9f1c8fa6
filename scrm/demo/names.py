"""Reads the invented names of the demo's company."""

import tomllib
from functools import cache
from importlib import resources
from typing import Any


@cache
def names() -> dict[str, Any]:
    """Return names.toml."""
    return tomllib.loads(
        resources.files("scrm.demo").joinpath("names.toml").read_text(encoding="utf-8")
    )


def person_name(number: int) -> str:
    """Return the invented name of the person with this number; the same each time."""
    surnames, given = names()["surnames"], names()["given"]
    return str(
        surnames[number * 7 % len(surnames)] + given[(number // 3 + number * 11) % len(given)]
    )
