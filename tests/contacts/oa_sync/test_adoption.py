"""Accounts that existed before: the sure ones are taken over, doubtful ones wait for a person."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from contacts.directory.models import Department, Member
from contacts.oa_sync.models import OaAdoption, OaRun
from contacts.oa_sync.selectors import items_of
from contacts.oa_sync.services import adoption_decide
from scrm.accounts.models import User
from scrm.core.audit.models import AuditEntry
from scrm.core.exceptions import Conflict
from scrm.core.gateway import wecom
from tests.contacts.oa_sync.desk import Desk, desk
from tests.contacts.oa_sync.oa_files import employee, phone_of
from tests.factories.contacts import MemberFactory

__all__ = ["desk"]
pytestmark = [pytest.mark.django_db, pytest.mark.flow]


def planned(run: OaRun) -> dict[str, tuple[str, str]]:
    """Return (kind, reason) of the members a run plans, by userid."""
    rows = items_of(run).exclude(kind__startswith="department")
    return {key: (kind, reason) for key, kind, reason in rows.values_list("key", "kind", "reason")}


def by_hand(userid: str, name: str, department: int = 1, **fields: str) -> None:
    """Make an account somebody at WeCom's admin made."""
    wecom("contacts").user.create(userid, name, [department], **fields)


def decide(*, same: bool, user: User) -> int:
    return adoption_decide(adoptions=list(OaAdoption.objects.all()), same=same, actor=user)


def test_the_same_userid_and_name_is_taken_over(desk: Desk) -> None:
    by_hand("E0001", "员工1", mobile="13911110000")

    run = desk.read([employee(1), employee(2)])

    # then the account is kept in its own spelling, and nobody is asked
    assert planned(run) == {
        "E0001": ("member_move", "taken_over"), "e0002": ("member_create", "hired")
    }  # fmt: skip
    assert (run.doubt_count, OaAdoption.objects.count()) == (0, 0)


def test_a_known_phone_and_the_same_name_is_taken_over(desk: Desk) -> None:
    by_hand("zhang.san", "员工1", mobile=phone_of(1))

    # when the plan is made and applied
    run = desk.sync([employee(1), employee(2, leader_job_number="E0001")])

    # then the old account belongs to the employee, and leads
    assert planned(run)["zhang.san"] == ("member_move", "taken_over_phone")
    assert run.status == OaRun.Status.APPLIED
    member = Member.objects.get(userid="zhang.san")
    assert member.employee is not None
    assert member.employee.job_number == "E0001"
    assert desk.members()["e0002"]["direct_leader"] == ["zhang.san"]
    assert "e0001" not in desk.members()
    # and the next reading plans nothing, until she leaves under her job number
    people = [employee(1), employee(2, leader_job_number="E0001")]
    assert desk.read(people).status == OaRun.Status.UNCHANGED
    left = desk.read([employee(1, state="离职"), employee(2)])
    assert planned(left)["zhang.san"] == ("member_disable", "left")


def test_the_userid_of_somebody_else_is_never_written_over(desk: Desk) -> None:
    # given an account under the rule's userid with another name
    by_hand("e0001", "王五", mobile="13911110000")

    run = desk.sync([employee(1), employee(2)])

    # then she waits, the account stays as it was, and the rest is done
    assert planned(run) == {"e0002": ("member_create", "hired")}
    assert (run.status, run.doubt_count) == (OaRun.Status.APPLIED, 1)
    assert desk.members()["e0001"]["name"] == "王五"
    doubt = OaAdoption.objects.get()
    assert (doubt.job_number, doubt.member.userid, doubt.how, doubt.status) == (
        "E0001", "e0001", "userid", "waiting"
    )  # fmt: skip

    # and once a person says that she is the same, it is brought up to date
    assert decide(same=True, user=desk.user) == 1
    assert planned(desk.sync([employee(1), employee(2)])) == {
        "e0001": ("member_move", "taken_over_decided")
    }
    assert desk.members()["e0001"]["name"] == "员工1"


def test_a_phone_with_another_name_waits_and_a_no_makes_a_new_account(desk: Desk) -> None:
    # given a shop's account that once got the employee's phone
    by_hand("counter", "收银台", mobile=phone_of(1))
    run = desk.read([employee(1)])
    assert (planned(run), run.doubt_count, OaAdoption.objects.get().how) == ({}, 1, "phone")

    # when a person says that this is somebody else
    decide(same=False, user=desk.user)

    # then she gets an account of her own, and nobody is asked again
    again = desk.read([employee(1)])
    assert planned(again) == {"e0001": ("member_create", "hired")}
    assert OaAdoption.objects.get().status == "other"


def test_namesakes_in_one_department_wait_whoever_they_are(desk: Desk) -> None:
    # given a store with two people of the employee's name, made by hand
    desk.sync([employee(9)])
    store = Department.objects.get(oa_code="D1").department_id
    by_hand("a1", "员工1", store, mobile="13911110001")
    by_hand("a2", "员工1", store, mobile="13911110002")

    run = desk.read([employee(9), employee(1)])

    # then both wait, and one cannot be two people's account
    assert (planned(run), run.doubt_count) == ({}, 1)
    assert set(OaAdoption.objects.values_list("member__userid", "how")) == {
        ("a1", "name"), ("a2", "name")
    }  # fmt: skip
    with pytest.raises(Conflict):
        decide(same=True, user=desk.user)
    assert set(OaAdoption.objects.values_list("status", flat=True)) == {"waiting"}


