"""Turns a source into what passed and what did not."""

from contacts.oa_sync.department_checks import check_departments
from contacts.oa_sync.employee_checks import check_employees
from contacts.oa_sync.plan_items import PlanRules
from contacts.oa_sync.rows import Snapshot
from contacts.oa_sync.sources import OaSource


def take_snapshot(source: OaSource, rules: PlanRules) -> Snapshot:
    """Read and judge a whole source; raises ValidationFailed where it cannot be read at all."""
    departments = check_departments(source.departments())
    eligible = rules.among(departments.passed)
    employees = check_employees(source.employees(), departments, eligible.gets_account)
    return Snapshot(
        departments=departments.passed,
        employees=employees.passed,
        seen_departments=frozenset(departments.seen),
        seen_userids=frozenset(employees.seen_userids),
        nameless_employees=employees.nameless,
        department_count=departments.count,
        employee_count=employees.count,
        problems=departments.problems + employees.problems,
        employee_columns=employees.columns,
    )
