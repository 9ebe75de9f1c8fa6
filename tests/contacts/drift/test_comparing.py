"""Each kind of difference is found against the sandbox over HTTP, and closes itself when it is gone."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from contacts.directory.models import Department, Employee, Member, MemberWritten
from contacts.directory.services import EmployeeFacts, employees_recorded
from contacts.drift.facts import facts_of
from contacts.drift.models import DriftCheck, DriftFinding
from contacts.drift.services import check_start, checking, findings_accept
from contacts.drift.services.keeping import findings_keep
from contacts.oa_sync.models import OaRun
from contacts.oa_sync.services.planning import facts_of as employee_facts
from contacts.oa_sync.snapshots import take_snapshot
from scrm.core.alerts.models import Alert
from scrm.core.crypto import blind_index
from scrm.core.jobs import services as jobs
from scrm.core.jobs.models import JobRun
from tests.contacts.drift.drift_desk import DriftDesk, company_roles, desk
from tests.contacts.oa_sync.desk import PEOPLE
from tests.contacts.oa_sync.oa_files import TREE, ListSource, employee
from tests.contacts.oa_sync.test_planning import RULES

__all__ = ["company_roles", "desk"]
pytestmark = [pytest.mark.django_db, pytest.mark.flow]
Outcome = DriftCheck.Outcome


def test_what_the_oa_made_is_no_drift(desk: DriftDesk) -> None:
    check = desk.compare()

    assert (check.outcome, check.reason, check.member_count) == (Outcome.COMPLETE, "", 12)
    assert (desk.live(), check.opened, check.closed) == ({}, 0, 0)


def test_every_kind_about_an_account_is_found(desk: DriftDesk) -> None:
    # given a WeCom in which an administrator changed one thing of each kind by hand
    other = desk.department("D2").department_id
    own = desk.department("D1").department_id
    desk.by_hand("stranger", create=True, name="陌生人", department=[1], mobile="13900000001")
    desk.by_hand("e0001", name="改名")
    desk.by_hand("e0003", position="店长助理")
    desk.by_hand("e0005", department=[own, other])
    desk.by_hand("e0007", status=2)
    desk.by_hand("e0009", delete=True)
    # and a leaver, an account we disabled, both enabled again, and a phone the OA changed since
    Employee.objects.filter(member__userid="e0011").update(state=Employee.State.LEFT)
    desk.by_hand("freed", create=True, name="停用号", department=[1], mobile="13900000002")
    freed = Member.objects.create(userid="freed", name="停用号", department_ids=[1])
    MemberWritten.objects.create(member=freed, enabled=False, written_at="2026-01-01T00:00Z")
    Employee.objects.filter(member__userid="e0002").update(
        phone_index=blind_index("phone", "+8613900000009")
    )

    # when WeCom is compared
    check = desk.compare()

    # then each is found once, with both sides
    assert check.outcome == Outcome.COMPLETE
    assert desk.live() == {
        ("unexplained", "stranger"): "open",
        ("name", "e0001"): "open",
        ("post", "e0003"): "open",
        ("department", "e0005"): "open",
        ("disabled", "e0007"): "open",
        ("missing", "e0009"): "open",
        ("leaver_enabled", "e0011"): "open",
        ("enabled", "freed"): "open",
        ("unreadable", "e0002"): "open",
    }
    sides = {
        kind: (finding.ours, finding.theirs)
        for kind, userid in (("name", "e0001"), ("department", "e0005"), ("post", "e0003"))
        for finding in [desk.finding(kind, userid)]
    }
    assert sides["name"] == ({"name": "员工1"}, {"name": "改名"})
    assert sides["department"] == ({"departments": [own]}, {"departments": sorted([own, other])})
    assert sides["post"][1] == {"position": "店长助理"}

    # and the accounts that work although nobody wants them to are told at once
    assert Alert.objects.get(kind="contacts.drift").level == "warning"


def test_every_kind_about_a_department_is_found(desk: DriftDesk) -> None:
    first, second = desk.department("D1"), desk.department("D2")
    branch = desk.department("B1")
    extra = desk.department_by_hand("create", name="临时部门", parentid=1)
    desk.department_by_hand("update", id=first.department_id, name="人民路旗舰店")
    desk.department_by_hand("update", id=second.department_id, parentid=1)

    desk.compare()

    assert desk.live() == {
        ("unit_extra", "临时部门"): "open",
        ("unit_name", "D1"): "open",
        ("unit_parent", "D2"): "open",
    }
    assert desk.finding("unit_parent", "D2").ours == {"parent": branch.department_id}
    assert Department.objects.get(department_id=extra).written_at is None


def test_a_finding_closes_itself_when_the_difference_is_gone(desk: DriftDesk) -> None:
    desk.by_hand("e0001", name="改名")
    desk.compare()

    desk.by_hand("e0001", name="员工1")
    check = desk.compare()

    finding = desk.finding("name", "e0001")
    assert (desk.live(), check.closed) == ({}, 1)
    assert (finding.status, finding.brought_back) == ("closed", False)


def test_an_accepted_finding_stays_until_it_changes(desk: DriftDesk) -> None:
    # given a difference that was accepted
    desk.by_hand("e0001", name="艺名")
    desk.compare()
    findings_accept(findings=[desk.finding("name", "e0001")], reason="艺名", actor=desk.user)

    # when it is there again unchanged, it stays accepted
    desk.compare()
    assert desk.live() == {("name", "e0001"): "accepted"}

    # when it changes, somebody has to decide again
    desk.by_hand("e0001", name="另一个艺名")
    desk.compare()
    finding = desk.finding("name", "e0001")
    assert (finding.status, finding.has_changed) == ("open", True)
    assert finding.theirs == {"name": "另一个艺名"}


def test_hidden_accounts_decide_nothing(desk: DriftDesk) -> None:
    # given differences in two stores
    desk.by_hand("e0001", name="改名")
    desk.by_hand("e0002", name="改名")
    desk.compare()
    before = desk.live()

    # when both are mended, but the app may look into one store only
    desk.by_hand("e0001", name="员工1")
    desk.by_hand("e0002", name="员工2")
    shown = desk.department("D1").department_id
    desk.world.control.post("scope", {"app": "scrm", "departments": [shown], "users": [], "tags": []})  # fmt: skip
    check = desk.compare()

    # then only what was read is gone, and the comparison says that it could not read everything
    assert before == {("name", "e0001"): "open", ("name", "e0002"): "open"}
    assert desk.live() == {("name", "e0002"): "open"}
    assert (check.outcome, check.reason, check.unread_count) == (Outcome.PARTIAL, "hidden", 6)


def test_a_list_that_shrank_decides_nothing(desk: DriftDesk) -> None:
    desk.by_hand("e0001", name="改名")
    desk.compare()
    desk.by_hand("e0001", name="员工1")

    # when WeCom answers with an empty list of accounts
    body = '{"errcode":0,"errmsg":"ok","dept_user":[],"next_cursor":""}'
    desk.oa.fault("user/list_id", "body", text=body)
    check = desk.compare()

    # then nothing was opened and nothing closed, and the page can say why
    assert (check.outcome, check.reason) == (Outcome.FAILED, "shrunk")
    assert desk.live() == {("name", "e0001"): "open"}


def test_nobody_is_unexplained_before_the_oa_told_of_anybody(
    company_roles: None, wecom_sandbox_world: Any, django_capture_on_commit_callbacks: Any
) -> None:
    wecom_sandbox_world.control.post(
        "console_member",
        {"userid": "a", "create": True, "name": "甲", "department": [1], "mobile": "13900000001"},
    )

    with django_capture_on_commit_callbacks(execute=True):
        job = check_start(actor=None)

    check = DriftCheck.objects.get(job_id=job.pk)
    assert (check.outcome, check.reason) == (Outcome.PARTIAL, "no_source")
    assert DriftFinding.objects.count() == 0


def test_nothing_is_compared_while_a_plan_is_carried_out(desk: DriftDesk) -> None:
    OaRun.objects.update(status=OaRun.Status.APPLYING)
    desk.by_hand("e0001", name="改名")

    with desk._commit(execute=True):
        job = check_start(actor=desk.user)

    job = JobRun.objects.get(pk=job.pk)
    assert (job.state, DriftCheck.objects.count()) == (JobRun.State.WAITING, 0)
    assert desk.live() == {}


@pytest.mark.parametrize("finished", [False, True])
def test_a_plan_that_begins_during_a_comparison_is_no_drift(
    desk: DriftDesk, monkeypatch: pytest.MonkeyPatch, finished: bool
) -> None:
    # given a plan that moves, renames and disables, approved while WeCom is being read
    changed = {
        1: employee(1, "D2"),
        2: employee(2, "D2", name="改名"),
        3: employee(3, state="离职"),
    }
    people = [changed.get(n, each) for n, each in enumerate(PEOPLE, 1)]
    plan = desk.oa.read(people)
    read = checking.mirror_refresh

    def meanwhile(*args: Any, **more: Any) -> Any:
        found = read(*args, **more)
        # Its first step tells what the OA says.
        status = OaRun.Status.PARTIAL if finished else OaRun.Status.APPLYING
        OaRun.objects.filter(pk=plan.pk).update(status=status, approved_at=timezone.now())
        employees_recorded(oa_facts(ListSource(TREE, people)))
        return found

    monkeypatch.setattr(checking, "mirror_refresh", meanwhile)

    # when the comparison comes to its end
    with desk._commit(execute=True):
        job = check_start(actor=desk.user)

    # then it decides nothing, tells nobody, and waits to read anew
    job = JobRun.objects.get(pk=job.pk)
    assert (job.state, DriftCheck.objects.get().outcome) == (JobRun.State.WAITING, Outcome.RUNNING)
    assert (desk.live(), Alert.objects.filter(kind="contacts.drift").count()) == ({}, 0)

    # and reads anew, once the plan is through
    monkeypatch.undo()
    OaRun.objects.filter(pk=plan.pk).update(status=OaRun.Status.PARTIAL)
    JobRun.objects.filter(pk=job.pk).update(not_before=timezone.now())
    with desk._commit(execute=True):
        jobs.sweep()
    assert DriftCheck.objects.get().outcome == Outcome.COMPLETE
    assert ("leaver_enabled", "e0003") in desk.live()


def oa_facts(source: ListSource) -> list[EmployeeFacts]:
    """Return what the OA says of its employees."""
    return employee_facts(take_snapshot(source, RULES))


def test_a_thousand_accounts_cost_as_many_queries_as_ten(db: None) -> None:
    # given accounts of the OA, every tenth with another name
    now = datetime.now(UTC)

    def cost(count: int) -> int:
        Employee.objects.all().delete()
        Member.objects.all().delete()
        people = [Employee(job_number=f"E{n}", name="甲", post="导购") for n in range(count)]
        Employee.objects.bulk_create(people)
        Member.objects.bulk_create(
            Member(userid=f"e{n}", name="甲" if n % 10 else "乙", position="导购", status=1, employee=each)
            for n, each in enumerate(people)
        )  # fmt: skip
        shown = {f"e{n}": frozenset({"name", "position"}) for n in range(count)}
        with CaptureQueriesContext(connection) as queries:
            kept = findings_keep(facts_of(shown=shown, since=now), at=now)
        assert len(kept.opened) == count // 10
        return len(queries)

    assert cost(1000) == cost(10)
