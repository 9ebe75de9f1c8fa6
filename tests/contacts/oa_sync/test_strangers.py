"""Somebody else's account is never written over and never leads, however late it appeared."""

import pytest
from django.utils import translation

from contacts.directory.models import Member
from contacts.directory.services import AccountWritten, account_create
from contacts.oa_sync.models import OaAdoption, OaPlanItem, OaPolicy, OaRun
from contacts.oa_sync.selectors import items_of
from contacts.oa_sync.shown import show_items
from scrm.core.gateway import wecom
from scrm.wecom.errors import WeComPermanent
from tests.contacts.oa_sync.desk import PEOPLE, Desk, desk, outcomes
from tests.contacts.oa_sync.oa_files import employee, phone_of

__all__ = ["desk"]
pytestmark = [pytest.mark.django_db, pytest.mark.flow]


def stranger(userid: str = "e0001", mobile: str = "13911112222") -> None:
    """Let somebody make an account by hand in WeCom's admin."""
    wecom("contacts").user.create(userid, "张三丰", [1], mobile=mobile, position="财务总监")


def untouched(desk: Desk, userid: str = "e0001") -> bool:
    """Say whether the account is as it was made."""
    row = desk.members()[userid]
    return (row["name"], row["position"], row["department"]) == ("张三丰", "财务总监", [1])


def test_an_account_made_between_plan_and_approval_is_not_written_over(desk: Desk) -> None:
    # given a plan that waits, and somebody who makes an account of the same userid meanwhile
    run = desk.read(PEOPLE)
    stranger()

    # when the plan is carried out
    run = desk.approve(run)

    # then that one item failed, in words, and the account is as it was
    assert outcomes(run) == {
        ("done", "mirror_only"): 1, ("done", "done"): 14, ("failed", "userid_taken"): 1
    }  # fmt: skip
    assert untouched(desk)
    item = items_of(run).get(status="failed")
    with translation.override("en"):
        show_items([item])
        assert "Plan again" in item.outcome_words  # type: ignore[attr-defined]
    # and the next plan asks whose account it is
    assert desk.read(PEOPLE).doubt_count == 1
    assert OaAdoption.objects.get().member.userid == "e0001"


def test_an_account_made_meanwhile_leads_nobody(desk: Desk) -> None:
    led = employee(2, leader_job_number="E0001")
    run = desk.read([employee(1), led])
    stranger()

    run = desk.approve(run)

    assert not desk.members()["e0002"].get("direct_leader")
    assert items_of(run).get(key="e0002").outcome == "without_leader"


def test_an_import_leaves_it_alone_too(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    # given accounts that are written by WeCom's import, which writes over what is there
    monkeypatch.setattr("contacts.oa_sync.services.importing.WORTH_A_FILE", 5)
    OaPolicy.objects.create(pk=1, batch_api=True)
    run = desk.read(PEOPLE)
    stranger()

    run = desk.approve(run)

    assert desk.calls("batch/syncuser") == 1
    assert (untouched(desk), items_of(run).get(key="e0001").outcome) == (True, "userid_taken")
    assert len(desk.members()) == len(PEOPLE)


def test_the_same_phone_proves_that_the_account_is_hers(desk: Desk) -> None:
    run = desk.read(PEOPLE)
    stranger(mobile=phone_of(1))

    run = desk.approve(run)

    assert items_of(run).get(key="e0001").outcome == "already"
    assert desk.members()["e0001"]["name"] == "员工1"


def test_an_attempt_whose_answer_was_lost_is_ours(desk: Desk) -> None:
    # given a create that WeCom did without answering
    desk.fault("user/create", "reset", after=True, count=1)

    run = desk.sync(PEOPLE)

    assert run.status == OaRun.Status.APPLIED
    assert ("done", "already") in outcomes(run)


def test_an_attempt_that_surely_failed_gives_no_right_to_the_userid(desk: Desk) -> None:
    # given a create that WeCom refused with the secret, so that the job stopped
    run = desk.read(PEOPLE)
    desk.fault("user/create", "errcode", value=48002, count=1)
    run = desk.approve(run)
    assert run.status == OaRun.Status.APPLYING
    # and somebody who therefore makes the account by hand
    stranger()

    # when the plan goes on
    run = desk.go_on(run)

    assert (untouched(desk), items_of(run).get(key="e0001").outcome) == (True, "userid_taken")


def test_a_leader_in_doubt_is_nobody_yet(desk: Desk) -> None:
    # given an account under the leader's userid with another name
    stranger()
    people = [employee(1), employee(2, leader_job_number="E0001")]

    run = desk.sync(people)

    # then the employee is made without a leader, and nothing is planned again before somebody decides
    assert (run.status, run.doubt_count) == (OaRun.Status.APPLIED, 1)
    assert not desk.members()["e0002"].get("direct_leader")
    assert desk.read(people).status == OaRun.Status.UNCHANGED


def test_a_leader_who_stands_stays_while_nobody_can_say(desk: Desk) -> None:
    # given an employee whom somebody in WeCom leads, and a leader in the OA who is in doubt
    stranger()
    wecom("contacts").user.create("boss", "王五", [1], mobile="13911110003")
    wecom("contacts").user.create("e0002", "员工2", [1], mobile=phone_of(2), direct_leader=["boss"])

    desk.sync([employee(1), employee(2, leader_job_number="E0001")])

    # then the account is taken over, and keeps who leads
    assert Member.objects.get(userid="e0002").employee is not None
    assert desk.members()["e0002"]["direct_leader"] == ["boss"]


def test_creating_refuses_where_nothing_proves_whose_it_is(desk: Desk) -> None:
    stranger()
    account = AccountWritten(
        userid="e0001", name="员工1", phone="", gender="", position="", department_id=1,
        leader_userid="", job_number="E0001",
    )  # fmt: skip

    with pytest.raises(WeComPermanent) as refused:
        account_create(wecom("contacts"), account, invite=False)

    assert refused.value.errcode == 60102
    assert untouched(desk)
    assert not OaPlanItem.objects.exists()
