"""Writes one plan item to WeCom; each write may be repeated without harm."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from contacts.directory.models import ROOT_DEPARTMENT_ID, Department, Member
from contacts.directory.selectors import member_by_userid
from contacts.directory.services import (
    AccountWritten,
    DepartmentWritten,
    department_written,
    employee_left,
    member_disabled,
    member_left,
    member_written,
)
from contacts.oa_sync.models import OaPlanItem
from contacts.oa_sync.plan_items import Kind
from scrm.wecom.client import WeComClient
from scrm.wecom.errors import WeComPermanent

Status = OaPlanItem.Status
# 60008 department name taken among siblings, 60102 userid exists, 60111 userid not found (doc 90313).
NAME_TAKEN = 60008
USERID_TAKEN = 60102
USERID_UNKNOWN = 60111


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
            found = (
                self._find_department(item.after["name"], parent_id)
                if failure.errcode == NAME_TAKEN
                else None
            )
            if found is None:
                raise
            department_id, code = found, "already"
        written = _department(item, department_id, parent_id)
        return Outcome(Status.DONE, code, settle=lambda: department_written(written, at=at))

    def _find_department(self, name: str, parent_id: int) -> int | None:
        """Return the department of that name under a parent that no other OA department owns."""
        owned = set(
            Department.objects.exclude(oa_code=None).values_list("department_id", flat=True)
        )
        for department in self._client.department.list().departments:
            same = department.parent_id == parent_id and department.name.lower() == name.lower()
            if same and department.department_id not in owned:
                return department.department_id
        return None

    def _update_department(self, item: OaPlanItem, at: datetime) -> Outcome:
        parent_id = _parent_id(item)
        if parent_id is None:
            return Outcome(Status.FAILED, "parent_missing")
        after, before = item.after, item.before
        department_id = int(after["department_id"])
        code = "mirror_only"
        if after["name"] != before["name"] or parent_id != before["parent_id"]:
            self._client.department.update(department_id, name=after["name"], parent_id=parent_id)
            code = "done"
        written = _department(item, department_id, parent_id)
        return Outcome(Status.DONE, code, settle=lambda: department_written(written, at=at))

    def _create_member(self, item: OaPlanItem, at: datetime) -> Outcome:
        account = _account(item)
        if account is None:
            return Outcome(Status.FAILED, "department_missing")
        fields = _account_fields(account)
        code = _done_code(item, account)
        try:
            self._client.user.create(
                account.userid,
                account.name,
                [account.department_id],
                enable=1,
                to_invite=self._invite,
                **fields,
            )
        except WeComPermanent as failure:
            if failure.errcode != USERID_TAKEN:
                raise
            # An earlier attempt came through, or somebody was quicker: bring it up to date.
            self._client.user.update(
                account.userid, name=account.name, department=[account.department_id], **fields
            )
            code = "already"
        return Outcome(
            Status.DONE, code, settle=lambda: member_written(account, at=at, created=True)
        )

    def _update_member(self, item: OaPlanItem, at: datetime) -> Outcome:
        return self._change_member(item, at, enable=False)

    def _enable_member(self, item: OaPlanItem, at: datetime) -> Outcome:
        return self._change_member(item, at, enable=True)

    def _change_member(self, item: OaPlanItem, at: datetime, *, enable: bool) -> Outcome:
        account = _account(item)
        if account is None:
            return Outcome(Status.FAILED, "department_missing")
        fields: dict[str, Any] = {
            "name": account.name,
            "department": [account.department_id],
            **_account_fields(account),
        }
        if enable:
            fields["enable"] = 1
        self._client.user.update(account.userid, **fields)
        return Outcome(
            Status.DONE,
            _done_code(item, account),
            settle=lambda: member_written(account, at=at, created=False, enabled=enable),
        )

    def _disable_member(self, item: OaPlanItem, at: datetime) -> Outcome:
        userid = item.key
        try:
            self._client.user.update(userid, enable=0)
        except WeComPermanent as failure:
            if failure.errcode != USERID_UNKNOWN:
                raise
            return Outcome(Status.DONE, "gone", settle=lambda: _gone(userid, at))

        def settle() -> None:
            member_disabled(userid, at=at)
            employee_left(userid)

        return Outcome(Status.DONE, "done", settle=settle)


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


def _account(item: OaPlanItem) -> AccountWritten | None:
    """Return the account as it will be; None while its department does not exist."""
    after = item.after
    department_id = _department_id(after["department_code"])
    if department_id is None:
        return None
    leader = member_by_userid(after["leader"]) if after["leader"] else None
    known = leader is not None and leader.status != Member.Status.LEFT
    return AccountWritten(
        userid=item.key,
        name=after["name"],
        phone=after["phone"],
        gender=after["gender"],
        position=after["position"],
        department_id=department_id,
        leader_userid=leader.userid if leader is not None and known else "",
        job_number=after["job_number"],
    )


def _done_code(item: OaPlanItem, account: AccountWritten) -> str:
    return "without_leader" if item.after["leader"] and not account.leader_userid else "done"


def _account_fields(account: AccountWritten) -> dict[str, Any]:
    """Return WeCom's optional fields of an account (doc 90195)."""
    fields: dict[str, Any] = {
        "main_department": account.department_id,
        "position": account.position,
        "direct_leader": [account.leader_userid] if account.leader_userid else [],
    }
    if account.phone:
        fields["mobile"] = (
            account.phone.removeprefix("+86") if account.phone.startswith("+86") else account.phone
        )
    if account.gender:
        fields["gender"] = account.gender
    return fields
