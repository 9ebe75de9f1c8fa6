"""One line of the table: ours beside a reference of the same run, and whether the target holds."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Row:
    """`ratio` rows hold by ours / reference, `budget` rows by ours against the target itself."""

    row: str
    kind: Literal["ratio", "budget"]
    ours: float
    reference: float
    unit: str
    target: str
    holds: bool
    note: str = ""

    @property
    def ratio(self) -> float:
        """Return ours / reference, three digits."""
        return round(self.ours / self.reference, 3) if self.reference else 0.0

    def as_json(self) -> dict[str, Any]:
        """Return the row as it is written to var/bench.json."""
        return {
            **asdict(self),
            "ours": round(self.ours, 2),
            "reference": round(self.reference, 2),
            "ratio": self.ratio,
        }


@dataclass(frozen=True)
class Options:
    """How long to measure: `smoke` is the short form for CI."""

    smoke: bool


@dataclass(frozen=True)
class Benchmark:
    """A group of rows that are measured together."""

    name: str
    run: Callable[[Options], list[Row]]
    has_database: bool = True


def at_most(
    name: str, ours: float, reference: float, unit: str, limit: float, note: str = ""
) -> Row:
    """Return a ratio row that holds while ours / reference stays at or below the limit."""
    holds = reference > 0 and ours / reference <= limit
    return Row(name, "ratio", ours, reference, unit, f"<= {limit:g}x", holds, note)


def at_least(
    name: str, ours: float, reference: float, unit: str, limit: float, note: str = ""
) -> Row:
    """Return a ratio row that holds while ours / reference stays at or above the limit."""
    holds = reference > 0 and ours / reference >= limit
    return Row(name, "ratio", ours, reference, unit, f">= {limit:g}x", holds, note)


def budget(name: str, ours: float, limit: float, unit: str, note: str = "") -> Row:
    """Return a budget row that holds while ours stays at or below the limit."""
    return Row(name, "budget", ours, limit, unit, f"<= {limit:g}", ours <= limit, note)
