"""What we wrote to WeCom ourselves: such changes raise no callback, so the mirror takes them over here."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.utils import timezone

from contacts.directory.grams import name_grams
from contacts.directory.models import Department, Employee, Member, MemberWritten
from contacts.directory.selectors import member_by_userid
from contacts.directory.services.employments import employments_recorded
from contacts.directory.services.mirror import end_sessions
from contacts.directory.services.places import places_refresh
from scrm.core.copy import upsert_by_copy
from scrm.core.crypto import blind_index
from scrm.core.ids import uuid7


@dataclass(frozen=True)
class DepartmentWritten:
    """A department as it now is in WeCom and in the OA."""

    department_id: int
    name: str
    parent_id: int
    oa_code: str
    kind: str
    store_code: str


@dataclass(frozen=True)
class AccountWritten:
    """An account as it now is in WeCom. phone in E.164; job_number ties it to the employee.

    `keeps_leader`: whoever leads in WeCom goes on, and nothing is written about it.
    """

    userid: str
    name: str
    phone: str
    gender: str
    position: str
    department_id: int
    leader_userid: str
    job_number: str
    keeps_leader: bool = False


@dataclass(frozen=True)
class EmployeeFacts:
    """An employee as the OA has them; a leaver brings only the job number and the state."""

    job_number: str
    name: str
    gender: str
    phone: str
    post: str
    department_code: str
    leader_job_number: str
    left: bool
    effective_on: date | None


def department_written(written: DepartmentWritten, *, at: datetime) -> None:
    """Take over a department we created, changed or adopted; the caller refreshes the places."""
    Department.objects.filter(oa_code=written.oa_code).exclude(
        department_id=written.department_id
    ).update(oa_code=None)
    Department.objects.filter(written_code=written.oa_code).exclude(
        department_id=written.department_id
    ).update(written_code="", written_at=None)
    Department.objects.update_or_create(
        department_id=written.department_id,
        defaults={
            "name": written.name,
            "parent_department_id": written.parent_id,
            "oa_code": written.oa_code,
            "oa_kind": written.kind,
            "store_code": written.store_code,
            "deleted_at": None,
            "observed_at": at,
            "written_code": written.oa_code,
            "written_name": written.name,
            "written_parent_id": written.parent_id,
            "written_at": at,
        },
    )


def departments_rewritten(departments: Iterable[int], *, at: datetime) -> None:
    """Note that departments were written once more with what stands as written; by row id."""
    Department.objects.filter(pk__in=list(departments)).update(written_at=at)


def account_rewritten(
    member: Member,
    *,
    at: datetime,
    phone: str | None = None,
    gender: str | None = None,
    position: str | None = None,
    enabled: bool = False,
) -> None:
    """Remember fields of an account that were written by themselves; None leaves a field as it was."""
    written = MemberWritten.objects.filter(member=member).first() or MemberWritten(member=member)
    if phone is not None:
        written.phone = phone
        written.phone_index = blind_index("phone", phone) if phone else None
    if gender is not None:
        written.gender = gender
    if position is not None:
        written.position = position
    if enabled:
        written.enabled, written.switched_at = True, at
    written.written_at = at
    written.save()


def member_written(
    account: AccountWritten, *, at: datetime, created: bool, enabled: bool = False
) -> Member:
    """Take over an account we created or changed, and remember what WeCom will not show us again."""
    member = member_by_userid(account.userid) or Member(userid=account.userid)
    member.name = account.name
    member.name_grams = name_grams(account.name)
    member.position = account.position
    member.department_ids = [account.department_id]
    member.main_department_id = account.department_id
    member.observed_at = at
    if created or (enabled and member.status == Member.Status.DISABLED):
        member.status = Member.Status.NOT_ACTIVATED
        member.left_at = None
    employee = Employee.objects.filter(job_number=account.job_number).first()
    if employee is not None and employee.pk != member.employee_id:
        # An earlier account of the same person, deleted in WeCom, gives the employee up.
        Member.objects.filter(employee=employee).exclude(pk=member.pk).update(employee=None)
        member.employee = employee
    member.save()
    written = MemberWritten.objects.filter(member=member).first() or MemberWritten(member=member)
    written.phone = account.phone
    written.phone_index = blind_index("phone", account.phone) if account.phone else None
    written.gender = account.gender
    written.position = account.position
    if not account.keeps_leader:
        written.leader_userid = account.leader_userid
    written.enabled = True
    if created or enabled or written.switched_at is None:
        written.switched_at = at
    written.written_at = at
    written.save()
    places_refresh(member.pk)
    return member


def member_disabled(userid: str, *, at: datetime) -> None:
    """Take over that we disabled an account: it may not work any more, and we may enable it again."""
    member = member_by_userid(userid)
    if member is None:
        return
    Member.objects.filter(pk=member.pk).update(status=Member.Status.DISABLED, observed_at=at)
    written = MemberWritten.objects.filter(member=member).first() or MemberWritten(member=member)
    written.enabled = False
    if member.status != Member.Status.DISABLED:
        written.switched_at = at
    written.written_at = at
    written.save()
    end_sessions(member)


def employee_left(userid: str) -> None:
    """Note that the employee of an account left the company."""
    rows = Employee.objects.filter(member__userid=userid).exclude(state=Employee.State.LEFT)
    ids = list(rows.values_list("pk", flat=True))
    # A later day of something else does not put this off.
    rows.filter(effective_on__gt=timezone.localdate()).update(effective_on=None)
    rows.update(state=Employee.State.LEFT, leaves_on=None, updated_at=timezone.now())
    employments_recorded(dict.fromkeys(ids, (True, None)))


def leaves_take_effect() -> int:
    """Let those leave whose day has come, also where the OA is not read that day; returns how many."""
    due = Employee.objects.filter(leaves_on__lte=timezone.localdate())
    # Their employments end on that day already.
    return due.update(state=Employee.State.LEFT, leaves_on=None, updated_at=timezone.now())


EMPLOYEE_COLUMNS = (
    "id",
    "job_number",
    "name",
    "gender",
    "phone",
    "phone_index",
    "post",
    "department_code",
    "leader_job_number",
    "state",
    "effective_on",
    "leaves_on",
    "updated_at",
)
EMPLOYEE_COMPARED = (
    "name",
    "gender",
    "phone_index",
    "post",
    "department_code",
    "leader_job_number",
    "state",
    "effective_on",
    "leaves_on",
)


def employees_recorded(employees: Iterable[EmployeeFacts]) -> int:
    """Bring the employees up to date with the OA; returns how many rows were written.

    One read and one bulk write; only changed rows are encrypted and written. Who leaves on a later day stays employed
    until then.
    """
    known = {row[0]: row[1:] for row in _known_employees()}
    sealed = Employee._meta.get_field("phone")
    now = timezone.now()
    today = timezone.localdate()
    staying: list[tuple[Any, ...]] = []
    leaving: list[tuple[Any, ...]] = []
    days: dict[UUID, tuple[bool, date | None]] = {}
    for employee in employees:
        held = known.get(employee.job_number)
        facts = _facts(employee, held, today)
        if held is not None and facts == held[1:]:
            continue
        name, gender, index, post, code, leader, *state = facts
        pk = held[0] if held is not None else uuid7()
        phone = sealed.seal(pk, employee.phone)
        days[pk] = (employee.left, employee.effective_on)
        # A leaver's row brings no phone: the phone column then keeps what it has.
        (leaving if employee.left else staying).append(
            (
                pk,
                employee.job_number,
                name,
                gender,
                phone,
                index or None,
                post,
                code,
                leader,
                *state,
                now,
            )
        )
    compared = EMPLOYEE_COMPARED
    counts = [
        upsert_by_copy(
            Employee,
            EMPLOYEE_COLUMNS,
            part,
            conflict=("job_number",),
            compare=compared,
            update=update,
        )
        for part, update in (
            (staying, (*compared, "phone", "updated_at")),
            (leaving, (*compared, "updated_at")),
        )
        if part
    ]
    if days:
        employments_recorded(days)
    return sum(count.inserted + count.updated for count in counts)


def _known_employees() -> list[tuple[Any, ...]]:
    values = Employee.objects.values_list("job_number", "id", *EMPLOYEE_COMPARED)
    return [tuple(bytes(v) if isinstance(v, memoryview) else v for v in row) for row in values]


def _facts(employee: EmployeeFacts, held: tuple[Any, ...] | None, today: date) -> tuple[Any, ...]:
    """Return the compared columns; of a leaver all but the state and its days stay as they are."""
    day = employee.effective_on
    leaves_on = day if employee.left and day is not None and day > today else None
    has_left = employee.left and leaves_on is None
    state = (Employee.State.LEFT if has_left else Employee.State.ACTIVE).value
    if employee.left and held is not None:
        _pk, name, *known = held[:7]
        return (employee.name or name, *known, state, day, leaves_on)
    index = blind_index("phone", employee.phone) if employee.phone else None
    return (
        employee.name,
        employee.gender,
        index,
        employee.post,
        employee.department_code,
        employee.leader_job_number,
        state,
        day,
        leaves_on,
    )
