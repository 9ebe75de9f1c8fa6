"""From the OA's files to accounts in WeCom, over real HTTP against the sandbox."""

from datetime import timedelta

import pytest
from django.utils import timezone, translation

from contacts.directory.models import Department, Employee, Member, MemberWritten
from contacts.oa_sync.models import OaRun
from contacts.oa_sync.selectors import items_of, row_errors_of
from contacts.oa_sync.services import (
    adopting,
    files_purge,
    run_discard,
    run_plan_again,
)
from contacts.oa_sync.shown import error_rows, show_items
from contacts.org.models import OrgUnit
from scrm.core.exceptions import NotFound
from scrm.core.gateway import wecom
from tests.contacts.oa_sync.desk import PEOPLE, Desk, desk
from tests.contacts.oa_sync.oa_files import (
    TREE,
    employee,
    phone_of,
)

__all__ = ["desk"]
pytestmark = [pytest.mark.django_db, pytest.mark.flow]


def test_a_first_sync_makes_departments_and_accounts(desk: Desk) -> None:
    # given members WeCom has already
    before = desk.members()

    # when the OA's files are read and approved
    run = desk.sync(PEOPLE)

    # then every employee has an account, in the right department, with the phone of the OA
    assert (run.status, run.item_counts["member_create"], run.error_count) == (
        OaRun.Status.APPLIED,
        12,
        0,
    )
    made = {userid: row for userid, row in desk.members().items() if userid not in before}
    assert sorted(made) == [f"e{n:04d}" for n in range(1, 13)]
    assert made["e0001"]["mobile"] in (phone_of(1), f"+86{phone_of(1)}")

    # and our mirror took it over without a callback
    member = Member.objects.get(userid="e0001")
    store = Department.objects.get(oa_code="D1")
    assert (member.name, member.status, member.department_ids) == (
        "员工1", Member.Status.NOT_ACTIVATED, [store.department_id]
    )  # fmt: skip
    assert member.employee is not None
    assert member.employee.phone == f"+86{phone_of(1)}"
    assert MemberWritten.objects.get(member=member).phone == f"+86{phone_of(1)}"

    # and the organisation stands, with everybody in her place
    branch, unit = OrgUnit.objects.get(code="B1"), OrgUnit.objects.get(code="S001")
    assert (unit.kind, unit.parent_id, unit.path) == (
        "store",
        branch.pk,
        f"/{branch.pk}/{unit.pk}/",
    )
    assert member.org_path == unit.path


def test_the_second_run_on_the_same_files_plans_and_writes_nothing(desk: Desk) -> None:
    # given an applied run
    desk.sync(PEOPLE)
    employees = list(Employee.objects.order_by("pk").values())
    members = list(Member.objects.order_by("pk").values())
    writes = desk.calls("user/create") + desk.calls("user/update") + desk.calls("department/create")

    # when the same files are read again
    run = desk.read(PEOPLE)

    # then nothing is planned and not a row has changed
    assert (run.status, run.item_counts, items_of(run).count()) == (OaRun.Status.UNCHANGED, {}, 0)
    assert list(Employee.objects.order_by("pk").values()) == employees
    assert list(Member.objects.order_by("pk").values()) == members
    assert (
        desk.calls("user/create") + desk.calls("user/update") + desk.calls("department/create")
        == writes
    )


