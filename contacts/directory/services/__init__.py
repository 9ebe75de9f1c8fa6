"""Writes of the address book's mirror."""

from contacts.directory.services.employments import employments_take
from contacts.directory.services.ensured import members_ensure
from contacts.directory.services.mirror import (
    MirrorShrunk,
    departments_observed,
    follow_users_observed,
    member_left,
    member_observed,
    member_renamed,
    members_observed,
)
from contacts.directory.services.places import places_refresh, store_paths_set, unit_paths_set
from contacts.directory.services.refresh import (
    details_refresh,
    follow_refresh,
    ids_refresh,
    mirror_refresh,
    refresh_start,
)
from contacts.directory.services.written import (
    AccountWritten,
    DepartmentWritten,
    EmployeeFacts,
    department_written,
    employee_left,
    employees_recorded,
    member_disabled,
    member_written,
)

__all__ = [
    "AccountWritten",
    "DepartmentWritten",
    "EmployeeFacts",
    "MirrorShrunk",
    "department_written",
    "departments_observed",
    "details_refresh",
    "employee_left",
    "employees_recorded",
    "employments_take",
    "follow_refresh",
    "follow_users_observed",
    "ids_refresh",
    "member_disabled",
    "member_left",
    "member_observed",
    "member_renamed",
    "member_written",
    "members_ensure",
    "members_observed",
    "mirror_refresh",
    "places_refresh",
    "refresh_start",
    "store_paths_set",
    "unit_paths_set",
]
