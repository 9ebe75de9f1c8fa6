"""What a feed gives: records as they came, with the place where they stood."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from django.utils import timezone

from scrm.core.exceptions import ExternalFailure


@dataclass(frozen=True, slots=True)
class Record:
    """One thing of the other system as it came: its place (the first is row 2, as below headers) and its data."""

    number: int
    data: Mapping[str, Any]


class SourceMoved(ExternalFailure):
    """The other system changed between two pages, so that some of it may be missing; reading from the start may do."""


class Feed(Protocol):
    """Another system before the mapping."""

    def as_of(self) -> datetime:
        """Return when the system was as this feed gives it: now, unless what it reads was written earlier."""
        return timezone.now()

    def records(self, role: str, *, limit: int | None = None) -> Iterator[Record]:
        """Iterate the records of a role, at most `limit`.

        Raises ValidationFailed for settings that cannot be right, ExternalFailure where the other side does
        not answer as it must, SourceMoved where it changed meanwhile; what was not read to its end is never taken
        for the whole.
        """
