"""Writes our value of one finding back to WeCom, and nothing but that value."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from contacts.directory.models import ROOT_DEPARTMENT_ID, Department, Member
from contacts.directory.selectors import member_by_userid
from contacts.directory.services import (
    AccountWritten,
    DepartmentWritten,
    account_create,
    account_disable,
    account_rewritten,
    department_written,
    departments_observed,
    departments_rewritten,
    member_disabled,
    member_left,
    member_observed,
    member_written,
    places_refresh,
)
from contacts.directory.services.accounts import account_fields
from contacts.drift.comparing import Wanted
from contacts.drift.facts import facts_of
from contacts.drift.models import DriftFinding
from contacts.oa_sync.selectors import policy
from contacts.roster.models import RosterPerson
from scrm.core.exceptions import Conflict
from scrm.core.gateway import wecom
from scrm.wecom.errors import WeComPermanent, WeComPermission

Kind = DriftFinding.Kind
# 60008 department name taken among siblings (doc 90313).
NAME_TAKEN = 60008


class CannotRestore(Conflict):
    """Our value is not to be written now; the code says why (contacts/drift/words.py)."""


@dataclass(frozen=True)
class Outcome:
    """What was written, and how the mirror takes it over; `settle` runs inside the transaction."""

    written: Mapping[str, Any] = field(default_factory=dict)
    settle: Callable[[], object] = lambda: None


def blocked_code(finding: DriftFinding) -> str:
    """Return why a finding cannot be brought back by a click; empty when it can."""
    return "unit_extra" if finding.kind == Kind.UNIT_EXTRA else ""


@dataclass(frozen=True)
class _Person:
    """Who an account belongs to: what OA or roster say of them."""

    name: str
    post: str
    phone: str
    gender: str
    department_id: int | None
    job_number: str


class Pen:
    """Writes with the address-book secret and reads back with the app's; each write may be repeated without harm."""

    def __init__(self) -> None:
        self._writer, self._reader = wecom("contacts", lane="sync"), wecom(lane="sync")

    def write(self, finding: DriftFinding, at: datetime) -> Outcome:
        """Write one finding's value; raises WeComError, CannotRestore."""
        if finding.department is not None:
            return self._unit(finding.kind, finding.department, at)
        assert finding.member is not None  # noqa: S101 - the database holds it
        writers: dict[str, Callable[[Member, datetime], Outcome]] = {
            Kind.UNEXPLAINED: self._disable,
            Kind.LEAVER_ENABLED: self._disable,
            Kind.ENABLED: self._disable,
            Kind.DISABLED: self._enable,
            Kind.MISSING: self._create,
            Kind.DEPARTMENT: self._place,
            Kind.NAME: self._name,
            Kind.POST: self._post,
            Kind.UNREADABLE: self._unreadable,
        }
        return writers[finding.kind](finding.member, at)

    def _disable(self, member: Member, at: datetime) -> Outcome:
        wanted = _wanted(member)
        if wanted is not None and wanted.works:
            raise CannotRestore("", code="explained_now")
        if not account_disable(self._writer, member.userid):
            return Outcome({"gone": True}, partial(member_left, member.userid, observed_at=at))
        return Outcome({"enable": 0}, partial(member_disabled, member.userid, at=at))

    def _enable(self, member: Member, at: datetime) -> Outcome:
        _working_person(member)
        self._writer.user.update(member.userid, enable=1)
        return self._read_back(
            member, {"enable": 1}, partial(account_rewritten, member, at=at, enabled=True)
        )

    def _place(self, member: Member, at: datetime) -> Outcome:
        department_id = _placed(_working_person(member))
        self._writer.user.update(
            member.userid, department=[department_id], main_department=department_id
        )
        return self._read_back(
            member, {"departments": [department_id]}, partial(account_rewritten, member, at=at)
        )

    def _name(self, member: Member, at: datetime) -> Outcome:
        name = _working_person(member).name
        self._writer.user.update(member.userid, name=name)
        return self._read_back(member, {"name": name}, partial(account_rewritten, member, at=at))

    def _post(self, member: Member, at: datetime) -> Outcome:
        post = _working_person(member).post
        self._writer.user.update(member.userid, position=post)
        settle = partial(account_rewritten, member, at=at, position=post)
        return self._read_back(member, {"position": post}, settle)

    def _unreadable(self, member: Member, at: datetime) -> Outcome:
        """Write what WeCom does not show; the audit says which fields, never the phone."""
        person = _working_person(member)
        account = _account(member, person, member.main_department_id or ROOT_DEPARTMENT_ID)
        fields = {k: v for k, v in account_fields(account).items() if k in ("mobile", "gender")}
        self._writer.user.update(member.userid, **fields)
        settle = partial(
            account_rewritten, member, at=at, phone=person.phone or None, gender=person.gender
        )
        return self._read_back(member, {"fields": sorted(fields)}, settle)

    def _create(self, member: Member, at: datetime) -> Outcome:
        person = _working_person(member)
        account = _account(member, person, _placed(person))
        account_create(self._writer, account, invite=policy().invite)
        return Outcome(
            {"userid": member.userid, "departments": [account.department_id]},
            partial(member_written, account, at=at, created=True),
        )

    def _read_back(
        self, member: Member, written: Mapping[str, Any], settle: Callable[[], object]
    ) -> Outcome:
        """Return an outcome that also takes over what WeCom now says; outside our range the next refresh tells."""
        try:
            seen = self._reader.user.get(member.userid)
        except WeComPermission:
            return Outcome(written, settle)

        def both() -> None:
            settle()
            member_observed(seen)

        return Outcome(written, both)

    def _unit(self, kind: str, department: Department, at: datetime) -> Outcome:
        if kind == Kind.UNIT_MISSING:
            return self._make_unit(department, at)
        name, parent_id = department.written_name, department.written_parent_id
        fields: dict[str, Any] = (
            {"name": name} if kind == Kind.UNIT_NAME else {"parent_id": parent_id}
        )
        self._writer.department.update(department.department_id, **fields)
        tree = self._writer.department.list()

        def settle() -> None:
            departments_observed(tree)
            departments_rewritten([department.pk], at=at)
            places_refresh()

        return Outcome(fields, settle)

    def _make_unit(self, department: Department, at: datetime) -> Outcome:
        """Make a department again that somebody deleted; it gets another id, and its people are told apart by it."""
        parent = Department.objects.filter(
            department_id=department.written_parent_id, deleted_at=None
        ).first()
        if parent is None:
            raise CannotRestore("", code="parent_missing")
        name = department.written_name
        try:
            made = self._writer.department.create(name, parent.department_id)
        except WeComPermanent as failure:
            found = (
                self._sibling(name, parent.department_id) if failure.errcode == NAME_TAKEN else None
            )
            if found is None:
                raise
            made = found
        written = DepartmentWritten(
            department_id=made,
            name=name,
            parent_id=parent.department_id,
            oa_code=department.written_code,
            kind=department.oa_kind,
            store_code=department.store_code,
        )

        def settle() -> None:
            department_written(written, at=at)
            places_refresh()

        return Outcome({"name": name, "department": made}, settle)

    def _sibling(self, name: str, parent_id: int) -> int | None:
        """Return the department of that name under a parent, where none of ours is it."""
        ours = set(Department.objects.exclude(oa_code=None).values_list("department_id", flat=True))
        for department in self._writer.department.list().departments:
            same = department.parent_id == parent_id and department.name.lower() == name.lower()
            if same and department.department_id not in ours:
                return department.department_id
        return None


