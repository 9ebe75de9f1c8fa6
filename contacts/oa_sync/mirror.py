"""What a plan is computed against: our mirror, read with a constant number of queries."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from contacts.directory.models import ROOT_DEPARTMENT_ID, Department, Member
from contacts.roster.selectors import rostered_members


@dataclass(frozen=True, slots=True)
class DepartmentState:
    """A living department of the mirror."""

    department_id: int
    name: str
    parent_id: int
    oa_code: str
    kind: str
    store_code: str


@dataclass(frozen=True, slots=True)
class MemberState:
    """An account of the mirror with what we last wrote to it; `written` is False if we never did."""

    pk: int
    userid: str
    name: str
    status: int
    department_ids: tuple[int, ...]
    managed: bool
    written: bool
    phone_index: bytes
    gender: str
    position: str
    leader_userid: str
    disabled_by_us: bool
    job_number: str = ""
    # The roster holds the account: whoever is not in the OA may stay.
    rostered: bool = False

    @property
    def serves(self) -> bool:
        """Return whether the account is neither disabled nor left."""
        return self.status not in (Member.Status.DISABLED, Member.Status.LEFT)


@dataclass(frozen=True)
class MirrorState:
    """The whole mirror; members by lower-cased userid."""

    departments: dict[int, DepartmentState]
    by_oa_code: dict[str, DepartmentState]
    members: dict[str, MemberState]

    @cached_property
    def by_job_number(self) -> dict[str, MemberState]:
        """Return the accounts that are tied to an employee."""
        return {member.job_number: member for member in self.members.values() if member.job_number}

    @property
    def managed_count(self) -> int:
        """Return the serving accounts that come from the OA."""
        return sum(member.managed and member.serves for member in self.members.values())

    def unclaimed(self, parent_id: int, name: str) -> DepartmentState | None:
        """Return the department of that name under a parent that no OA department owns."""
        return self._unclaimed.get((parent_id, name.lower()))

    @cached_property
    def _unclaimed(self) -> dict[tuple[int, str], DepartmentState]:
        return {
            (d.parent_id, d.name.lower()): d
            for d in self.departments.values()
            if not d.oa_code and d.department_id != ROOT_DEPARTMENT_ID
        }


def load_mirror() -> MirrorState:
    """Read the mirror: three queries, whatever its size."""
    rostered = rostered_members()
    departments = {
        department.department_id: department
        for department in (
            DepartmentState(*row[:3], row[3] or "", *row[4:])
            for row in Department.objects.filter(deleted_at=None).values_list(
                "department_id", "name", "parent_department_id", "oa_code", "oa_kind", "store_code"
            )
        )
    }
    members = {
        row[1].lower(): _member_state(row, row[0] in rostered)
        for row in Member.objects.values_list(
            "pk",
            "userid",
            "name",
            "status",
            "department_ids",
            "employee_id",
            "written__id",
            "written__phone_index",
            "written__gender",
            "written__position",
            "written__leader_userid",
            "written__enabled",
            "employee__job_number",
        ).iterator(chunk_size=5000)
    }
    by_oa_code = {d.oa_code: d for d in departments.values() if d.oa_code}
    return MirrorState(departments, by_oa_code, members)


def _member_state(row: tuple[Any, ...], rostered: bool) -> MemberState:  # noqa: FBT001
    pk, userid, name, status, department_ids, employee_id, written_id, *written = row
    phone_index, gender, position, leader, enabled, job_number = written
    return MemberState(
        pk=pk,
        userid=userid,
        name=name,
        status=status,
        department_ids=tuple(department_ids),
        managed=employee_id is not None,
        written=written_id is not None,
        phone_index=bytes(phone_index or b""),
        gender=gender or "",
        position=position or "",
        leader_userid=leader or "",
        disabled_by_us=enabled is False,
        job_number=job_number or "",
        rostered=rostered,
    )
