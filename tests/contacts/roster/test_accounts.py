"""From approval to an account in WeCom and to its end, over HTTP against the sandbox."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from contacts.directory.models import Member
from contacts.org.models import OrgUnit, StoreBinding
from contacts.roster.models import RosterPerson
from contacts.roster.services import (
    accounts_sweep,
    extension_ask,
    extension_decide,
    people_approve,
    person_end,
    person_refuse,
    person_retry,
)
from contacts.roster.services.accounts import accounts_start
from contacts.roster.words import outcome_words
from customers.inheritance.models import HandoverPlan
from scrm.accounts.sessions.store import SessionStore
from scrm.core.crypto import blind_index
from scrm.core.exceptions import Conflict, PermissionDenied
from scrm.core.gateway import wecom
from scrm.core.jobs.models import JobRun, JobState
from tests.contacts.oa_sync.desk import PEOPLE, Desk, desk
from tests.contacts.oa_sync.oa_files import employee
from tests.contacts.roster.people import on_roster, phone_of
from tests.factories.accounts import UserFactory
from tests.factories.customers import RelationFactory

__all__ = ["desk"]
pytestmark = [pytest.mark.django_db, pytest.mark.flow]
YESTERDAY = timedelta(days=-1)


class Counter:
    """Headquarters after a first OA sync: a store, a sponsor, somebody who sends in and somebody who decides."""

    def __init__(self, desk: Desk, commit: Callable[..., Any]) -> None:
        self.desk, self._commit = desk, commit
        self.store = OrgUnit.objects.get(code="S001")
        self.sponsor = Member.objects.get(userid="e0001")
        self.dealer, self.hq = UserFactory(username="dealer"), UserFactory(username="decider")

    def person(self, number: int = 1, **other: Any) -> RosterPerson:
        return on_roster(self.store, self.sponsor, number, created_by=self.dealer, **other)

    def does(self, act: Callable[..., Any], **words: Any) -> Any:
        """Do something and let its jobs run."""
        with self._commit(execute=True):
            return act(**words)

    def approve(self, *people: RosterPerson, told: Sequence[str] = ()) -> None:
        self.does(people_approve, people=list(people), actor=self.hq, takes_over=told)
        for person in people:
            person.refresh_from_db()

    def over(self, person: RosterPerson) -> None:
        """Let a person's time be over, and the clock come round."""
        RosterPerson.objects.filter(pk=person.pk).update(expires_on=timezone.localdate() + YESTERDAY)  # fmt: skip
        self.does(accounts_sweep)
        person.refresh_from_db()


@pytest.fixture
def counter(desk: Desk, django_capture_on_commit_callbacks: Callable[..., Any]) -> Counter:
    """A company whose OA was synchronised once."""
    desk.sync(PEOPLE)
    return Counter(desk, django_capture_on_commit_callbacks)


def test_approval_makes_exactly_one_account_that_serves_the_store(counter: Counter) -> None:
    # given somebody who waits
    person, before = counter.person(post="导购"), counter.desk.members()

    # when headquarters approves
    counter.approve(person)

    # then WeCom has one account more, by our rule, in the store's department, with the phone
    made = {uid: row for uid, row in counter.desk.members().items() if uid not in before}
    assert list(made) == ["x-s001-01"]
    assert made["x-s001-01"]["mobile"] in (phone_of(1), f"+86{phone_of(1)}")
    assert counter.store.department is not None
    assert made["x-s001-01"]["department"] == [counter.store.department.department_id]
    assert counter.desk.calls("user/create") == len(PEOPLE) + 1

    # and the person has it, serves the store, and the next approval draws the next number
    assert (person.state, person.userid, outcome_words(person) != "") == (
        "active",
        "x-s001-01",
        True,
    )
    assert person.member is not None
    assert person.member.org_path == counter.store.path
    assert StoreBinding.objects.get(member=person.member).store == counter.store
    other = counter.person(2)
    counter.approve(other)
    assert other.userid == "x-s001-02"


def test_a_second_run_and_a_sweep_write_nothing_more(counter: Counter) -> None:
    person = counter.person()
    counter.approve(person)
    calls = counter.desk.calls("user/create") + counter.desk.calls("user/update")

    counter.does(accounts_start, actor=None)

    assert counter.does(accounts_sweep) is None
    assert counter.desk.calls("user/create") + counter.desk.calls("user/update") == calls


