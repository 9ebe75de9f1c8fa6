"""What an OA says, row by row: as it came, as it passed, and why it did not."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

LEFT = "left"


@dataclass(frozen=True, slots=True)
class SourceRow:
    """A row as a source gave it: `values` by our field names, `raw` by the source's headers.

    `columns` says under which header each field stood.
    """

    number: int
    values: Mapping[str, str]
    raw: Mapping[str, str]
    columns: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def text(self, name: str) -> str:
        """Return a cell without blanks around it; a missing cell is empty."""
        return self.values.get(name, "").strip()


@dataclass(frozen=True, slots=True)
class DepartmentRow:
    """A department that passed. kind: company, region, branch, dealer, store or department."""

    number: int
    code: str
    name: str
    parent_code: str
    kind: str
    store_code: str


@dataclass(frozen=True, slots=True)
class EmployeeRow:
    """An employee who passed; phone in E.164, empty where no account is wanted.

    state: active, probation, intern or left.
    """

    number: int
    job_number: str
    userid: str
    name: str
    gender: str
    phone: str
    post: str
    department_code: str
    leader_job_number: str
    state: str
    effective_on: date | None

    @property
    def left(self) -> bool:
        """Return whether the employee left the company."""
        return self.state == LEFT


@dataclass(frozen=True, slots=True)
class RowProblem:
    """What is wrong with one row; `code` is said in words by contacts/oa_sync/words.py."""

    role: str
    row: SourceRow
    field: str
    code: str
    value: str = ""
    params: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    is_warning: bool = False


@dataclass(frozen=True)
class Snapshot:
    """Everything one reading of the OA gave.

    `seen_*` hold the keys of all rows, refused ones too: a refused row is not a leaver.
    `nameless_employees` counts rows without a readable job number.
    """

    departments: dict[str, DepartmentRow]
    employees: dict[str, EmployeeRow]
    seen_departments: frozenset[str]
    seen_userids: frozenset[str]
    nameless_employees: int
    department_count: int
    employee_count: int
    problems: list[RowProblem]
    # Under which header the source has each field of an employee.
    employee_columns: Mapping[str, str] = dataclasses.field(default_factory=dict)