def test_a_decision_lets_the_waiting_plan_expire_and_is_on_record(desk: Desk) -> None:
    by_hand("e0001", "王五", mobile="13911110000")
    run = desk.read([employee(1), employee(2)])

    decide(same=False, user=desk.user)

    run.refresh_from_db()
    assert run.status == OaRun.Status.EXPIRED
    entry = AuditEntry.objects.get(action="oa_sync.adoption_decide")
    assert entry.actor_id == desk.user.pk
    # and nobody is written over: the employee gets an account with a number behind, once
    again = desk.sync([employee(1), employee(2)])
    assert planned(again) == {
        "e0001-2": ("member_create", "hired_with_number"), "e0002": ("member_create", "hired")
    }  # fmt: skip
    assert [desk.members()[each]["name"] for each in ("e0001", "e0001-2")] == ["王五", "员工1"]
    third = desk.read([employee(1), employee(2)])
    assert (third.status, third.doubt_count) == (OaRun.Status.UNCHANGED, 0)


def test_a_disabled_account_nobody_of_us_disabled_is_told_of_in_the_plan(desk: Desk) -> None:
    # given an account somebody disabled in WeCom's admin
    by_hand("e0001", "员工1", mobile=phone_of(1))
    wecom("contacts").user.update("e0001", enable=0)
    desk.sync([employee(2)])

    # when the employee is read
    run = desk.read([employee(1), employee(2)])

    # then nothing is written, and her row says why she cannot work
    assert (planned(run), run.warning_count, run.status) == ({}, 1, OaRun.Status.UNCHANGED)
    told = run.row_errors.get()
    assert (told.code, told.severity, told.row_number, told.column) == (
        "account_disabled", "warning", 2, "工号"
    )  # fmt: skip
    assert told.detail["row"]["姓名"] == "员工1"


def test_anothers_tied_account_can_be_said_to_be_somebody_elses(desk: Desk) -> None:
    # given a job number that makes the userid of somebody who is employed under another one
    old, new = employee(1, job_number="E/1"), employee(2, job_number="E1")
    desk.sync([old])
    refused = (*old[:3], "x", *old[4:])
    assert planned(desk.read([refused, new])) == {}
    doubts = list(OaAdoption.objects.all())
    assert [doubt.job_number for doubt in doubts] == ["E1"]

    # when a person tries to give her that account, then it is refused
    with pytest.raises(Conflict):
        decide(same=True, user=desk.user)

    # when the person says that this is somebody else, then she gets one of her own
    decide(same=False, user=desk.user)
    run = desk.read([refused, new])
    assert planned(run) == {"e1-2": ("member_create", "hired_with_number")}


def test_a_rehired_employee_whose_account_was_deleted_gets_one_again(desk: Desk) -> None:
    # given an adopted account that somebody deleted in WeCom
    by_hand("zhang.san", "员工1", mobile=phone_of(1))
    desk.sync([employee(1), employee(2), employee(3)])
    wecom("contacts").user.delete("zhang.san")

    # when she is read again
    run = desk.sync([employee(1), employee(2), employee(3)])

    # then she has an account by the rule, tied to the same employee
    assert planned(run) == {"e0001": ("member_create", "hired")}
    assert Member.objects.get(userid="e0001").employee.job_number == "E0001"  # type: ignore[union-attr]
    assert Member.objects.get(userid="zhang.san").employee is None


@pytest.fixture
def waiting(db: None) -> OaAdoption:
    """A doubtful account."""
    return OaAdoption.objects.create(
        job_number="E0001", member=MemberFactory(userid="e0001", name="王五"), how="userid",
        detail={"name": "员工1", "department": "D1", "post": "导购"},
    )  # fmt: skip


def test_hq_decides_on_the_page(waiting: OaAdoption, client: Client, hq_ops: User) -> None:
    client.force_login(hq_ops)
    page = client.get(reverse("oa_sync:adoptions")).content.decode()
    assert "王五" in page
    assert "员工1" in page

    url = reverse("oa_sync:adoptions_decide")
    response = client.post(url, {"adoptions": [str(waiting.pk), "x"], "act": "other"})

    waiting.refresh_from_db()
    assert (response.status_code, waiting.status, waiting.decided_by) == (302, "other", hq_ops)


@pytest.mark.parametrize("who", ["auditor", "it_admin", "branch_ops", "outsider"])
def test_nobody_else_decides(
    who: str, waiting: OaAdoption, client: Client, request: pytest.FixtureRequest
) -> None:
    # given somebody who may read the OA at most
    client.force_login(request.getfixturevalue(who))
    url = reverse("oa_sync:adoptions_decide")

    response = client.post(url, {"adoptions": [str(waiting.pk)], "act": "same"})

    waiting.refresh_from_db()
    assert (response.status_code, waiting.status) == (403, "waiting")


def test_the_page_asks_as_often_for_many_as_for_few(
    desk: Desk, client: Client, hq_ops: User, django_assert_max_num_queries: Callable[..., object]
) -> None:
    by = [Member.objects.create(userid=f"e{n:04d}", name="别人") for n in range(1, 15)]
    for member in by:
        OaAdoption.objects.create(
            job_number=member.userid, member=member, how="userid",
            detail={"name": "甲", "department": "D1", "post": "导购"},
        )  # fmt: skip
    client.force_login(hq_ops)
    client.get(reverse("oa_sync:adoptions"))

    with django_assert_max_num_queries(16):
        page = client.get(reverse("oa_sync:adoptions"))

    assert page.content.decode().count('name="adoptions"') == 14
