"""The one protocol the plan reads from; connectors give the rawer one of `scrm.core.feeds`."""

from collections.abc import Iterator
from typing import Protocol

from contacts.oa_sync.rows import SourceRow

ROLES = ("departments", "employees")
# Where IT lists the hosts of the OA.
ALLOWED_BY = "SCRM_OA_HOSTS"


class OaSource(Protocol):
    """A reading of the OA. Row numbers are those a person finds in the source (headers are row 1)."""

    @property
    def name(self) -> str:
        """Return what to call this reading, e.g. the file names."""

    def departments(self) -> Iterator[SourceRow]:
        """Iterate departments; raises ValidationFailed where the source cannot be read."""

    def employees(self) -> Iterator[SourceRow]:
        """Iterate employees; raises ValidationFailed where the source cannot be read."""
