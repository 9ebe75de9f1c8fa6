"""Which department rows pass: codes, names, and the shape of the tree."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from contacts.oa_sync.cells import NAME_FORBIDDEN, Reader, problem
from contacts.oa_sync.rows import DepartmentRow, RowProblem, SourceRow

ROLE = "departments"
# WeCom allows 15 levels; its root department is the first (doc 90205).
MAX_LEVELS = 15


@dataclass
class CheckedDepartments:
    """Departments that passed, in no order, and all codes that were seen."""

    passed: dict[str, DepartmentRow] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)
    problems: list[RowProblem] = field(default_factory=list)
    count: int = 0


def check_departments(rows: Iterable[SourceRow]) -> CheckedDepartments:
    """Read and judge all department rows; linear in their number."""
    checked = CheckedDepartments()
    sources: dict[str, SourceRow] = {}
    twins: dict[str, list[SourceRow]] = {}
    for row in rows:
        checked.count += 1
        reader = Reader(ROLE, row)
        department = read_department(reader)
        code = department.code
        checked.seen.add(code)
        if code in sources:
            twins.setdefault(code, [sources[code]]).append(row)
            continue
        if code:
            sources[code] = row
        checked.problems += reader.problems
        if not reader.problems:
            checked.passed[code] = department
    _refuse_twins(checked, twins)
    _refuse_store_code_twins(checked, sources)
    _refuse_shapes(checked, sources)
    return checked


def read_department(reader: Reader) -> DepartmentRow:
    """Return one row's department; what is wrong stays in the reader."""
    kind = reader.word("kind", default="department")
    code = reader.code("code", needed=True)
    store_code = reader.code("store_code", needed=False)
    return DepartmentRow(
        number=reader.row.number,
        code=code,
        name=reader.name("name", forbidden=NAME_FORBIDDEN),
        parent_code=reader.code("parent_code", needed=False),
        kind=kind,
        # A store without a CRM code of its own is known by its department's.
        store_code=(store_code or code) if kind == "store" else "",
    )


def _refuse(checked: CheckedDepartments, code: str, trouble: RowProblem) -> None:
    checked.passed.pop(code, None)
    checked.problems.append(trouble)


def _refuse_twins(checked: CheckedDepartments, twins: dict[str, list[SourceRow]]) -> None:
    for code, rows in twins.items():
        if len({tuple(sorted(row.values.items())) for row in rows}) == 1:
            continue
        numbers = ", ".join(str(row.number) for row in rows)
        for row in rows:
            _refuse(checked, code, problem(ROLE, row, "code", "duplicate", rows=numbers))


def _refuse_store_code_twins(checked: CheckedDepartments, sources: dict[str, SourceRow]) -> None:
    units = [
        d.store_code if d.kind == "store" else d.code
        for d in checked.passed.values()
        if d.kind not in {"department", "company"}
    ]
    shared = {code for code, count in Counter(units).items() if count > 1}
    for department in list(checked.passed.values()):
        if department.kind == "store" and department.store_code in shared:
            row = sources[department.code]
            _refuse(checked, department.code, problem(ROLE, row, "store_code", "store_code_shared"))


def _refuse_shapes(checked: CheckedDepartments, sources: dict[str, SourceRow]) -> None:
    _refuse_cycles(checked, sources)
    _refuse_orphans(checked, sources)
    _refuse_deep(checked, sources)
    _refuse_homonyms(checked, sources)
    _refuse_orphans(checked, sources)


def _refuse_cycles(checked: CheckedDepartments, sources: dict[str, SourceRow]) -> None:
    """Refuse every department of a circle, naming the circle."""
    settled: set[str] = set()
    for start in list(checked.passed):
        trail: list[str] = []
        on_trail: set[str] = set()
        code = start
        while code in checked.passed and code not in settled and code not in on_trail:
            trail.append(code)
            on_trail.add(code)
            code = checked.passed[code].parent_code
        if code in on_trail:
            circle = trail[trail.index(code) :]
            words = " → ".join([*circle, circle[0]])
            for member in circle:
                _refuse(
                    checked,
                    member,
                    problem(ROLE, sources[member], "parent_code", "cycle", circle=words),
                )
        settled.update(trail)


def _refuse_orphans(checked: CheckedDepartments, sources: dict[str, SourceRow]) -> None:
    """Refuse departments whose parent is missing or was refused, and all below them."""
    children: dict[str, list[str]] = {}
    for department in checked.passed.values():
        children.setdefault(department.parent_code, []).append(department.code)
    lost = [parent for parent in children if parent and parent not in checked.passed]
    while lost:
        parent = lost.pop()
        code = "parent_refused" if parent in sources else "parent_unknown"
        for child in children.get(parent, []):
            _refuse(
                checked, child, problem(ROLE, sources[child], "parent_code", code, parent=parent)
            )
            lost.append(child)


def root_company(departments: dict[str, DepartmentRow]) -> str:
    """Return the code of the one company at the top, which is WeCom's root; else empty."""
    tops = [d.code for d in departments.values() if d.kind == "company" and not d.parent_code]
    return tops[0] if len(tops) == 1 else ""


def levels(departments: dict[str, DepartmentRow]) -> dict[str, int]:
    """Return the level of each department, WeCom's root being 1; the tree has no circle."""
    root = root_company(departments)
    found: dict[str, int] = {root: 1} if root else {}
    for start in departments:
        trail = []
        code = start
        while code and code not in found:
            trail.append(code)
            code = departments[code].parent_code
        for member in reversed(trail):
            parent = departments[member].parent_code
            found[member] = (found[parent] if parent else 1) + 1
    return found


def _refuse_deep(checked: CheckedDepartments, sources: dict[str, SourceRow]) -> None:
    for code, level in levels(checked.passed).items():
        if level > MAX_LEVELS:
            trouble = problem(
                ROLE, sources[code], "parent_code", "too_deep", level=level, limit=MAX_LEVELS
            )
            _refuse(checked, code, trouble)


def _refuse_homonyms(checked: CheckedDepartments, sources: dict[str, SourceRow]) -> None:
    """Refuse departments of one name under one parent: WeCom takes only one (60008)."""
    root = root_company(checked.passed)
    groups: dict[tuple[str, str], list[str]] = {}
    for department in checked.passed.values():
        if department.code != root:
            parent = "" if department.parent_code == root else department.parent_code
            groups.setdefault((parent, department.name.lower()), []).append(department.code)
    for codes in groups.values():
        if len(codes) < 2:
            continue
        numbers = ", ".join(str(sources[code].number) for code in codes)
        for code in codes:
            _refuse(
                checked, code, problem(ROLE, sources[code], "name", "sibling_name", rows=numbers)
            )
