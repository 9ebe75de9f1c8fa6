"""Two files as a source: an upload, or what a reading of a connector left."""

import io
from collections.abc import Iterator
from dataclasses import dataclass

from contacts.oa_sync.columns import columns_of
from contacts.oa_sync.rows import SourceRow
from contacts.oa_sync.sources.mapping import FieldMapping
from scrm.core.excel import read_table


@dataclass(frozen=True)
class SourceFile:
    """One file of a source: name and bytes."""

    filename: str
    content: bytes


def headers_of(file: SourceFile) -> list[str]:
    """Return a file's columns in their order; raises ValidationFailed for what is no table."""
    return list(read_table(io.BytesIO(file.content), filename=file.filename).headers)


class FileSource:
    """Two files, CSV (GBK, UTF-8, UTF-16) or XLSX: departments and employees.

    `mapping` is what a person said of files with other columns; it holds wherever its columns are there.
    """

    def __init__(
        self,
        *,
        departments: SourceFile,
        employees: SourceFile,
        mapping: FieldMapping | None = None,
    ) -> None:
        self._files = {"departments": departments, "employees": employees}
        self._mapping = mapping or FieldMapping()

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
        said = self._mapping.columns(role, table.headers)
        columns = said or columns_of(role, table.headers)
        for row in table.rows:
            if not any(cell.strip() for cell in row.values.values()):
                continue
            values = (
                self._mapping.values(role, row.values)
                if said
                else {field: row.values.get(header, "") for field, header in columns.items()}
            )
            yield SourceRow(row.number, values, row.values, columns)
