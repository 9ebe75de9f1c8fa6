"""The demo's OA files: the planted faults are exactly those the checks find."""

import csv
import io

from contacts.oa_sync.cells import userid_of
from contacts.oa_sync.columns import columns_of
from contacts.oa_sync.department_checks import check_departments
from contacts.oa_sync.employee_checks import check_employees
from contacts.oa_sync.rows import SourceRow
from scrm.demo.oa_files import make_oa_files


def source_rows(role: str, content: bytes) -> list[SourceRow]:
    reader = csv.DictReader(io.StringIO(content.decode("gbk")))
    columns = columns_of(role, reader.fieldnames or [])
    return [
        SourceRow(line, {field: raw[header] for field, header in columns.items()}, raw)
        for line, raw in enumerate(reader, 2)
    ]


def test_files_have_the_shape_of_the_story() -> None:
    files = make_oa_files()
    employees = list(csv.reader(io.StringIO(files.employees_csv.decode("gbk"))))
    assert len(employees) == 1 + 320
    assert len(files.branches) == 5
    assert len(files.store_codes) == 42
    assert make_oa_files() == files


def test_checks_find_the_planted_faults_and_nothing_else() -> None:
    # given the files
    files = make_oa_files()

    # when our checks read them
    departments = check_departments(source_rows("departments", files.departments_csv))
    employees = check_employees(
        source_rows("employees", files.employees_csv),
        departments,
        gets_account=lambda _post, _code, _state: True,
    )

    # then every message was planted, and all other rows pass with the expected values
    found = [
        (p.role, p.row.number, p.field, p.code) for p in departments.problems + employees.problems
    ]
    assert sorted(found) == sorted((p.role, p.line, p.field, p.code) for p in files.planted)
    assert set(departments.passed) == {d.code for d in files.departments}
    assert {e.userid: (e.name, e.phone) for e in employees.passed.values()} == {
        e.userid: (e.name, f"+86{e.phone}") for e in files.employees
    }
    assert all(e.userid == userid_of(e.job_number) for e in files.employees)


def test_full_width_digits_are_there_and_pass() -> None:
    text = make_oa_files().employees_csv.decode("gbk")
    assert sum("ＸＨ０" in line or "XH０" in line for line in text.splitlines()) >= 10
