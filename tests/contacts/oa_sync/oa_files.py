"""Small OA files for tests, as a person would write them."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence

from contacts.oa_sync.rows import SourceRow
from contacts.oa_sync.sources import SourceFile

DEPARTMENT_HEADERS = ("部门编码", "部门名称", "上级部门编码", "类型", "门店编码")
EMPLOYEE_HEADERS = (
    "工号",
    "姓名",
    "性别",
    "手机",
    "岗位",
    "部门编码",
    "上级工号",
    "在职状态",
    "生效日期",
)
DEPARTMENT_FIELDS = ("code", "name", "parent_code", "kind", "store_code")
EMPLOYEE_FIELDS = (
    "job_number", "name", "gender", "phone", "post", "department_code", "leader_job_number", "state", "effective_on",
)  # fmt: skip

TREE = [
    ("C", "美衣集团", "", "公司", ""),
    ("B1", "华东分公司", "C", "分公司", ""),
    ("D1", "人民路店", "B1", "门店", "S001"),
    ("D2", "滨江店", "B1", "门店", "S002"),
]


def phone_of(number: int) -> str:
    """Return the test phone of an employee."""
    return f"1380000{number:04d}"


def employee(number: int, department: str = "D1", **cells: str) -> tuple[str, ...]:
    """Return an employee row; `cells` replace single ones."""
    row = {
        "job_number": f"E{number:04d}", "name": f"员工{number}", "gender": "女", "phone": phone_of(number),
        "post": "导购", "department_code": department, "leader_job_number": "", "state": "在职",
        "effective_on": "2026-01-01", **cells,
    }  # fmt: skip
    return tuple(row[field] for field in EMPLOYEE_FIELDS)


def csv_file(
    filename: str, headers: Sequence[str], rows: Sequence[Sequence[str]], encoding: str = "gbk"
) -> SourceFile:
    """Return a CSV as an OA exports it."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(headers)
    writer.writerows(rows)
    return SourceFile(filename, buffer.getvalue().encode(encoding))


def departments_file(rows: Sequence[Sequence[str]] = TREE) -> SourceFile:
    """Return the department file, GBK."""
    return csv_file("departments.csv", DEPARTMENT_HEADERS, rows)


def employees_file(rows: Sequence[Sequence[str]]) -> SourceFile:
    """Return the employee file, GBK."""
    return csv_file("employees.csv", EMPLOYEE_HEADERS, rows)


class ListSource:
    """A source whose rows are given; the first data row is row 2, as in a file."""

    name = "list"

    def __init__(
        self, departments: Sequence[Sequence[str]], employees: Sequence[Sequence[str]]
    ) -> None:
        self._departments, self._employees = departments, employees

    def departments(self) -> Iterator[SourceRow]:
        """Iterate departments."""
        return _rows(DEPARTMENT_FIELDS, self._departments)

    def employees(self) -> Iterator[SourceRow]:
        """Iterate employees."""
        return _rows(EMPLOYEE_FIELDS, self._employees)


def _rows(fields: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[SourceRow]:
    for number, cells in enumerate(rows, 2):
        values: Mapping[str, str] = dict(zip(fields, cells, strict=True))
        yield SourceRow(number, values, values)
