"""One line of doctor's report."""

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """How a probe ended; the worst one is doctor's exit code."""

    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"


@dataclass(frozen=True)
class Finding:
    """One line of the report: what was looked at, how it is, what was seen, what to do."""

    name: str
    outcome: Outcome
    seen: str
    hint: str = ""
    # WeCom's own page about its refusal.
    link: str = ""
