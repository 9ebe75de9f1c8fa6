"""The OA's two files, with faults planted whose messages are known beforehand."""

import csv
import io
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace

from scrm.demo.names import names, person_name

STORES = 42
EMPLOYEES = 320
FULL_WIDTH = str.maketrans("0123456789", "".join(chr(0xFF10 + digit) for digit in range(10)))
ROOT = "C000"


@dataclass(frozen=True)
class Planted:
    """A fault in the files: which line says what. `line` counts from 1, the header being line 1."""

    role: str
    line: int
    field: str
    code: str


@dataclass(frozen=True)
class Department:
    """A department the files name."""

    code: str
    name: str
    parent: str
    kind: str
    store_code: str = ""


@dataclass(frozen=True)
class Employee:
    """An employee the files name; phone without country code."""

    job_number: str
    name: str
    gender: str
    phone: str
    post: str
    department: str
    leader: str = ""

    @property
    def userid(self) -> str:
        """The account the OA sync makes of the job number."""
        return self.job_number.lower()


@dataclass(frozen=True)
class OaFiles:
    """The files, what is wrong in them, and what is left when the wrong rows are refused."""

    departments_csv: bytes
    employees_csv: bytes
    planted: tuple[Planted, ...]
    departments: tuple[Department, ...]
    employees: tuple[Employee, ...]

    def guides(self, store_code: str) -> list[Employee]:
        """Return the accounts of one store, its manager first."""
        department = next(d for d in self.departments if d.store_code == store_code)
        return [e for e in self.employees if e.department == department.code]

    def reported_left(self, leaver: Employee) -> "OaFiles":
        """Return the files of the day after, in which the OA says that this employee left."""
        rows = list(csv.reader(io.StringIO(self.employees_csv.decode("gbk"))))
        for row in rows[1:]:
            if unicodedata.normalize("NFKC", row[0]) == leaver.job_number:
                row[-2] = str(names()["employees"]["left"])
        staying = tuple(each for each in self.employees if each != leaver)
        return replace(self, employees_csv=_csv(rows[0], rows[1:]), employees=staying)

    @property
    def store_codes(self) -> list[str]:
        """The CRM's codes of the stores, in the file's order."""
        return [d.store_code for d in self.departments if d.store_code]

    @property
    def branches(self) -> list[Department]:
        """The branches, in the file's order."""
        return [d for d in self.departments if d.kind == "branch"]


def make_oa_files() -> OaFiles:
    """Return 5 branches, 42 stores and 320 employees, the same each time."""
    departments = _departments()
    employees = _employees(departments)
    cycle = _cycle()
    department_rows = departments + cycle
    planted = [
        Planted("departments", len(departments) + 2 + n, "parent_code", "cycle")
        for n in range(len(cycle))
    ]
    rows, refused, faults = _plant(employees, cycle)
    words = names()
    return OaFiles(
        departments_csv=_csv(
            words["departments"]["headers"], map(_department_cells, department_rows)
        ),
        employees_csv=_csv(words["employees"]["headers"], rows),
        planted=tuple(planted + faults),
        departments=tuple(departments),
        employees=tuple(e for n, e in enumerate(employees) if n not in refused),
    )


def _departments() -> list[Department]:
    words = names()
    found = [Department(ROOT, words["company"], "", "company")]
    found += [
        Department(f"H{n:03d}", name, ROOT, "department")
        for n, name in enumerate(words["headquarters"], 1)
    ]
    branches = [
        Department(f"B{n:02d}", b["name"], ROOT, "branch") for n, b in enumerate(words["branch"], 1)
    ]
    found += branches
    for n in range(STORES):
        branch, place = n % len(branches), n // len(branches)
        cities = words["branch"][branch]["cities"]
        name = cities[place % len(cities)] + words["store_suffixes"][place]
        found.append(
            Department(f"S{n + 1:03d}", name, branches[branch].code, "store", f"MD{1001 + n}")
        )
    return found


def _cycle() -> list[Department]:
    first, second = names()["cycle"]
    return [
        Department("X901", first, "X902", "department"),
        Department("X902", second, "X901", "department"),
    ]


def _employees(departments: list[Department]) -> list[Employee]:
    """Seven people a store, three a branch, the rest at headquarters: 320."""
    words = names()["employees"]
    places: list[tuple[str, str, int]] = []
    for department in departments:
        if department.kind == "store":
            places += [
                (department.code, words["manager" if n == 0 else "guide"], n) for n in range(7)
            ]
        elif department.kind == "branch":
            places += [(department.code, words["branch_post"], n) for n in range(3)]
    offices = [d.code for d in departments if d.kind == "department"]
    places += [
        (offices[n % len(offices)], words["headquarters_post"], 0)
        for n in range(EMPLOYEES - len(places))
    ]
    found: list[Employee] = []
    head = ""
    for number, (where, post, rank) in enumerate(places, 1):
        job_number = f"XH{number:04d}"
        head = job_number if rank == 0 else head
        gender = words["female"] if number % 3 else words["male"]
        phone = f"139{(10_000_019 + number * 271_829) % 100_000_000:08d}"
        leader = head if rank else ""
        found.append(Employee(job_number, person_name(number), gender, phone, post, where, leader))
    return found


def _plant(
    employees: list[Employee], cycle: list[Department]
) -> tuple[list[list[str]], set[int], list[Planted]]:
    """Return the rows with faults in guides' rows, the places refused, and the messages to come.

    Only ordinary guides are spoilt: a refused leader would add a message to others' rows.
    """
    guide = names()["employees"]["guide"]
    ordinary = [n for n, e in enumerate(employees) if e.post == guide]
    blank, twins, lost, wide = (
        ordinary[8:230:37],
        ordinary[20:220:50],
        ordinary[47:200:80],
        ordinary[3:240:12],
    )
    spoilt = list(employees)
    faults: list[Planted] = []
    for n in blank:
        spoilt[n] = replace(spoilt[n], phone="")
        faults.append(Planted("employees", n + 2, "phone", "phone_blank"))
    for n in twins:
        # The next guide claims the job number of this one: nobody knows who is right.
        spoilt[n + 1] = replace(spoilt[n + 1], job_number=spoilt[n].job_number)
        faults += [Planted("employees", line + 2, "job_number", "duplicate") for line in (n, n + 1)]
    for n in lost:
        spoilt[n] = replace(spoilt[n], department=cycle[0].code)
        faults.append(Planted("employees", n + 2, "department_code", "department_refused"))
    refused = {fault.line - 2 for fault in faults}
    for n in set(wide) - refused:
        wide_number = spoilt[n].job_number.translate(FULL_WIDTH)
        spoilt[n] = replace(
            spoilt[n], job_number=wide_number, phone=spoilt[n].phone.translate(FULL_WIDTH)
        )
    return [_employee_cells(e) for e in spoilt], refused, faults


def _department_cells(department: Department) -> list[str]:
    kind = str(names()["departments"][department.kind])
    return [department.code, department.name, department.parent, kind, department.store_code]


def _employee_cells(employee: Employee) -> list[str]:
    active = str(names()["employees"]["active"])
    return [employee.job_number, employee.name, employee.gender, employee.phone, employee.post,
            employee.department, employee.leader, active, "2024-03-01"]  # fmt: skip


def _csv(headers: list[str], rows: Iterable[list[str]]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(headers)
    writer.writerows(rows)
    return out.getvalue().encode("gbk")
