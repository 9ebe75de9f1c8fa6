"""What can go wrong between a plan and WeCom, over real HTTP against the sandbox (F18, F19, F20)."""

from typing import Any

import pytest
from django.utils import timezone

from contacts.directory.models import Member
from contacts.oa_sync.models import OaPlanItem, OaRun
from contacts.oa_sync.selectors import items_of
from contacts.oa_sync.services import (
    applying,
    run_apply,
    run_approve,
    run_upload,
)
from scrm.core.alerts.models import Alert
from scrm.core.audit.models import AuditEntry
from scrm.core.exceptions import Conflict, ValidationFailed
from scrm.core.jobs.models import JobRun
from scrm.wecom.errors import WeComPermission, error_for
from tests.contacts.oa_sync.desk import PEOPLE, Desk, desk, outcomes
from tests.contacts.oa_sync.oa_files import (
    departments_file,
    employee,
)
from tests.factories.contacts import MemberFactory

__all__ = ["desk"]
pytestmark = [pytest.mark.django_db, pytest.mark.flow]


def test_a_crash_between_call_and_commit_is_resumed_without_doubles(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a worker that dies after WeCom made the third department and the second account
    run = desk.read(PEOPLE)
    original, seen = applying._outcome, []

    def dying(item: OaPlanItem, *rest: Any) -> Any:
        outcome = original(item, *rest)
        seen.append(item.kind)
        if (
            seen.count(item.kind) == 3
            and item.kind in ("department_create", "member_create")
            and len(seen) < 9
        ):
            raise SystemExit
        return outcome

    monkeypatch.setattr(applying, "_outcome", dying)
    for _attempt in range(2):
        with pytest.raises(SystemExit):
            desk.approve(run) if run.status == OaRun.Status.PLANNED else run_apply(run.apply_job_id)  # type: ignore[arg-type]
        run.refresh_from_db()
    monkeypatch.undo()

    # when another worker takes the job
    run_apply(run.apply_job_id)  # type: ignore[arg-type]

    # then everything is there once, and what was done before the crash says so
    run.refresh_from_db()
    assert run.status == OaRun.Status.APPLIED
    assert outcomes(run)["done", "already"] == 2
    assert items_of(run).filter(status="waiting").count() == 0
    assert desk.read(PEOPLE).status == OaRun.Status.UNCHANGED


def test_tokens_that_die_midway_cost_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    # given tokens that are revoked before every fourth write
    original, count = applying._outcome, [0]

    def revoking(*args: Any) -> Any:
        count[0] += 1
        if count[0] % 4 == 0:
            desk.world.control.post("revoke_tokens")
        return original(*args)

    monkeypatch.setattr(applying, "_outcome", revoking)

    # when a plan is applied
    run = desk.sync(PEOPLE)

    # then every item is done at the first try
    assert (run.status, outcomes(run)) == (
        OaRun.Status.APPLIED,
        {("done", "done"): 15, ("done", "mirror_only"): 1},
    )


def test_wecom_out_of_breath_makes_the_job_wait_and_go_on(desk: Desk) -> None:
    # given WeCom answering "system busy" to the first account, and again when it is written once more
    run = desk.read(PEOPLE)
    desk.fault("user/create", "errcode", value=-1, count=2)

    # when the plan is applied
    desk.approve(run)

    # then the job waits, and says why
    job = JobRun.objects.get(pk=run.apply_job_id)
    assert (run.status, job.state) == (OaRun.Status.APPLYING, JobRun.State.WAITING)
    assert job.waiting_for != ""

    # and goes on from there when its time has come
    JobRun.objects.update(not_before=timezone.now())
    assert desk.sweep(run).status == OaRun.Status.APPLIED
    assert outcomes(run) == {("done", "done"): 15, ("done", "mirror_only"): 1}


def test_a_refused_secret_stops_the_run_until_it_is_continued(desk: Desk) -> None:
    run = desk.read(PEOPLE)
    desk.fault("user/create", "errcode", value=48002, count=1)

    # when WeCom refuses the API
    desk.approve(run)

    # then the run stands with the reason, nothing half-known
    job = JobRun.objects.get(pk=run.apply_job_id)
    assert (run.status, job.state) == (OaRun.Status.APPLYING, JobRun.State.FAILED)
    assert "48002" in run.message

    # and no second plan can start beside it
    with pytest.raises(Conflict):
        desk.read(PEOPLE)

    # and goes on when it is put right
    assert desk.go_on(run).status == OaRun.Status.APPLIED


def test_a_shrunken_source_is_held_and_disables_nobody_without_a_reason(desk: Desk) -> None:
    # given 24 accounts
    many = [employee(n) for n in range(1, 25)]
    desk.sync(many)

    # when the OA sends half of them and one less
    run = desk.read(many[:11])

    # then the plan is held with an alert, and a click is not enough
    assert (run.status, run.removal_count) == (OaRun.Status.HELD, 13)
    assert Alert.objects.filter(kind="oa_sync.held", key=str(run.pk)).count() == 1
    with pytest.raises(ValidationFailed):
        run_approve(run=run, actor=desk.user, reason="ok")
    run.refresh_from_db()
    assert run.status == OaRun.Status.HELD
    assert not Member.objects.filter(status=Member.Status.DISABLED).exists()

    # and a named person with a reason lets it pass, on record
    assert desk.approve(run, "The southern region was sold").status == OaRun.Status.APPLIED
    assert Member.objects.filter(status=Member.Status.DISABLED).count() == 13
    entry = AuditEntry.objects.get(action="oa_sync.approve", target=f"oa_run:{run.pk}")
    assert (entry.actor_id, entry.reason) == (desk.user.pk, "The southern region was sold")


def test_a_plan_expires_when_wecom_moved_on(desk: Desk) -> None:
    # given a plan, and a member somebody made by hand since
    run = desk.read(PEOPLE)
    MemberFactory(userid="e0001")

    # when it is approved
    with pytest.raises(Conflict):
        run_approve(run=run, actor=desk.user)

    # then it has expired and wrote nothing
    run.refresh_from_db()
    assert run.status == OaRun.Status.EXPIRED
    assert desk.calls("user/create") == 0


def test_a_plan_expires_when_newer_files_are_read(desk: Desk) -> None:
    old = desk.read(PEOPLE)
    new = desk.read(PEOPLE[:6])

    old.refresh_from_db()
    assert (old.status, new.status) == (OaRun.Status.EXPIRED, OaRun.Status.PLANNED)
    with pytest.raises(Conflict):
        run_approve(run=old, actor=desk.user)


def test_a_cancelled_job_keeps_what_is_done_and_marks_the_rest(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a batch of five items at a time, cancelled in the first batch of accounts
    run = desk.read(PEOPLE)
    monkeypatch.setattr(applying, "BATCH", 5)
    original = applying._outcome

    def cancelling(item: OaPlanItem, *rest: Any) -> Any:
        if item.position == 5:
            JobRun.objects.filter(pk=OaRun.objects.get(pk=run.pk).apply_job_id).update(
                cancel_requested=True
            )
        return original(item, *rest)

    monkeypatch.setattr(applying, "_outcome", cancelling)
    desk.approve(run)

    # then four departments and five accounts are done, and seven say that they were not tried
    assert run.status == OaRun.Status.CANCELLED
    assert outcomes(run)["skipped", "cancelled"] == 7
    assert desk.calls("user/create") == 5


def test_a_file_that_is_no_table_fails_in_words(desk: Desk) -> None:
    with desk._commit(execute=True):
        file = departments_file()
        run = run_upload(departments=file, employees=departments_file(), actor=desk.user)
    run.refresh_from_db()

    assert run.status == OaRun.Status.FAILED
    assert "工号" in run.message


@pytest.mark.parametrize(
    ("endpoint", "kind", "value"),
    [
        ("user/list_id", "html", 200),
        ("department/list", "truncated", 0.5),
        ("user/list_id", "errcode", 60020),
    ],
)
def test_a_wecom_that_answers_nonsense_leads_to_no_plan(
    desk: Desk, endpoint: str, kind: str, value: float
) -> None:
    # given 12 accounts, and a WeCom that stammers
    desk.sync(PEOPLE)
    before = list(Member.objects.order_by("pk").values_list("userid", "status"))
    desk.fault(endpoint, kind, value=value)

    # when the files are read
    run = desk.read(PEOPLE)
    desk.world.control.delete("faults")

    # then there is no plan and nobody changed
    assert run.status in (OaRun.Status.FAILED, OaRun.Status.READING)
    assert items_of(run).count() == 0
    assert list(Member.objects.order_by("pk").values_list("userid", "status")) == before


def test_a_member_out_of_range_is_that_items_outcome_and_the_rest_goes_on(desk: Desk) -> None:
    # given an item that WeCom refuses for its member alone, and one it refuses for the whole app
    class OutOfRange:
        def write(self, item: object) -> None:
            raise error_for(60011, "no privilege", "user/update")

    class NotAllowed:
        def write(self, item: object) -> None:
            raise error_for(48002, "api forbidden", "user/update")

    # then the first is a failed item, and only the second stops the job
    outcome = applying._outcome(None, OutOfRange(), None)
    assert (outcome.status, outcome.errcode) == ("failed", 60011)
    with pytest.raises(WeComPermission):
        applying._outcome(None, NotAllowed(), None)
