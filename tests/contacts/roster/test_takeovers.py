"""Whose account a person of the roster gets where the phone has one already: the person's own, by somebody's decision."""

import pytest
from django.test import Client
from django.urls import reverse

from contacts.directory.models import Employee, Member
from contacts.roles.services import presets_load
from contacts.roster.models import RosterPerson
from contacts.roster.services import person_retry
from scrm.accounts.models import User
from scrm.core.audit.models import AuditEntry
from scrm.core.exceptions import Conflict, PermissionDenied
from scrm.core.gateway import wecom
from tests.cast import person as user_with
from tests.contacts.oa_sync.desk import PEOPLE, desk
from tests.contacts.oa_sync.oa_files import employee
from tests.contacts.roster.people import on_roster, phone_of
from tests.contacts.roster.test_accounts import Counter, counter, index_of

__all__ = ["counter", "desk"]
pytestmark = [pytest.mark.django_db, pytest.mark.flow]
LEAVERS_PHONE = "+8613800000012"


@pytest.fixture
def left(counter: Counter) -> Counter:
    """A company whose employee 12 left: the account is disabled, by us."""
    counter.desk.sync([*PEOPLE[:-1], employee(12, "D2", state="离职")], reason="")
    assert Member.objects.get(userid="e0012").status == Member.Status.DISABLED
    return counter


@pytest.fixture
def hq(db: None) -> User:
    """Somebody of headquarters with the preset role."""
    presets_load()
    return user_with("hq2", "hq_ops")


def test_the_account_of_who_left_is_not_given_to_another_person(left: Counter) -> None:
    # given somebody new with the phone of who left
    account = left.desk.members()["e0012"]
    other = left.person(1, name="王小新", phone=LEAVERS_PHONE, phone_index=index_of(LEAVERS_PHONE))

    # when headquarters approves, even with the account in hand
    left.approve(other, told=["e0012"])

    # then it stays as it is, disabled, under its own name, and the person has none
    assert (other.state, other.outcome, other.member) == ("failed", "phone_taken", None)
    assert left.desk.members()["e0012"] == account
    left_member = Member.objects.get(userid="e0012")
    assert (left_member.name, left_member.status) == (account["name"], Member.Status.DISABLED)
    assert left_member.employee is not None
    assert left_member.employee.state == Employee.State.LEFT


def test_the_approver_reads_which_account_is_taken_over(
    left: Counter, hq: User, client: Client
) -> None:
    # given the same person back, and somebody who is new
    back = left.person(1, name="员工12", phone=LEAVERS_PHONE, phone_index=index_of(LEAVERS_PHONE))
    new = left.person(2)
    client.force_login(hq)

    # when headquarters opens the list and both, then the account stands where it is taken over, and only there
    rows = client.get(reverse("roster:queue")).context["list"].rows
    told = {row.name: row.taken and row.taken.userid for row in rows}
    assert told == {"员工12": "e0012", "编外2": None}
    page = client.get(reverse("roster:detail", args=[back.pk])).content.decode()
    assert 'name="takes_over" value="e0012"' in page
    assert "takes_over" not in client.get(reverse("roster:detail", args=[new.pk])).content.decode()

    # and an approval that does not name it decides nothing
    client.post(reverse("roster:approve_ticked"), {"people": [str(back.pk), str(new.pk)]})
    assert set(RosterPerson.objects.values_list("state", flat=True)) == {"waiting"}


def test_an_account_made_in_wecom_waits_for_a_decision(counter: Counter) -> None:
    # given an account somebody made in WeCom's admin, with the person's phone and name
    wecom("contacts").user.create("by_hand", "编外1", [1], mobile=phone_of(1))
    person, account = counter.person(1), counter.desk.members()["by_hand"]

    # when the person is approved, then nothing is written, and the account is named
    counter.approve(person)
    assert (person.state, person.outcome, person.takes_over) == ("failed", "account_found", "by_hand")  # fmt: skip
    assert counter.desk.members()["by_hand"] == account

    # and the sender does not take it over, nor anybody who saw another one
    for actor, userid, refusal in ((counter.dealer, "by_hand", PermissionDenied), (counter.hq, "", Conflict)):  # fmt: skip
        with pytest.raises(refusal):
            person_retry(person=person, actor=actor, takes_over=userid)
    assert counter.desk.members()["by_hand"] == account

    # when headquarters does
    counter.does(person_retry, person=person, actor=counter.hq, takes_over="by_hand")

    # then it is the person's, and the audit says so
    person.refresh_from_db()
    assert (person.state, person.userid, person.outcome) == ("active", "by_hand", "taken_over")
    assert AuditEntry.objects.get(action="roster.retry").after["takes_over"] == "by_hand"


def test_the_sender_chooses_no_userid_after_the_check(
    counter: Counter, hq: User, client: Client
) -> None:
    # given somebody headquarters itself sent in, whose userid is taken
    person = on_roster(
        counter.store, counter.sponsor, 1, created_by=hq, userid="S1-01", state="failed",
        outcome="userid_taken", decided_by=counter.hq, decided_at="2026-01-01T00:00Z",
    )  # fmt: skip
    client.force_login(hq)

    # when the sender tries again under another one, then it stays as it was checked
    client.post(reverse("roster:retry", args=[person.pk]), {"userid": "ceo_zhang"})
    person.refresh_from_db()
    assert (person.state, person.userid) == ("failed", "S1-01")
    assert not AuditEntry.objects.filter(action="roster.retry").exists()

    # and the page does not offer it
    page = client.get(reverse("roster:detail", args=[person.pk])).content.decode()
    assert reverse("roster:retry", args=[person.pk]) not in page
