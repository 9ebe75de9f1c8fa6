"""Differences from the samples that have to be, each with its reason (data/deviations/<area>.toml)."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

WHOLE = "*"


@dataclass(frozen=True)
class Deviation:
    """One known difference: ``at`` is the path as the report prints it, or ``*``."""

    sample: str
    at: str
    reason: str


def read_deviations() -> dict[str, list[Deviation]]:
    """Known differences by sample file; KeyError when an entry lacks something."""
    found: dict[str, list[Deviation]] = {}
    folder = Path(__file__).parents[1] / "data" / "deviations"
    for source in sorted(folder.glob("*.toml")):
        entries = tomllib.loads(source.read_text(encoding="utf-8")).get("deviation", [])
        for entry in entries:
            one = Deviation(entry["sample"], entry["at"], " ".join(entry["reason"].split()))
            found.setdefault(one.sample, []).append(one)
    return found
