"""The OA reports a leaver: the policy plans and asks at once; who stays behind waits for the account's end."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from contacts.directory.models import Employee, Member
from contacts.directory.services import member_left
from customers.inheritance import policies, services
from customers.inheritance.models import HandoverItem, HandoverPlan, HandoverPolicy
from customers.inheritance.selectors import policy
from customers.inheritance.tasks import handover_results, leavers_plan_task
from risk.capacity.models import Capacity
from scrm.accounts.models import User
from scrm.core.alerts.models import Alert
from scrm.core.audit.models import AuditEntry
from scrm.core.exceptions import PermissionDenied
from scrm.core.jobs.models import JobRun
from scrm.core.scope import SYSTEM_SCOPE, scope_of
from tests.customers.inheritance.leaver import leave, refused_plan, set_policy
from tests.customers.inheritance.shop import Run, Shop, states
from tests.factories.customers import RelationFactory

pytestmark = pytest.mark.django_db


def test_a_leavers_customers_are_offered_at_once_and_only_once(leaver: Member, run: Run) -> None:
    set_policy(message="新导购继续为您服务")

    run(leavers_plan_task)
    run(leavers_plan_task)

    plan = HandoverPlan.objects.get()
    assert (plan.by_policy, plan.created_by, plan.mode, plan.state) == (
        True,
        None,
        "in_service",
        "running",
    )
    assert states(plan) == {"waiting": 5}
    assert sorted(plan.items.values_list("successor__userid", flat=True)) == [
        *["guide0002"] * 3,
        *["guide0003"] * 2,
    ]
    actions = AuditEntry.objects.filter(action__startswith="inheritance.").order_by("pk")
    assert [(one.action, one.actor) for one in actions] == [
        ("inheritance.plan", None),
        ("inheritance.confirm", None),
    ]


def test_who_works_or_was_only_locked_is_left_alone(shop: Shop, run: Run) -> None:
    # given: disabled by somebody in WeCom, while the OA still employs her
    employee = Employee.objects.create(job_number="GUIDE0001", name="李娜")
    Member.objects.filter(pk=shop.leaver.pk).update(
        employee=employee, status=Member.Status.DISABLED
    )

    run(leavers_plan_task)

    assert HandoverPlan.objects.count() == 0


@pytest.mark.parametrize(("on_leave", "plans"), [("plan", ["draft"]), ("nothing", [])])
def test_the_policy_may_leave_it_to_a_human(
    leaver: Member, shop: Shop, run: Run, on_leave: str, plans: list[str]
) -> None:
    set_policy(on_leave=on_leave)

    run(leavers_plan_task)

    assert list(HandoverPlan.objects.values_list("state", flat=True)) == plans
    assert shop.control.get("ledger/transfers") == []


def test_a_plan_somebody_dropped_is_not_made_again(leaver: Member, shop: Shop, run: Run) -> None:
    set_policy(on_leave="plan")
    run(leavers_plan_task)
    services.plan_cancel(HandoverPlan.objects.get(), actor=shop.actor)

    run(leavers_plan_task)

    assert HandoverPlan.objects.get().state == "cancelled"


def test_full_accounts_get_nobody_and_the_stores_beside_it_come_second(
    leaver: Member, shop: Shop, run: Run, settings: Any
) -> None:
    # given: room for one at the first colleague, none at the second, one of two places taken next door
    settings.RISK_CAPACITY_LIMIT, settings.RISK_CAPACITY_SWAP_PERCENT = 20, 50
    first, second = shop.colleagues
    for member, used in ((first, 9), (second, 10), (shop.neighbour, 7)):
        Capacity.objects.create(member=member, used=used, limit=20, is_full=used >= 10)
    incoming = HandoverPlan.objects.create(leaver=second, mode="in_service", state="running")
    HandoverItem.objects.create(
        plan=incoming,
        contact=RelationFactory(member=second).contact,
        successor=shop.neighbour,
        state="waiting",
    )

    run(leavers_plan_task)

    plan = HandoverPlan.objects.get(leaver=leaver)
    assert states(plan) == {"waiting": 3, "unplaced": 2}
    asked = plan.items.filter(state="waiting").values_list("successor__userid", flat=True)
    assert sorted(asked) == ["guide0002", "guide0004", "guide0004"]
    assert "2" in Alert.objects.get(kind="inheritance.unplaced").text


def test_without_anybody_all_stay_and_nothing_is_deleted(
    leaver: Member, shop: Shop, run: Run
) -> None:
    Member.objects.exclude(pk=leaver.pk).update(can_follow=False)

    run(leavers_plan_task)

    plan = HandoverPlan.objects.get()
    assert (plan.state, states(plan), plan.delete_on) == ("done", {"unplaced": 5}, None)
    assert Alert.objects.filter(kind="inheritance.unplaced").count() == 1
    # when somebody is ready again, the plan goes on
    Member.objects.filter(pk=shop.colleagues[0].pk).update(can_follow=True)
    run(lambda: services.plan_retry(SYSTEM_SCOPE, plan, actor=shop.actor))
    assert states(plan) == {"waiting": 5}


def test_an_account_deleted_by_hand_while_customers_wait_goes_on_the_other_way(
    leaver: Member, shop: Shop, run: Run
) -> None:
    run(leavers_plan_task)
    plan = HandoverPlan.objects.get()
    shop.control.post("console_member", {"userid": "guide0001", "delete": True})
    member_left("guide0001", observed_at=timezone.now())
    handover_results()
    assert states(plan) == {"waiting": 5}

    # when the day is over without a word
    HandoverItem.objects.update(asked_at=timezone.now() - timedelta(hours=26))
    handover_results()

    plan.refresh_from_db()
    assert (plan.state, states(plan), plan.delete_on) == ("done", {"failed": 5}, None)
    run(leavers_plan_task)
    assert HandoverPlan.objects.get(mode="resigned").items.count() == 5


def test_the_policy_is_headquarters(shop: Shop, outsider: User, hq_ops: User) -> None:
    fields = {
        "on_leave": "plan",
        "on_move": "stay",
        "neighbours": False,
        "message": " 您好 ",
        "grace_days": None,
    }
    with pytest.raises(PermissionDenied):
        policies.policy_set(scope_of(outsider), actor=outsider, **fields)
    assert HandoverPolicy.objects.count() == 0

    policies.policy_set(scope_of(hq_ops), actor=hq_ops, **fields)

    row = policy()
    assert (row.on_leave, row.neighbours, row.message, row.grace_days) == (
        "plan",
        False,
        "您好",
        None,
    )
    assert AuditEntry.objects.get(action="inheritance.policy_set").actor == hq_ops


def test_an_account_disabled_again_asks_nobody_once_more(
    leaver: Member, shop: Shop, run: Run
) -> None:
    plan = refused_plan(shop, run)

    leave()
    run(leavers_plan_task)

    assert HandoverPlan.objects.get() == plan
    assert len(shop.control.get("ledger/transfers")) == 5
    plan.refresh_from_db()
    assert plan.confirmed_at is not None
    assert plan.delete_on == plan.confirmed_at + timedelta(days=7)


def test_one_leaver_who_cannot_be_planned_does_not_stop_the_next(
    leaver: Member, shop: Shop, run: Run
) -> None:
    # given: the first one's account is being deleted; another one left as well
    second = shop.colleagues[0]
    RelationFactory(member=second)
    employee = Employee.objects.create(job_number="GUIDE0002", name="王芳", state="left")
    Member.objects.filter(pk=second.pk).update(employee=employee, status=Member.Status.DISABLED)
    JobRun.objects.create(kind="inheritance.release", key=str(leaver.pk), task="x", state="waiting")

    run(leavers_plan_task)

    assert HandoverPlan.objects.get().leaver == second
