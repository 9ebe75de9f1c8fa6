"""A leave the OA announces takes effect on its day: everywhere, and also where the OA is not read that day."""

from datetime import date, timedelta

import pytest
from celery import current_app
from django.conf import settings
from django.utils import timezone

from contacts.directory.models import Employee, Employment, Member
from contacts.directory.services import EmployeeFacts, employees_recorded, leaves_take_effect
from contacts.drift.facts import facts_of
from contacts.org.models import StoreBinding
from contacts.org.services import binding_set
from contacts.roles.services import leavers_revoke
from contacts.roster.selectors import people_held, rostered_members
from customers.inheritance.selectors import is_leaver, leavers_due
from scrm.core.crypto import blind_index
from tests.contacts.roster.people import on_roster
from tests.factories.contacts import EmployeeFactory, MemberFactory, StoreFactory
from tests.factories.customers import RelationFactory

pytestmark = pytest.mark.django_db
PHONE = "+8613800000001"


def told(*, left: bool = False, day: date | None = None) -> None:
    """Let the OA tell of one employee; a leaver's row brings only the job number."""
    facts = EmployeeFacts(
        job_number="E0001", name="员工1", gender="" if left else "2", phone="" if left else PHONE,
        post="" if left else "导购", department_code="" if left else "D1", leader_job_number="",
        left=left, effective_on=day,
    )  # fmt: skip
    employees_recorded([facts])


def person() -> Employee:
    """Return the employee as we have her."""
    return Employee.objects.get(job_number="E0001")


def account(status: int = Member.Status.ACTIVE) -> Member:
    """Return the employee's account, bound to a store."""
    member = MemberFactory(userid="e0001", employee=person())
    binding_set(store=StoreFactory(), member=member, position=None, actor=None)
    Member.objects.filter(pk=member.pk).update(status=status)
    return Member.objects.select_related("employee").get(pk=member.pk)


def in_days(days: int) -> date:
    """Return the local day so many days from today."""
    return timezone.localdate() + timedelta(days=days)


def passes(days: int) -> None:
    """Let so many days pass for the announced leave."""
    employee = person()
    assert employee.leaves_on is not None
    day = employee.leaves_on - timedelta(days=days)
    Employee.objects.update(leaves_on=day, effective_on=day)


def test_an_announced_leaver_is_employed_until_the_day() -> None:
    told()

    # when the OA announces her leave in three days
    told(left=True, day=in_days(3))

    # then she is employed, with all that was known of her, and the day is kept
    employee = person()
    assert (employee.state, employee.leaves_on, employee.post) == ("active", in_days(3), "导购")
    assert (employee.phone, bytes(employee.phone_index or b"")) == (PHONE, blind_index("phone", PHONE))  # fmt: skip
    assert Employment.objects.get().ended_on == in_days(3)
    assert leaves_take_effect() == 0

    # and on its day she is gone, though nobody read the OA, once
    passes(3)
    assert (leaves_take_effect(), leaves_take_effect()) == (1, 0)
    assert (person().state, person().leaves_on) == ("left", None)


def test_the_clock_looks_every_minute_for_a_leave_whose_day_has_come() -> None:
    told()
    told(left=True, day=in_days(3))
    passes(3)

    entry = settings.CELERY_BEAT_SCHEDULE["contacts.leaves_take_effect"]
    current_app.loader.import_default_modules()
    current_app.tasks[entry["task"]].run()

    assert (entry["schedule"], person().state) == (60.0, "left")


@pytest.mark.parametrize("day", [None, -1, 0])
def test_a_leave_without_a_later_day_is_one_at_once(day: int | None) -> None:
    told()

    told(left=True, day=None if day is None else in_days(day))

    assert (person().state, person().leaves_on) == ("left", None)


@pytest.mark.parametrize("day", [None, 5])
def test_an_announced_leave_is_taken_back(day: int | None) -> None:
    # given an announced leave, which the OA takes back (or gives the day to something else)
    told()
    told(left=True, day=in_days(5))

    told(day=None if day is None else in_days(day))

    # then nobody leaves on that day
    assert (person().state, person().leaves_on) == ("active", None)
    assert leaves_take_effect() == 0
    assert Employment.objects.filter(ended_on=None).count() == 1


def test_a_leaver_to_be_keeps_store_and_customers_while_disabled_for_an_incident() -> None:
    # given an account that was disabled for an incident, of somebody who leaves in three days
    told()
    member = account(Member.Status.DISABLED)
    RelationFactory(member=member)
    told(left=True, day=in_days(3))

    # when the clock looks for leavers
    leavers_revoke()

    # then she keeps her store, and nobody takes over her customers
    bound = StoreBinding.objects.filter(member=member, state="active")
    assert bound.exists()
    member = Member.objects.select_related("employee").get(pk=member.pk)
    assert (leavers_due().count(), is_leaver(member)) == (0, False)

    # and on the day both follow
    passes(3)
    leaves_take_effect()
    leavers_revoke()
    assert not bound.exists()
    member = Member.objects.select_related("employee").get(pk=member.pk)
    assert (list(leavers_due()), is_leaver(member)) == ([member], True)


def test_who_was_hired_from_the_roster_leaves_with_the_oa() -> None:
    # given somebody approved for the roster a month ago, whom the OA employs by now
    told(day=in_days(-10))
    member, long_ago = account(), timezone.now() - timedelta(days=30)
    sponsor = MemberFactory()
    on_roster(StoreFactory(), sponsor, state="active", member=member, userid=member.userid, decided_at=long_ago)  # fmt: skip
    assert rostered_members() == set()

    # when her leave is announced, and when its day comes
    told(left=True, day=in_days(3))
    assert rostered_members() == set()
    passes(3)
    Employment.objects.update(ended_on=timezone.localdate())
    leaves_take_effect()

    # then the roster does not hold her account, and a comparison wants it disabled
    assert (rostered_members(), people_held().count()) == (set(), 0)
    wanted = {found.pk: want for found, want in facts_of(shown=None, since=None).accounts}
    leaver = wanted[member.pk]
    assert leaver is not None
    assert not leaver.works


def test_who_left_the_oa_before_is_held_by_the_roster() -> None:
    # given somebody who left the OA, and was approved for the roster afterwards
    told(day=in_days(-30))
    member = account()
    told(left=True, day=in_days(-20))
    on_roster(StoreFactory(), MemberFactory(), state="active", member=member, userid=member.userid, decided_at=timezone.now())  # fmt: skip

    # then her account is the roster's, like that of somebody the OA never knew
    stranger = MemberFactory(employee=None)
    on_roster(StoreFactory(), MemberFactory(), 2, state="active", member=stranger, userid=stranger.userid, decided_at=timezone.now())  # fmt: skip
    assert rostered_members() == {member.pk, stranger.pk}


def test_an_employee_without_known_days_belongs_to_the_oa() -> None:
    member = MemberFactory(employee=EmployeeFactory())
    on_roster(StoreFactory(), MemberFactory(), state="active", member=member, userid=member.userid, decided_at=timezone.now())  # fmt: skip

    assert rostered_members() == set()
