"""Bringing back writes our value and nothing else; accepting needs a reason; both are audited."""

import pytest

from contacts.directory.models import Department, Employee, MemberWritten
from contacts.drift.services import findings_accept, restore_counted, restore_start
from scrm.core.audit.models import AuditEntry
from scrm.core.crypto import blind_index
from scrm.core.exceptions import Conflict, ValidationFailed
from scrm.core.jobs.models import JobRun
from tests.contacts.drift.drift_desk import DriftDesk, company_roles, desk

__all__ = ["company_roles", "desk"]
pytestmark = [pytest.mark.django_db, pytest.mark.flow]
NEW_PHONE = "+8613900000009"


def test_every_difference_of_an_account_is_brought_back(desk: DriftDesk) -> None:
    # given accounts that somebody changed by hand, one in two ways
    own, other = desk.department("D1").department_id, desk.department("D2").department_id
    desk.by_hand("stranger", create=True, name="陌生人", department=[1], mobile="13900000001")
    desk.by_hand("e0001", name="改名", position="乱写")
    desk.by_hand("e0005", department=[own, other])
    desk.by_hand("e0007", status=2)
    desk.by_hand("e0009", delete=True)
    Employee.objects.filter(member__userid="e0011").update(state=Employee.State.LEFT)
    told = Employee.objects.get(member__userid="e0002")
    told.phone, told.phone_index = NEW_PHONE, blind_index("phone", NEW_PHONE)
    told.save()
    post = desk.member("e0001").position
    desk.compare()
    kinds = {
        "unexplained": "stranger", "name": "e0001", "department": "e0005", "disabled": "e0007",
        "missing": "e0009", "leaver_enabled": "e0011", "unreadable": "e0002",
    }  # fmt: skip

    # when all but the post are brought back
    job = desk.bring_back(*(desk.finding(kind, userid) for kind, userid in kinds.items()))

    # then WeCom has our values again, and the post that nobody chose is as it was
    assert (job.state, job.succeeded, job.failed) == (JobRun.State.DONE, 7, 0)
    assert desk.live() == {("post", "e0001"): "open"}
    assert (desk.seen("stranger")["status"], desk.seen("e0011")["status"]) == (2, 2)
    assert (desk.seen("e0001")["name"], desk.seen("e0001")["position"]) == ("员工1", "乱写")
    assert desk.places("e0005") == [own]
    assert desk.seen("e0007")["status"] != 2
    assert desk.seen("e0009")["name"] == "员工9"
    assert desk.seen("e0002")["mobile"] == "13900000009"
    assert MemberWritten.objects.get(member__userid="e0002").phone == NEW_PHONE

    # and each is in the audit, without the phone
    rows = AuditEntry.objects.filter(action="drift.bring_back")
    assert rows.count() == 7
    assert not any("139" in str(row.after) for row in rows)

    # and the next comparison agrees
    desk.bring_back(desk.finding("post", "e0001"))
    desk.compare()
    assert (desk.live(), desk.seen("e0001")["position"]) == ({}, post)


def test_departments_are_brought_back(desk: DriftDesk) -> None:
    first, second = desk.department("D1"), desk.department("D2")
    name, above = first.name, second.parent_department_id
    desk.department_by_hand("update", id=first.department_id, name="旗舰店")
    desk.department_by_hand("update", id=second.department_id, parentid=1)
    desk.department_by_hand("create", name="临时部门", parentid=1)
    desk.compare()
    extra = desk.finding("unit_extra", "临时部门")

    chosen = [extra, desk.finding("unit_name", "D1"), desk.finding("unit_parent", "D2")]
    assert restore_counted(chosen).by_kind == {"unit_name": 1, "unit_parent": 1}
    assert restore_counted(chosen).blocked == {"unit_extra": 1}
    desk.bring_back(*chosen)

    desk.compare()
    assert desk.live() == {("unit_extra", "临时部门"): "open"}
    assert (desk.department("D1").name, desk.department("D2").parent_department_id) == (name, above)


def test_a_deleted_department_is_made_again(desk: DriftDesk) -> None:
    # given an empty department of the OA that somebody deleted by hand
    from contacts.directory.services import DepartmentWritten, department_written
    from scrm.core.gateway import wecom

    made = wecom("contacts").department.create("仓库", 1)
    written = DepartmentWritten(made, "仓库", 1, "D9", "department", "")
    department_written(written, at=desk.department("D1").written_at)  # type: ignore[arg-type]
    desk.department_by_hand("delete", id=made)
    desk.compare()
    assert desk.live() == {("unit_missing", "D9"): "open"}

    desk.bring_back(desk.finding("unit_missing", "D9"))

    again = Department.objects.get(oa_code="D9")
    assert (again.name, again.deleted_at, again.written_at is not None) == ("仓库", None, True)
    desk.compare()
    assert desk.live() == {}


def test_what_wecom_refuses_stays_open_and_says_why(desk: DriftDesk) -> None:
    desk.by_hand("e0001", name="改名")
    desk.compare()
    desk.oa.fault("user/update", "errcode", value=40066)

    job = desk.bring_back(desk.finding("name", "e0001"))

    finding = desk.finding("name", "e0001")
    assert (job.state, job.failed) == (JobRun.State.DONE, 1)
    assert (finding.status, finding.errcode) == ("open", 40066)
    assert not AuditEntry.objects.filter(action="drift.bring_back").exists()
    assert desk.seen("e0001")["name"] == "改名"


def test_an_account_the_oa_explains_by_now_is_not_disabled(desk: DriftDesk) -> None:
    # given a leaver found enabled, whom the OA took back before anybody pressed
    Employee.objects.filter(member__userid="e0001").update(state=Employee.State.LEFT)
    desk.compare()
    finding = desk.finding("leaver_enabled", "e0001")
    Employee.objects.filter(member__userid="e0001").update(state=Employee.State.ACTIVE)

    job = desk.bring_back(finding)

    finding.refresh_from_db()
    assert (job.failed, finding.status, finding.problem) == (1, "open", "explained_now")
    assert desk.seen("e0001")["status"] != 2


def test_accepting_needs_a_reason_and_what_was_seen(desk: DriftDesk) -> None:
    desk.by_hand("e0001", name="改名")
    desk.compare()
    seen = desk.finding("name", "e0001")

    with pytest.raises(ValidationFailed):
        findings_accept(findings=[seen], reason="  ", actor=desk.user)
    desk.by_hand("e0001", name="又改名")
    desk.compare()
    with pytest.raises(Conflict):
        findings_accept(findings=[seen], reason="可以", actor=desk.user)

    assert desk.live() == {("name", "e0001"): "open"}
    assert not AuditEntry.objects.filter(action="drift.accept").exists()


def test_accepting_is_audited_with_both_sides(desk: DriftDesk) -> None:
    desk.by_hand("e0001", name="艺名")
    desk.compare()

    findings_accept(findings=[desk.finding("name", "e0001")], reason="艺名", actor=desk.user)

    entry = AuditEntry.objects.get(action="drift.accept")
    assert entry.after == {
        "kind": "name", "about": "e0001", "ours": {"name": "员工1"}, "theirs": {"name": "艺名"},
    }  # fmt: skip


def test_nothing_to_bring_back_is_said(desk: DriftDesk) -> None:
    desk.department_by_hand("create", name="临时部门", parentid=1)
    desk.compare()

    with pytest.raises(ValidationFailed):
        restore_start(findings=[desk.finding("unit_extra", "临时部门")], actor=desk.user)

    assert not JobRun.objects.filter(kind="drift.restore").exists()
