"""Writes of the address book's mirror."""

from contacts.directory.services.accounts import (
    USERID_TAKEN,
    account_change,
    account_create,
    account_disable,
)
from contacts.directory.services.employments import employments_take
from contacts.directory.services.ensured import members_ensure
from contacts.directory.services.inviting import members_invite
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
    names_refresh,
    refresh_start,
)
from contacts.directory.services.repeating import is_about_one, repeated
from contacts.directory.services.written import (
    AccountWritten,
    DepartmentWritten,
    EmployeeFacts,
    account_rewritten,
    department_written,
    departments_rewritten,
    employee_left,
    employees_recorded,
    leaves_take_effect,
    member_disabled,
    member_written,
)

__all__ = [
    "USERID_TAKEN",
    "AccountWritten",
    "DepartmentWritten",
    "EmployeeFacts",
    "MirrorShrunk",
    "account_change",
    "account_create",
    "account_disable",
    "account_rewritten",
    "department_written",
    "departments_observed",
    "departments_rewritten",
    "details_refresh",
    "employee_left",
    "employees_recorded",
    "employments_take",
    "follow_refresh",
    "follow_users_observed",
    "ids_refresh",
    "is_about_one",
    "leaves_take_effect",
    "member_disabled",
    "member_left",
    "member_observed",
    "member_renamed",
    "member_written",
    "members_ensure",
    "members_invite",
    "members_observed",
    "mirror_refresh",
    "names_refresh",
    "places_refresh",
    "refresh_start",
    "repeated",
    "store_paths_set",
    "unit_paths_set",
]