def test_refused_leaves_nothing_and_nobody_decides_on_their_own(counter: Counter) -> None:
    person, before = counter.person(), counter.desk.members()

    for decide in (
        lambda: people_approve(people=[person], actor=counter.dealer),
        lambda: person_refuse(person=person, actor=counter.dealer, note="no"),
    ):
        with pytest.raises(PermissionDenied):
            decide()
    person.refresh_from_db()
    assert person.state == "waiting"

    counter.does(person_refuse, person=person, actor=counter.hq, note="电话不对")

    person.refresh_from_db()
    assert (person.state, person.note, person.member, person.userid) == (
        "refused",
        "电话不对",
        None,
        "",
    )
    assert counter.desk.members() == before
    assert JobRun.objects.filter(kind="roster.accounts").count() == 0
    with pytest.raises(Conflict):
        people_approve(people=[person], actor=counter.hq)


def test_one_that_cannot_be_approved_leaves_all_of_them_waiting(counter: Counter) -> None:
    good = counter.person(1)
    past = counter.person(2, expires_on=timezone.localdate() + YESTERDAY)

    with pytest.raises(Conflict):
        people_approve(people=[good, past], actor=counter.hq)

    assert set(RosterPerson.objects.values_list("state", flat=True)) == {"waiting"}


def test_expiry_disables_the_account_and_ends_sessions(counter: Counter) -> None:
    # given somebody with an account, a log-in and a customer
    person = counter.person()
    counter.approve(person)
    member = person.member
    assert member is not None
    member.user = UserFactory(username="wecom:x")
    member.save()
    RelationFactory(member=member)
    client = Client()
    client.force_login(member.user)
    key = client.session.session_key
    assert SessionStore().exists(key)

    # when the last day is over
    counter.over(person)

    # then WeCom's account is off, ours too, and the policy for leavers knows
    assert counter.desk.members()["x-s001-01"]["status"] == Member.Status.DISABLED
    member.refresh_from_db()
    assert (member.status, member.written.enabled) == (Member.Status.DISABLED, False)
    assert (person.state, person.ending) == ("ended", "expired")
    assert not SessionStore().exists(key)
    assert HandoverPlan.objects.get().leaver == member
    assert counter.does(accounts_sweep) is None


def test_the_oa_plan_leaves_a_valid_account_alone(counter: Counter) -> None:
    # given somebody of the roster, and somebody who left the OA and came back by the roster
    fresh = counter.person(1)
    counter.desk.sync([*PEOPLE[:-1], employee(12, "D2", state="离职")], reason="")
    back = counter.person(
        2, name="员工12", phone="+8613800000012", phone_index=index_of("+8613800000012")
    )
    counter.approve(fresh, back, told=["e0012"])
    assert (back.state, back.userid, back.outcome) == ("active", "e0012", "enabled")

    # when the OA is read again, which knows neither
    run = counter.desk.read([*PEOPLE[:-1], employee(12, "D2", state="离职")])

    # then nobody is disabled
    assert run.item_counts.get("member_disable", 0) == 0
    status = {uid: row["status"] for uid, row in counter.desk.members().items()}
    assert Member.Status.DISABLED not in (status["x-s001-01"], status["e0012"])

    # but once the time is over the one who came back is off again, and stays so
    counter.over(back)
    assert counter.desk.members()["e0012"]["status"] == Member.Status.DISABLED
    again = counter.desk.read([*PEOPLE[:-1], employee(12, "D2", state="离职")])
    assert again.item_counts.get("member_enable", 0) == 0


def index_of(phone: str) -> bytes:
    """Return what a phone is found by."""
    return blind_index("phone", phone)


def test_who_is_hired_into_the_oa_keeps_the_account(counter: Counter) -> None:
    # given a person of the roster whom the OA employs by now, under the same phone
    person = counter.person(1, name="员工77")
    counter.approve(person)
    counter.desk.sync([*PEOPLE, employee(77, "D1", phone=phone_of(1))])
    member = Member.objects.get(userid="x-s001-01")
    assert member.employee is not None

    # when the time on the roster is over
    counter.over(person)

    # then the account works on, as the OA's
    assert (person.state, person.ending) == ("ended", "in_oa")
    assert counter.desk.members()["x-s001-01"]["status"] != Member.Status.DISABLED


def test_who_comes_back_gets_the_same_account(counter: Counter) -> None:
    person = counter.person(1)
    counter.approve(person)
    counter.over(person)

    # given an approver who was not told that the account is there, then nothing is decided
    again = counter.person(1)
    with pytest.raises(Conflict) as refusal:
        counter.approve(again)
    again.refresh_from_db()
    assert (refusal.value.code, again.state) == ("takes_over", "waiting")

    # and one who was told gives it back
    counter.approve(again, told=["x-s001-01"])

    assert (again.state, again.userid, again.outcome) == ("active", "x-s001-01", "enabled")
    assert counter.desk.members()["x-s001-01"]["status"] != Member.Status.DISABLED
    assert counter.desk.calls("user/create") == len(PEOPLE) + 1


