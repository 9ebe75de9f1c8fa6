"""The vocabulary of a plan."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from contacts.oa_sync.models import OaPlanItem
from contacts.oa_sync.rows import DepartmentRow, EmployeeRow, RowProblem, SourceRow

Kind = OaPlanItem.Kind
# Asked with an employee's post, department code and employment state.
GetsAccount = Callable[[str, str, str], bool]


@dataclass(frozen=True, slots=True)
class Planned:
    """One change; `key` is a userid or an OA department code, `reason` a code of words.py."""

    kind: str
    key: str
    reason: str
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Note:
    """What a plan leaves as it is, and a person should know; `code` is a problem of words.py."""

    row: EmployeeRow
    code: str
    userid: str


NOTED_FIELDS = ("job_number", "name", "post", "department_code")


def note_rows(notes: Iterable[Note], columns: Mapping[str, str]) -> list[RowProblem]:
    """Return notes as doubts of their rows, under the source's own headers; no phone is needed to know who it is."""
    found = []
    for note in notes:
        cells = {field: str(getattr(note.row, field)) for field in NOTED_FIELDS}
        raw = {columns.get(field, field): cell for field, cell in cells.items()}
        row = SourceRow(note.row.number, cells, raw, columns)
        said = {"name": note.row.name, "userid": note.userid}
        found.append(
            RowProblem("employees", row, "job_number", note.code, cells["job_number"], said, True)
        )
    return found


@dataclass(frozen=True)
class PlanRules:
    """Who gets an account: by post, department (with all below it) and state; an empty set means every one."""

    posts: frozenset[str] = frozenset()
    departments: frozenset[str] = frozenset()
    states: frozenset[str] = frozenset()

    def among(self, departments: Mapping[str, DepartmentRow]) -> "Eligibility":
        """Return the rules as they read in one tree of departments."""
        if not self.departments:
            return Eligibility(self, None)
        return Eligibility(self, frozenset(_below(self.departments, departments)))


@dataclass(frozen=True)
class Eligibility:
    """The rules on one department tree; `codes` are the departments that count, None for all."""

    rules: PlanRules
    codes: frozenset[str] | None

    def why_not(self, post: str, department_code: str, state: str) -> str:
        """Return what keeps somebody from an account: post, department or state; empty when nothing does."""
        if self.rules.states and state not in self.rules.states:
            return "state"
        if self.codes is not None and department_code not in self.codes:
            return "department"
        return "post" if self.rules.posts and post not in self.rules.posts else ""

    def gets_account(self, post: str, department_code: str, state: str) -> bool:
        """Return whether somebody gets an account."""
        return not self.why_not(post, department_code, state)


def _below(chosen: frozenset[str], departments: Mapping[str, DepartmentRow]) -> set[str]:
    """Return the chosen codes and all below them; a tree that has circles is walked once."""
    children: dict[str, list[str]] = {}
    for department in departments.values():
        children.setdefault(department.parent_code, []).append(department.code)
    found: set[str] = set()
    waiting = list(chosen)
    while waiting:
        code = waiting.pop()
        if code not in found:
            found.add(code)
            waiting += children.get(code, [])
    return found
