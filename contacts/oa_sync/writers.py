"""Writes one plan item to WeCom; each write may be repeated without harm."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from contacts.directory.models import ROOT_DEPARTMENT_ID, Department, Member
from contacts.directory.selectors import member_by_userid
from contacts.directory.services import (
    USERID_TAKEN,
    AccountWritten,
    DepartmentWritten,
    account_change,
    account_create,
    account_disable,
    department_written,
    employee_left,
    member_disabled,
    member_left,
    member_written,
)
from contacts.oa_sync.models import OaPlanItem
from contacts.oa_sync.plan_items import Kind
from scrm.wecom.client import WeComClient
from scrm.wecom.errors import WeComError, WeComPermanent, WeComUnknownOutcome
from scrm.wecom.types import Department as SeenDepartment

Status = OaPlanItem.Status
# Outcome of an item that waits still: it was sent, and nobody knows yet whether WeCom did it.
TRIED = "tried"
# 60008 department name taken among siblings (doc 90313).
NAME_TAKEN = 60008
# A temporary name keeps the beginning of the old one, so that it is known again.
TEMPORARY_STEM = 40


@dataclass(frozen=True)
class Outcome:
    """What became of an item; `settle` takes it over into our mirror, inside the transaction."""

    status: str
    code: str
    errcode: int | None = None
    settle: Callable[[], object] | None = None


class Writer:
    """Writes plan items with the address-book secret."""

    def __init__(self, client: WeComClient, *, invite: bool) -> None:
        self._client = client
        self._invite = invite

    def write(self, item: OaPlanItem) -> Outcome:
        """Write one item; raises WeComError."""
        writers: dict[str, Callable[[OaPlanItem, datetime], Outcome]] = {
            Kind.DEPARTMENT_ADOPT: self._adopt_department,
            Kind.DEPARTMENT_CREATE: self._create_department,
            Kind.DEPARTMENT_UPDATE: self._update_department,
            Kind.MEMBER_CREATE: self._create_member,
            Kind.MEMBER_UPDATE: self._update_member,
            Kind.MEMBER_MOVE: self._update_member,
            Kind.MEMBER_ENABLE: self._enable_member,
            Kind.MEMBER_DISABLE: self._disable_member,
        }
        # The moment before the call: whatever WeCom tells us from now on is newer.
        return writers[item.kind](item, datetime.now(UTC))

    def _adopt_department(self, item: OaPlanItem, at: datetime) -> Outcome:
        after = item.after
        parent_id = int(after.get("parent_id") or 0)
        written = _department(item, int(after["department_id"]), parent_id)
        return Outcome(
            Status.DONE, "mirror_only", settle=lambda: department_written(written, at=at)
        )

    def _create_department(self, item: OaPlanItem, at: datetime) -> Outcome:
        parent_id = _parent_id(item)
        if parent_id is None:
            return Outcome(Status.FAILED, "parent_missing")
        code = "done"
        try:
            department_id = self._client.department.create(item.after["name"], parent_id)
        except WeComPermanent as failure:
            holder = self._holder(item, parent_id, failure)
            if _oa_code(holder):
                self._move_aside(item, holder, failure)
                department_id = self._client.department.create(item.after["name"], parent_id)
                code = "moved_aside"
            else:
                department_id, code = holder.department_id, "already"
        written = _department(item, department_id, parent_id)
        return Outcome(Status.DONE, code, settle=lambda: department_written(written, at=at))

    def _holder(self, item: OaPlanItem, parent_id: int, failure: WeComPermanent) -> SeenDepartment:
        """Return the department that has an item's place and name; raises the failure where that is not why."""
        if failure.errcode == NAME_TAKEN:
            for each in self._client.department.list().departments:
                if each.parent_id == parent_id and _same(each.name, item.after["name"]):
                    return each
        raise failure

    def _move_aside(
        self, item: OaPlanItem, holder: SeenDepartment, failure: WeComPermanent
    ) -> None:
        """Give a department a temporary name whose own turn to give up this one comes; raises the failure else."""
        later = OaPlanItem.objects.filter(
            run=item.run_id, kind=Kind.DEPARTMENT_UPDATE, status=Status.WAITING
        )
        if not later.filter(key=_oa_code(holder)).exclude(pk=item.pk).exists():
            raise failure
        name = f"{holder.name[:TEMPORARY_STEM]}~{holder.department_id}"
        self._client.department.update(holder.department_id, name=name)

    def _update_department(self, item: OaPlanItem, at: datetime) -> Outcome:
        parent_id = _parent_id(item)
        if parent_id is None:
            return Outcome(Status.FAILED, "parent_missing")
        after, before = item.after, item.before
        department_id = int(after["department_id"])
        code = "mirror_only"
        if after["name"] != before["name"] or parent_id != before["parent_id"]:
            code = self._rename(item, department_id, parent_id)
        written = _department(item, department_id, parent_id)
        return Outcome(Status.DONE, code, settle=lambda: department_written(written, at=at))

    def _rename(self, item: OaPlanItem, department_id: int, parent_id: int) -> str:
        name = item.after["name"]
        try:
            self._client.department.update(department_id, name=name, parent_id=parent_id)
        except WeComPermanent as failure:
            self._move_aside(item, self._holder(item, parent_id, failure), failure)
            self._client.department.update(department_id, name=name, parent_id=parent_id)
            return "moved_aside"
        return "done"

    def _create_member(self, item: OaPlanItem, at: datetime) -> Outcome:
        account = account_of(item)
        if account is None:
            return Outcome(Status.FAILED, "department_missing")
        tried = item.outcome == TRIED
        if not tried:
            _note(item, TRIED)
        try:
            created = account_create(self._client, account, invite=self._invite, tried=tried)
        except WeComUnknownOutcome:
            raise
        except WeComError as failure:
            if not tried:
                # Surely not made: whoever takes the userid before the next attempt is somebody else.
                _note(item, "")
            if failure.errcode != USERID_TAKEN:
                raise
            return Outcome(Status.FAILED, "userid_taken", USERID_TAKEN)
        code = done_code(item, account) if created else "already"
        return Outcome(
            Status.DONE, code, settle=lambda: member_written(account, at=at, created=True)
        )

    def _update_member(self, item: OaPlanItem, at: datetime) -> Outcome:
        return self._change_member(item, at, enable=False)

    def _enable_member(self, item: OaPlanItem, at: datetime) -> Outcome:
        return self._change_member(item, at, enable=True)

    def _change_member(self, item: OaPlanItem, at: datetime, *, enable: bool) -> Outcome:
        account = account_of(item)
        if account is None:
            return Outcome(Status.FAILED, "department_missing")
        account_change(self._client, account, enable=enable)
        return Outcome(
            Status.DONE,
            done_code(item, account),
            settle=lambda: member_written(account, at=at, created=False, enabled=enable),
        )

    def _disable_member(self, item: OaPlanItem, at: datetime) -> Outcome:
        userid = item.key
        if not account_disable(self._client, userid):
            return Outcome(Status.DONE, "gone", settle=lambda: _gone(userid, at))

        def settle() -> None:
            member_disabled(userid, at=at)
            employee_left(userid)

        return Outcome(Status.DONE, "done", settle=settle)