def test_a_userid_wecom_gives_somebody_else_fails_in_words_and_is_tried_again(
    counter: Counter,
) -> None:
    # given a wish that somebody took in WeCom's admin meanwhile
    person = counter.person(1, userid="taken")
    wecom("contacts").user.create("taken", "别人", [1], mobile="13700000001")
    untouched = counter.desk.members()["taken"]

    # when it is approved
    counter.approve(person)

    # then nobody's account was written over
    assert (person.state, person.outcome, person.member) == ("failed", "userid_taken", None)
    assert counter.desk.members()["taken"] == untouched

    # and under another userid it goes through
    counter.does(person_retry, person=person, actor=counter.hq, userid="mei.01")
    person.refresh_from_db()
    assert (person.state, person.userid) == ("active", "mei.01")


@pytest.mark.parametrize("again", [False, True])
def test_a_userid_somebody_takes_at_the_last_moment_is_not_written_over(
    again: bool,
    counter: Counter,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # given somebody who makes that account right after we looked, or while a refused attempt waits
    person = counter.person(1, userid="taken")

    def looked(userid: str) -> bool:
        if again:
            counter.desk.fault("user/create", "errcode", value=48002, count=1)
        else:
            wecom("contacts").user.create(userid, "别人", [1], mobile="13700000001")
        return False

    monkeypatch.setattr("contacts.roster.services.accounts._is_foreign", looked)
    counter.approve(person)
    if again:
        assert person.state == "making"
        wecom("contacts").user.create("taken", "别人", [1], mobile="13700000001")
        monkeypatch.setattr("contacts.roster.services.accounts._is_foreign", lambda _userid: False)
        counter.does(accounts_start, actor=None)
        person.refresh_from_db()

    # then it stays theirs, and the person's failed in words
    assert counter.desk.members()["taken"]["name"] == "别人"
    assert (person.state, person.outcome, person.member) == ("failed", "userid_taken", None)


def test_a_phone_wecom_knows_under_another_name_fails_in_words(counter: Counter) -> None:
    phone = "+8613800000003"
    person = counter.person(1, phone=phone, phone_index=index_of(phone))

    counter.approve(person)

    assert (person.state, person.outcome) == ("failed", "in_oa")


def test_a_worker_that_dies_after_the_call_finds_its_account(counter: Counter) -> None:
    # given an account WeCom made, whose answer never came
    person = counter.person()
    counter.desk.fault("user/create", "truncated", value=0, count=1)
    counter.approve(person)

    # then it is there once, and the person's
    assert person.state == "active"
    assert sum(uid.startswith("x-s001") for uid in counter.desk.members()) == 1


def test_without_wecom_it_waits_and_goes_on(counter: Counter) -> None:
    person = counter.person()
    counter.desk.fault("user/create", "errcode", value=-1, count=10)

    counter.approve(person)

    assert person.state == "making"
    assert JobRun.objects.get(kind="roster.accounts").state == JobState.WAITING


def test_a_later_last_day_needs_somebody_else(counter: Counter) -> None:
    person = counter.person()
    counter.approve(person)
    until = person.expires_on + timedelta(days=30)
    asked = extension_ask(person=person, until=until, reason="旺季", actor=counter.dealer)
    with pytest.raises(Conflict):
        extension_ask(person=person, until=until, reason="又", actor=counter.dealer)
    with pytest.raises(PermissionDenied):
        extension_decide(extension=asked, approve=True, actor=counter.dealer)
    person.refresh_from_db()
    assert person.expires_on < until

    extension_decide(extension=asked, approve=True, actor=counter.hq)

    person.refresh_from_db()
    assert person.expires_on == until
    with pytest.raises(Conflict):
        extension_decide(extension=asked, approve=True, actor=counter.hq)


def test_ended_early_the_account_is_off_at_once(counter: Counter) -> None:
    person = counter.person()
    counter.approve(person)

    counter.does(person_end, person=person, actor=counter.dealer, reason="离开经销商")

    person.refresh_from_db()
    assert (person.state, person.ending) == ("ended", "by_hand")
    assert counter.desk.members()["x-s001-01"]["status"] == Member.Status.DISABLED
