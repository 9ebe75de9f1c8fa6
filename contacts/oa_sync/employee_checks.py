"""Which employee rows pass: keys, phones, departments, words, leaders."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from contacts.oa_sync.cells import (
    CODE_LENGTH,
    POST_LENGTH,
    Reader,
    key_of,
    plain,
    problem,
    userid_of,
    warning,
)
from contacts.oa_sync.department_checks import CheckedDepartments
from contacts.oa_sync.plan_items import GetsAccount
from contacts.oa_sync.rows import LEFT, EmployeeRow, RowProblem, SourceRow
from scrm.core.exceptions import ValidationFailed
from scrm.core.phone import normalise_phone

ROLE = "employees"


@dataclass
class CheckedEmployees:
    """Employees that passed by job number, and the keys of all rows."""

    passed: dict[str, EmployeeRow] = field(default_factory=dict)
    seen_userids: set[str] = field(default_factory=set)
    nameless: int = 0
    problems: list[RowProblem] = field(default_factory=list)
    columns: Mapping[str, str] = field(default_factory=dict)
    count: int = 0


def check_employees(
    rows: Iterable[SourceRow],
    departments: CheckedDepartments,
    gets_account: GetsAccount,
) -> CheckedEmployees:
    """Read and judge all employee rows; `gets_account` says who needs a phone."""
    checked = CheckedEmployees()
    sources: dict[str, SourceRow] = {}
    twins: dict[str, list[SourceRow]] = {}
    for row in rows:
        checked.count += 1
        checked.columns = row.columns
        reader = Reader(ROLE, row)
        employee = read_employee(reader, departments, gets_account)
        if not employee.userid:
            checked.nameless += 1
            checked.problems += reader.problems
            continue
        checked.seen_userids.add(employee.userid)
        if employee.job_number in sources:
            twins.setdefault(employee.job_number, [sources[employee.job_number]]).append(row)
            continue
        sources[employee.job_number] = row
        checked.problems += reader.problems
        if not reader.problems:
            checked.passed[employee.job_number] = employee
    _refuse_twins(checked, twins)
    _refuse_shared(checked, sources, "job_number", "userid_clash", lambda row: row.userid)
    _refuse_shared(
        checked, sources, "phone", "phone_shared", lambda row: "" if row.left else row.phone
    )
    _drop_bad_leaders(checked, sources)
    return checked


def read_employee(
    reader: Reader, departments: CheckedDepartments, gets_account: GetsAccount
) -> EmployeeRow:
    """Return one row's employee. Of a leaver only the job number has to be right."""
    row = reader.row
    job_number = reader.code("job_number", needed=True)
    userid = userid_of(job_number)
    if job_number and not userid:
        reader.refuse("job_number", "no_userid")
    state = reader.word("state", default="active")
    effective_on = reader.day("effective_on")
    base = EmployeeRow(
        number=row.number,
        job_number=job_number[:CODE_LENGTH],
        userid=userid,
        name=plain(row.text("name"))[:CODE_LENGTH],
        gender="",
        phone="",
        post="",
        department_code="",
        leader_job_number="",
        state=state,
        effective_on=effective_on,
    )
    return base if state == LEFT else _read_working(reader, base, departments, gets_account)


def _read_working(
    reader: Reader,
    base: EmployeeRow,
    departments: CheckedDepartments,
    gets_account: GetsAccount,
) -> EmployeeRow:
    post = plain(reader.row.text("post"))
    if len(post) > POST_LENGTH:
        reader.refuse("post", "too_long", limit=POST_LENGTH)
    named, gender = reader.name("name"), reader.word("gender", default="")
    needed = gets_account(post, key_of(reader.row.text("department_code")), base.state)
    return replace(
        base,
        name=named,
        gender=gender,
        phone=_read_phone(reader, needed=needed),
        post=post,
        department_code=_read_department(reader, departments),
        leader_job_number=reader.code("leader_job_number", needed=False),
    )


def _read_phone(reader: Reader, *, needed: bool) -> str:
    raw = plain(reader.row.text("phone"))
    if not raw:
        if needed:
            reader.refuse("phone", "phone_blank")
        return ""
    try:
        return normalise_phone(raw)
    except ValidationFailed:
        reader.refuse("phone", "phone_invalid")
        return ""


def _read_department(reader: Reader, departments: CheckedDepartments) -> str:
    code = reader.code("department_code", needed=True)
    if code and code not in departments.passed:
        refused = code in departments.seen
        reader.refuse("department_code", "department_refused" if refused else "department_unknown")
    return code


def _refuse(checked: CheckedEmployees, job_number: str, trouble: RowProblem) -> None:
    checked.passed.pop(job_number, None)
    checked.problems.append(trouble)


def _refuse_twins(checked: CheckedEmployees, twins: dict[str, list[SourceRow]]) -> None:
    """Refuse all rows of one job number, unless they say the same."""
    for job_number, rows in twins.items():
        if len({tuple(sorted(row.values.items())) for row in rows}) == 1:
            continue
        numbers = ", ".join(str(row.number) for row in rows)
        for row in rows:
            _refuse(
                checked, job_number, problem(ROLE, row, "job_number", "duplicate", rows=numbers)
            )


def _refuse_shared(
    checked: CheckedEmployees,
    sources: dict[str, SourceRow],
    name: str,
    code: str,
    key: Callable[[EmployeeRow], str],
) -> None:
    """Refuse employees who share what WeCom wants to be unique."""
    groups: dict[str, list[str]] = {}
    for employee in checked.passed.values():
        if value := key(employee):
            groups.setdefault(value, []).append(employee.job_number)
    for sharers in groups.values():
        if len(sharers) < 2:
            continue
        numbers = ", ".join(str(sources[sharer].number) for sharer in sharers)
        for sharer in sharers:
            _refuse(checked, sharer, problem(ROLE, sources[sharer], name, code, rows=numbers))


def _drop_bad_leaders(checked: CheckedEmployees, sources: dict[str, SourceRow]) -> None:
    """Take employees over without a leader who is unknown, or who closes a circle."""
    for employee in list(checked.passed.values()):
        leader = employee.leader_job_number
        if leader and leader not in sources:
            _drop_leader(checked, sources, employee, "leader_unknown")
    settled: set[str] = set()
    for start in list(checked.passed):
        trail: dict[str, None] = {}
        step = start
        while step in checked.passed and step not in settled and step not in trail:
            trail[step] = None
            step = checked.passed[step].leader_job_number
        if step in trail:
            _drop_leader(checked, sources, checked.passed[step], "leader_circle")
        settled.update(trail)


def _drop_leader(
    checked: CheckedEmployees, sources: dict[str, SourceRow], employee: EmployeeRow, code: str
) -> None:
    row = sources[employee.job_number]
    checked.passed[employee.job_number] = replace(employee, leader_job_number="")
    checked.problems.append(warning(ROLE, row, "leader_job_number", code))