def test_changes_moves_leavers_and_returners(desk: Desk) -> None:
    # given an applied run
    desk.sync(PEOPLE)
    changed = [
        employee(1, "D2"), employee(2, "D2", name="新名"), employee(3, "D1", state="离职"), *PEOPLE[4:]
    ]  # fmt: skip

    # when one moves, one gets a new name, one leaves and one is absent
    run = desk.sync(changed)

    # then WeCom says so, and nobody was deleted
    kinds = dict(items_of(run).values_list("key", "kind"))
    assert kinds == {
        "e0001": "member_move", "e0002": "member_update", "e0003": "member_disable", "e0004": "member_disable"
    }  # fmt: skip
    assert run.status == OaRun.Status.APPLIED
    members = desk.members()
    assert (members["e0002"]["name"], len(members) >= 12) == ("新名", True)
    assert [Member.objects.get(userid=f"e000{n}").status for n in (3, 4)] == [
        Member.Status.DISABLED
    ] * 2
    assert Employee.objects.get(job_number="E0003").state == Employee.State.LEFT
    assert Employee.objects.get(job_number="E0004").state == Employee.State.LEFT
    assert desk.calls("user/delete") == 0

    # and the same files plan nothing, until one returns
    assert desk.read(changed).status == OaRun.Status.UNCHANGED
    back = desk.sync([*changed, employee(4, "D1")])
    assert dict(items_of(back).values_list("key", "kind")) == {"e0004": "member_enable"}
    assert Member.objects.get(userid="e0004").status == Member.Status.NOT_ACTIVATED
    assert Employee.objects.get(job_number="E0004").state == Employee.State.ACTIVE


def test_refused_rows_come_back_with_reasons_and_the_rest_is_applied(desk: Desk) -> None:
    # given a file with a blank phone and a department in a circle
    rows = [*PEOPLE, employee(20, phone=""), employee(21, "X")]
    run = desk.read(rows, [*TREE, ("X", "甲", "X", "", "")])

    # then the plan covers the good rows only
    assert (run.employee_count, run.valid_count, run.error_count) == (14, 12, 3)
    with translation.override("en"):
        (row, reason), (_row, _reason) = error_rows(row_errors_of(run).filter(role="employees"))
    assert (row["工号"], row["手机"]) == ("E0020", "")
    assert reason == (
        "The phone is blank; WeCom creates no account without a phone or mail address (60129). Add the phone in the OA."
    )
    assert row_errors_of(run).filter(role="employees").first().column == "手机"  # type: ignore[union-attr]
    assert desk.approve(run).status == OaRun.Status.APPLIED


def test_a_refused_item_is_said_in_words_and_stops_nobody_else(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given an account made by hand that has one of the phones, which WeCom does not let us ask for
    monkeypatch.setattr(adopting, "ASKED_AT_MOST", 0)
    wecom("contacts").user.create("stranger", "路人", [1], mobile=phone_of(30))
    rows = [*PEOPLE, employee(30)]

    # when the plan is applied
    run = desk.sync(rows)

    # then all others have their account, and the refusal names cause and next step
    assert run.status == OaRun.Status.PARTIAL
    failed = list(items_of(run).filter(status="failed"))
    assert [(item.key, item.errcode) for item in failed] == [("e0030", 60104)]
    with translation.override("en"):
        show_items(failed)
        assert "60104" in failed[0].outcome_words  # type: ignore[attr-defined]
        assert len(failed[0].outcome_words) > 30  # type: ignore[attr-defined]
    assert not Member.objects.filter(userid="e0030").exists()

    # and the next plan tries exactly this one again
    assert dict(items_of(desk.read(rows)).values_list("key", "kind")) == {"e0030": "member_create"}


def test_discarding_a_plan_writes_nothing(desk: Desk) -> None:
    run = desk.read(PEOPLE)

    run_discard(run=run, actor=desk.user)

    run.refresh_from_db()
    assert run.status == OaRun.Status.CANCELLED
    assert desk.calls("user/create") == 0


def test_old_files_are_deleted_and_a_new_plan_asks_for_them(desk: Desk) -> None:
    # given a run of a quarter of a year ago and one of today
    old, new = desk.read([*PEOPLE, employee(20, phone="")]), desk.read(PEOPLE)
    OaRun.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=91))

    # when the files are purged
    assert files_purge() == 2

    # then only the new run has its files, and the old one says what to do
    assert (old.files.count(), row_errors_of(old).count(), new.files.count()) == (0, 0, 2)
    with pytest.raises(NotFound):
        run_plan_again(run=old, actor=desk.user)