def _note(item: OaPlanItem, outcome: str) -> None:
    """Note at once how far an item came, for whoever goes on should this process die."""
    item.outcome = outcome
    item.save(update_fields=["outcome"])


def _oa_code(seen: SeenDepartment) -> str:
    """Return the OA department a department of WeCom belongs to; empty where none does."""
    known = Department.objects.filter(department_id=seen.department_id)
    return known.values_list("oa_code", flat=True).first() or ""


def _same(one: str, other: str) -> bool:
    return one.lower() == other.lower()


def _gone(userid: str, at: datetime) -> None:
    member_left(userid, observed_at=at)
    employee_left(userid)


def _department(item: OaPlanItem, department_id: int, parent_id: int) -> DepartmentWritten:
    after = item.after
    return DepartmentWritten(
        department_id=department_id,
        name=after["name"],
        parent_id=parent_id,
        oa_code=item.key,
        kind=after["kind"],
        store_code=after["store_code"],
    )


def _department_id(code: str) -> int | None:
    living = Department.objects.filter(oa_code=code, deleted_at=None)
    return living.values_list("department_id", flat=True).first()


def _parent_id(item: OaPlanItem) -> int | None:
    code = item.after["parent_code"]
    return _department_id(code) if code else ROOT_DEPARTMENT_ID


def account_of(item: OaPlanItem) -> AccountWritten | None:
    """Return the account as it will be; None while its department does not exist."""
    after = item.after
    department_id = _department_id(after["department_code"])
    if department_id is None:
        return None
    return AccountWritten(
        userid=item.key,
        name=after["name"],
        phone=after["phone"],
        gender=after["gender"],
        position=after["position"],
        department_id=department_id,
        leader_userid=_leader(item),
        job_number=after["job_number"],
        keeps_leader=after.get("keeps_leader", False),
    )


def _leader(item: OaPlanItem) -> str:
    """Return the leader's account as it is spelled; empty while this run did not make it, whoever has the userid."""
    wanted = item.after["leader"]
    leader = member_by_userid(wanted) if wanted else None
    if leader is None or leader.status == Member.Status.LEFT:
        return ""
    if leader.employee_id is None:
        made = OaPlanItem.objects.filter(run=item.run_id, kind=Kind.MEMBER_CREATE, key=wanted)
        if made.exclude(status=Status.DONE).exists():
            return ""
    return leader.userid


def done_code(item: OaPlanItem, account: AccountWritten) -> str:
    """Return how a written account is called: done, or done without its leader."""
    return "without_leader" if item.after["leader"] and not account.leader_userid else "done"
