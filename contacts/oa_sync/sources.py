"""Where the OA's data comes from; a source only iterates rows, it judges nothing."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from contacts.oa_sync.columns import columns_of
from contacts.oa_sync.rows import SourceRow
from scrm.core.excel import read_table


class OaSource(Protocol):
    """A reading of the OA. Row numbers are those a person finds in the source (headers are row 1)."""

    @property
    def name(self) -> str:
        """Return what to call this reading, e.g. the file names."""

    def departments(self) -> Iterator[SourceRow]:
        """Iterate departments; raises ValidationFailed where the source cannot be read."""

    def employees(self) -> Iterator[SourceRow]:
        """Iterate employees; raises ValidationFailed where the source cannot be read."""


@dataclass(frozen=True)
class SourceFile:
    """One file of a source: name and bytes."""

    filename: str
    content: bytes


class FileSource:
    """Two files, CSV (GBK, UTF-8, UTF-16) or XLSX: departments and employees."""

    def __init__(self, *, departments: SourceFile, employees: SourceFile) -> None:
        self._files = {"departments": departments, "employees": employees}

    @property
    def name(self) -> str:
        """Return both file names."""
        return " + ".join(file.filename for file in self._files.values())

    def departments(self) -> Iterator[SourceRow]:
        """Iterate the department file; raises ValidationFailed."""
        return self._rows("departments")

    def employees(self) -> Iterator[SourceRow]:
        """Iterate the employee file; raises ValidationFailed."""
        return self._rows("employees")

    def _rows(self, role: str) -> Iterator[SourceRow]:
        file = self._files[role]
        table = read_table(io.BytesIO(file.content), filename=file.filename)
        columns = columns_of(role, table.headers)
        for row in table.rows:
            if not any(cell.strip() for cell in row.values.values()):
                continue
            values = {field: row.values.get(header, "") for field, header in columns.items()}
            yield SourceRow(row.number, values, row.values)