def _wanted(member: Member) -> Wanted | None:
    """Return what OA and roster want of an account now; raises CannotRestore before the day it takes effect."""
    facts = facts_of(shown=None, since=None, members=Member.objects.filter(pk=member.pk))
    if not facts.accounts:
        raise CannotRestore("", code="later")
    return facts.accounts[0][1]


def _working_person(member: Member) -> _Person:
    """Return what OA or roster say now; raises CannotRestore where they no longer want the account to work."""
    wanted = _wanted(member)
    if wanted is None or not wanted.works:
        raise CannotRestore("", code="not_wanted")
    phone, job_number = _secrets_of(member)
    return _Person(
        wanted.name, wanted.post, phone, wanted.gender or "", wanted.department_id, job_number
    )


def _secrets_of(member: Member) -> tuple[str, str]:
    employee = member.employee
    if employee is not None and employee.state != employee.State.LEFT:
        return employee.phone, employee.job_number
    person = RosterPerson.objects.filter(member=member, state=RosterPerson.State.ACTIVE).first()
    return (person.phone if person is not None else "", "")


def _placed(person: _Person) -> int:
    if person.department_id is None:
        raise CannotRestore("", code="department_missing")
    return person.department_id


def _account(member: Member, person: _Person, department_id: int) -> AccountWritten:
    return AccountWritten(
        userid=member.userid,
        name=person.name,
        phone=person.phone,
        gender=person.gender,
        position=person.post,
        department_id=department_id,
        leader_userid=_leader(member),
        job_number=person.job_number,
    )


def _leader(member: Member) -> str:
    """Return the leader's account as last written, while it exists."""
    written = getattr(member, "written", None)
    leader = member_by_userid(written.leader_userid) if written and written.leader_userid else None
    known = leader is not None and leader.status != Member.Status.LEFT
    return leader.userid if leader is not None and known else ""
