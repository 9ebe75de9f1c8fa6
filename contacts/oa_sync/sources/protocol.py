"""The one protocol the plan reads from, and the rawer one that connectors give."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from django.utils import timezone

from contacts.oa_sync.rows import SourceRow
from scrm.core.exceptions import ExternalFailure

ROLES = ("departments", "employees")


class OaSource(Protocol):
    """A reading of the OA. Row numbers are those a person finds in the source (headers are row 1)."""

    @property
    def name(self) -> str:
        """Return what to call this reading, e.g. the file names."""

    def departments(self) -> Iterator[SourceRow]:
        """Iterate departments; raises ValidationFailed where the source cannot be read."""

    def employees(self) -> Iterator[SourceRow]:
        """Iterate employees; raises ValidationFailed where the source cannot be read."""


@dataclass(frozen=True, slots=True)
class Record:
    """One thing of the OA as it came: its place (the first is row 2, as below headers) and its data."""

    number: int
    data: Mapping[str, Any]


class SourceMoved(ExternalFailure):
    """The OA changed between two pages, so that some of it may be missing; reading from the start may do."""


class Feed(Protocol):
    """An OA before the mapping."""

    def as_of(self) -> datetime:
        """Return when the OA was as this feed gives it: now, unless what it reads was written earlier."""
        return timezone.now()

    def records(self, role: str, *, limit: int | None = None) -> Iterator[Record]:
        """Iterate the records of a role, at most `limit`.

        Raises ValidationFailed for settings that cannot be right, ExternalFailure where the OA does not answer
        as it must, SourceMoved where it changed meanwhile; what was not read to its end is never taken for the whole.
        """
