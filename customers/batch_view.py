"""The view all batches of facts share: check each row, store the usable ones, answer row by row."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from customers.batches import Checked, answer_of
from customers.results import UpsertResult
from scrm.core.api import IdempotentMixin, StrictSerializer


class FactsBatchView(IdempotentMixin, APIView):
    """Create or replace rows; a bad row stops no other, and the same Idempotency-Key repeats the answer."""

    rows_name: ClassVar[str]
    envelope: ClassVar[type[StrictSerializer]]
    # The field a row is refused for when it cannot be stored beside the others.
    refused_field: ClassVar[str] = "non_field_errors"

    def read(self, sent: Sequence[Mapping[str, Any]]) -> Checked[Any]:
        """Return the usable rows and the errors."""
        raise TypeError("each batch reads its own rows")

    def store(self, rows: Sequence[Any]) -> UpsertResult:
        """Write the usable rows."""
        raise TypeError("each batch stores its own rows")

    def key(self, row: Any) -> str:
        """Return the number by which a row is refused and warned about."""
        raise TypeError("each batch names its own rows")

    def warnings(self, rows: Sequence[Any]) -> Sequence[Mapping[str, Sequence[str]]]:
        """Return, for each stored row, what its sender should know although it was kept."""
        return ()

    def answer(self, request: Request) -> Response:
        """Check, store, and name every bad row by its index."""
        batch = self.envelope(data=request.data)
        batch.is_valid(raise_exception=True)
        found = self.read(batch.validated_data[self.rows_name])
        counts = self.store(found.rows)
        return Response(
            answer_of(
                counts,
                self._errors(found, counts),
                places=found.places,
                warnings=self._warned(found),
            )
        )

    def _errors(self, found: Checked[Any], counts: UpsertResult) -> list[dict[str, Any]]:
        if not counts.refused:
            return found.errors
        late = [
            {"index": place, "key": key, "fields": {self.refused_field: [counts.refused[key]]}}
            for place, key in zip(found.places, map(self.key, found.rows), strict=True)
            if key in counts.refused
        ]
        return sorted(found.errors + late, key=lambda error: int(error["index"]))

    def _warned(self, found: Checked[Any]) -> list[dict[str, Any]]:
        told = self.warnings(found.rows)
        return [
            {"index": place, "key": self.key(row), "fields": fields}
            for place, row, fields in zip(found.places, found.rows, told, strict=False)
            if fields
        ]
