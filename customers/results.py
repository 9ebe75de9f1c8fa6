"""What a batch of rows did to its table, row by row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

CREATED, UPDATED, UNCHANGED, FAILED = ROW_RESULTS = "created", "updated", "unchanged", "failed"


@dataclass(frozen=True)
class UpsertResult:
    """Counts; and, in the order of the rows that were given, what became of each."""

    created: int
    updated: int
    unchanged: int
    # Reasons by the number of a row that could not be stored beside the others.
    refused: Mapping[str, str] = field(default_factory=dict)
    outcomes: Sequence[str] = ()

    @classmethod
    def of(
        cls, outcomes: Sequence[str], refused: Mapping[str, str] | None = None
    ) -> "UpsertResult":
        """Count outcomes."""
        return cls(
            created=outcomes.count(CREATED),
            updated=outcomes.count(UPDATED),
            unchanged=outcomes.count(UNCHANGED),
            refused=refused or {},
            outcomes=outcomes,
        )
