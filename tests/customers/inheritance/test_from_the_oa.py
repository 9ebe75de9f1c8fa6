"""From the OA's row to the customers' phones: one approval hands a leaver's customers over."""

from datetime import timedelta

import pytest
from django.utils import timezone

from contacts.directory.models import Member, MemberWritten
from contacts.org.models import OrgUnit
from contacts.org.services import binding_set
from customers.inheritance.asking import plan_settle
from customers.inheritance.models import HandoverPlan
from customers.inheritance.selectors import is_of_this_leave
from customers.relations.services import member_refresh
from tests.contacts.oa_sync.desk import PEOPLE, Desk, desk
from tests.contacts.oa_sync.oa_files import employee

__all__ = ["desk"]
pytestmark = pytest.mark.django_db


def working_store(desk: Desk) -> None:
    """A store with three working guides, one of whom has three customers."""
    desk.sync(PEOPLE)
    store = OrgUnit.objects.get(code="S001")
    userids = ["e0001", "e0003", "e0005"]
    desk.world.control.post("activate", {"all": True})
    Member.objects.update(
        status=Member.Status.ACTIVE,
        can_follow=True,
        observed_at=timezone.now() - timedelta(hours=1),
    )
    for place, userid in enumerate(userids, 1):
        binding_set(
            store=store, member=Member.objects.get(userid=userid), position=place, actor=None
        )
    for number in (1, 2, 3):
        desk.world.control.post("add", {"userid": "e0001", "person_id": f"p00000{number}"})
    member_refresh(Member.objects.get(userid="e0001"))


def test_an_approved_leaver_is_disabled_and_her_customers_are_asked_at_once(desk: Desk) -> None:
    working_store(desk)

    # when a run changes nobody, nothing happens; when it reports her gone
    desk.read(PEOPLE)
    assert HandoverPlan.objects.count() == 0
    desk.sync([employee(1, "D1", state="离职"), *PEOPLE[1:]])

    # then WeCom asked her customers for her colleagues, and nobody planned it by hand
    plan = HandoverPlan.objects.get()
    assert (plan.leaver.userid, plan.by_policy, plan.state) == ("e0001", True, "running")
    asked = desk.world.control.get("ledger/transfers")
    assert {row["handover"] for row in asked} == {"e0001"}
    assert sorted(row["takeover"] for row in asked) == ["e0003", "e0003", "e0005"]


def test_a_rehire_ends_the_leave_and_the_next_one_is_new(desk: Desk) -> None:
    working_store(desk)
    leaving = [employee(1, "D1", state="离职"), *PEOPLE[1:]]
    desk.sync(leaving)
    first = HandoverPlan.objects.get()
    first.items.update(state="refused")
    plan_settle(first.pk)
    first.refresh_from_db()
    assert first.delete_on is not None
    since = MemberWritten.objects.get(member=first.leaver).switched_at

    # when she is reported gone once more, nothing is new; when a run enables her, the date is dropped
    desk.read(leaving)
    assert MemberWritten.objects.get(member=first.leaver).switched_at == since
    desk.sync(PEOPLE)
    first.refresh_from_db()
    assert first.delete_on is None

    # when she leaves again, her customers are asked anew
    Member.objects.filter(userid="e0001").update(status=Member.Status.ACTIVE)
    desk.sync(leaving)
    second = HandoverPlan.objects.exclude(pk=first.pk).get()
    assert (second.by_policy, second.state, second.items.count()) == (True, "running", 3)
    first.refresh_from_db()
    assert not is_of_this_leave(first)
