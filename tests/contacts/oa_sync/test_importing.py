"""Many accounts by WeCom's asynchronous import, over real HTTP against the sandbox."""

from typing import Any

import pytest

from contacts.directory.models import Member, MemberWritten
from contacts.oa_sync.models import OaRun
from contacts.oa_sync.selectors import items_of
from contacts.oa_sync.services import PolicyValues, adopting, importing, policy_set, run_apply
from scrm.core.gateway import wecom
from tests.contacts.oa_sync.desk import Desk, desk, outcomes
from tests.contacts.oa_sync.oa_files import employee, phone_of

__all__ = ["desk"]
pytestmark = [pytest.mark.django_db, pytest.mark.flow]


@pytest.fixture
def importer(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A desk whose company chose the import; a file is worth it from five rows."""
    values = PolicyValues(posts=(), departments=(), states=(), invite=False, batch_api=True)
    policy_set(values=values, actor=desk.user)
    monkeypatch.setattr(importing, "WORTH_A_FILE", 5)
    monkeypatch.setattr(importing, "POLL_SECONDS", 0.05)
    desk.world.control.post("behaviour", {"job_seconds": 0})
    return desk


def led(numbers: range, leader: str) -> list[tuple[str, ...]]:
    return [employee(n, "D1" if n % 2 else "D2", leader_job_number=leader) for n in numbers]


def test_the_import_makes_accounts_leaders_first_and_nobody_singly(importer: Desk) -> None:
    # given a manager of nine, who lead ten more
    people = [*led(range(1, 10), ""), *led(range(10, 20), "E0001")]

    # when the plan is applied
    run = importer.sync(people)

    # then everybody has an account by two imports, with the phone and the leader of the OA
    assert (run.status, outcomes(run)) == (
        OaRun.Status.APPLIED, {("done", "mirror_only"): 1, ("done", "done"): 22}
    )  # fmt: skip
    assert (importer.calls("batch/syncuser"), importer.calls("user/create")) == (2, 0)
    made = importer.members()["e0010"]
    assert (made["name"], made["mobile"][-11:]) == ("员工10", phone_of(10))
    written = MemberWritten.objects.get(member__userid="e0010")
    assert (written.leader_userid, written.gender, written.position) == ("e0001", "2", "导购")
    assert Member.objects.get(userid="e0010").employee is not None
    # and the same files plan nothing
    assert importer.read(people).status == OaRun.Status.UNCHANGED


def test_what_the_import_refuses_is_tried_singly_and_said(
    importer: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given somebody else's account with one of the phones, which WeCom does not let us ask for
    monkeypatch.setattr(adopting, "ASKED_AT_MOST", 0)
    wecom("contacts").user.create("stranger", "路人", [1], mobile=phone_of(3))

    # when twelve accounts are imported
    run = importer.sync(led(range(1, 13), ""))

    # then eleven are there, and the twelfth says why not
    assert run.status == OaRun.Status.PARTIAL
    failed = items_of(run).filter(status="failed").values_list("key", "errcode")
    assert list(failed) == [("e0003", 60104)]
    assert importer.calls("batch/syncuser") == 1
    assert Member.objects.filter(employee__isnull=False).count() == 11


def test_moves_are_imported_and_leavers_disabled_singly(importer: Desk) -> None:
    people = led(range(1, 9), "")
    importer.sync(people)

    # when seven change stores and one leaves
    moved = [employee(n, "D2" if n % 2 else "D1") for n in range(1, 8)]
    run = importer.sync([*moved, employee(8, state="离职")])

    # then the seven are written by one import, and nobody is deleted
    assert (run.status, outcomes(run)) == (OaRun.Status.APPLIED, {("done", "done"): 8})
    assert importer.calls("batch/syncuser") == 2
    assert importer.calls("user/delete") == 0
    assert Member.objects.get(userid="e0008").status == Member.Status.DISABLED


def test_a_worker_that_dies_asks_for_the_same_import(
    importer: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a worker that dies while WeCom imports
    run = importer.read(led(range(1, 13), ""))

    def dying(*_args: Any) -> Any:
        raise SystemExit

    monkeypatch.setattr(importing, "_outcomes", dying)
    with pytest.raises(SystemExit):
        importer.approve(run)
    monkeypatch.undo()
    monkeypatch.setattr(importing, "WORTH_A_FILE", 5)
    run.refresh_from_db()

    # when another one takes the job
    run_apply(run.apply_job_id)  # type: ignore[arg-type]

    # then no second file was sent and all is done
    run.refresh_from_db()
    assert run.status == OaRun.Status.APPLIED
    assert importer.calls("batch/syncuser") == 1
    assert importer.calls("user/create") == 0
