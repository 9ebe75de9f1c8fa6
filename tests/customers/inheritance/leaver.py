"""A leaver the OA reported, one of whose customers refused to go over."""

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from django.utils import timezone

from contacts.directory.models import Employee, Member, MemberWritten
from contacts.directory.services import employee_left, member_disabled
from contacts.oa_sync.models import OaRun
from customers.inheritance.models import HandoverPlan, HandoverPolicy
from customers.inheritance.selectors import policy
from customers.inheritance.tasks import handover_results, leavers_plan_task
from customers.relations.models import FollowRelation
from scrm.core.gateway import wecom
from tests.customers.inheritance.shop import DAY, Run, Shop, states


@pytest.fixture
def leaver(shop: Shop) -> Member:
    """Guide 1 left, says the OA; the account was disabled by a run."""
    employee = Employee.objects.create(job_number="GUIDE0001", name="李娜")
    Member.objects.filter(pk=shop.leaver.pk).update(employee=employee)
    OaRun.objects.create(status=OaRun.Status.APPLIED, planned_at=timezone.now())
    leave()
    shop.leaver.refresh_from_db()
    return shop.leaver


def leave() -> None:
    """Do what an OA run does to guide 1, who left."""
    wecom("contacts").user.update("guide0001", enable=0)
    member_disabled("guide0001", at=timezone.now())
    employee_left("guide0001")


def come_back() -> None:
    """The OA employs guide 1 again, and WeCom says she works."""
    Employee.objects.update(state=Employee.State.ACTIVE)
    wecom("contacts").user.update("guide0001", enable=1)
    Member.objects.filter(userid="guide0001").update(status=Member.Status.ACTIVE)


def set_policy(**changes: Any) -> None:
    """Change the policy as if it had always been so."""
    row = policy()
    for name, value in changes.items():
        setattr(row, name, value)
    row.save()


def lost_by_transfer(plan: HandoverPlan) -> None:
    """Take over what WeCom's events say of those handed over."""
    for item in plan.items.filter(state="done").select_related("contact"):
        FollowRelation.objects.filter(member=plan.leaver, contact=item.contact).update(
            status="lost", lost_at=timezone.now(), lost_by="transfer"
        )


def refused_plan(shop: Shop, run: Run) -> HandoverPlan:
    """One customer refused, four went over; the day has passed."""
    run(leavers_plan_task)
    plan = HandoverPlan.objects.get(leaver=shop.leaver)
    refuser = shop.control.get("ledger/transfers")[0]
    shop.control.post("transfer_answer", {"person_id": refuser["person_id"], "answer": "refuse"})
    shop.later(DAY)
    handover_results()
    plan.refresh_from_db()
    assert states(plan) == {"done": 4, "refused": 1}
    lost_by_transfer(plan)
    return plan


def pass_days(days: int) -> None:
    """Let so many days pass for the plans, the leave and the policy; the OA goes on being read."""
    past = timedelta(days=days)
    HandoverPlan.objects.update(
        created_at=F("created_at") - past,
        confirmed_at=F("confirmed_at") - past,
        delete_on=F("delete_on") - past,
    )
    MemberWritten.objects.update(switched_at=F("switched_at") - past)
    HandoverPolicy.objects.update(updated_at=F("updated_at") - past)


def is_there(shop: Shop) -> bool:
    """Say whether WeCom has the leaver's account."""
    return "guide0001" in {row["userid"] for row in shop.control.get("ledger/members")}
