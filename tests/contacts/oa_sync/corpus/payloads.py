"""One payload: what an OA sends beside the standing tree, and which rows must be refused for what."""

import json
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.contacts.oa_sync.oa_files import employee

Row = tuple[str, ...]
D, E = "departments", "employees"
# The standing tree fills rows 2 to 5 of the department file.
FIRST_DEPARTMENT, FIRST_EMPLOYEE = 6, 2


@dataclass(frozen=True)
class Payload:
    """`errors` are "file row field code", in any order; `encoding` is that of both files."""

    name: str
    departments: Sequence[Row] = ()
    employees: Sequence[Row] = ()
    errors: Sequence[str] = ()
    encoding: str = "utf-8"
    passed: int = field(default=-1)

    @property
    def employees_passed(self) -> int:
        """Return how many employees pass; by default all without an error."""
        if self.passed >= 0:
            return self.passed
        refused = {
            error.split()[1]
            for error in self.errors
            if error.startswith(E) and not error.split()[3].startswith("leader_")
        }
        return len(self.employees) - len(refused)


def one(title: str, /, *codes: str, **values: str) -> Payload:
    """Return a payload of one employee with these cells; codes are "field code" of its row."""
    return Payload(
        title,
        employees=[employee(2, **values)],
        errors=[f"{E} {FIRST_EMPLOYEE} {code}" for code in codes],
    )


def department(name: str, row: Row, *codes: str) -> Payload:
    """Return a payload of one more department; codes are "field code" of its row."""
    return Payload(
        name, departments=[row], errors=[f"{D} {FIRST_DEPARTMENT} {code}" for code in codes]
    )


def rows(role: str, numbers: Iterable[int], code: str) -> list[str]:
    """Return the same error for several rows."""
    return [f"{role} {number} {code}" for number in numbers]


def written(theme: str, payloads: Sequence[Payload]) -> str:
    """Return a theme as TOML that a person can read."""
    parts = [f"# {theme}: {len(payloads)} payloads; the standing tree comes before `departments`."]
    for payload in payloads:
        lines = ["[[payload]]", f"name = {_text(payload.name)}"]
        if payload.encoding != "utf-8":
            lines.append(f"encoding = {_text(payload.encoding)}")
        lines += _table("departments", payload.departments)
        lines += _table("employees", payload.employees)
        lines.append(f"errors = [{', '.join(map(_text, sorted(payload.errors)))}]")
        lines.append(f"passed = {payload.employees_passed}")
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def _table(name: str, table: Sequence[Row]) -> list[str]:
    if not table:
        return []
    body = [f"  [{', '.join(map(_text, row))}]," for row in table]
    return [f"{name} = [", *body, "]"]


def _text(text: str) -> str:
    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(
        char if char.isprintable() or char == "\u3000" else f"\\u{ord(char):04x}" for char in quoted
    )


def stored(folder: Path) -> list[Payload]:
    """Return the payloads of all files."""
    found = []
    for file in sorted(folder.glob("*.toml")):
        for row in tomllib.loads(file.read_text(encoding="utf-8"))["payload"]:
            tables = {name: [tuple(line) for line in row.get(name, [])] for name in (D, E)}
            found.append(
                Payload(
                    f"{file.stem}: {row['name']}",
                    tables[D],
                    tables[E],
                    row["errors"],
                    row.get("encoding", "utf-8"),
                    row["passed"],
                )
            )
    return found
