"""A guide moves to another store: by the rule her customers stay with her, or with the store."""

from datetime import timedelta

import pytest
from django.utils import timezone

from contacts.org.models import OrgUnit, StoreBinding
from contacts.org.services import binding_set
from customers.inheritance.models import HandoverPlan, HandoverPolicy
from customers.inheritance.policies import policy_set
from customers.inheritance.selectors import may_be_deleted
from customers.inheritance.tasks import leavers_plan_task
from customers.relations.models import FollowRelation
from scrm.core.scope import SYSTEM_SCOPE
from tests.customers.inheritance.shop import Run, Shop, states
from tests.factories.contacts import StoreFactory
from tests.factories.customers import RelationFactory

pytestmark = pytest.mark.django_db


def rule(on_move: str) -> None:
    """Have headquarters say what happens when a guide moves."""
    policy_set(
        SYSTEM_SCOPE, on_leave="offer", on_move=on_move, neighbours=True, message="您好",
        grace_days=7, actor=None,
    )  # fmt: skip


def move(shop: Shop) -> OrgUnit:
    """Guide 1 goes to a store far away; she makes a customer there."""
    elsewhere = StoreFactory(parent=StoreFactory(kind="branch", path="/7/"), path="/7/8/")
    binding_set(store=elsewhere, member=shop.leaver, position=1, actor=None, move=True)
    FollowRelation.objects.update(created_time=timezone.now() - timedelta(days=9))
    RelationFactory(member=shop.leaver, created_time=timezone.now() + timedelta(minutes=1))
    return elsewhere


def test_the_customers_stay_unless_the_rule_says_otherwise(shop: Shop, run: Run) -> None:
    move(shop)

    run(leavers_plan_task)

    assert HandoverPlan.objects.count() == 0


def test_a_plan_for_the_former_store_waits_for_somebody(shop: Shop, run: Run) -> None:
    rule("plan")
    move(shop)

    run(leavers_plan_task)
    run(leavers_plan_task)

    plan = HandoverPlan.objects.get()
    assert (plan.cause, plan.mode, plan.state, plan.store, plan.by_policy) == (
        "move", "in_service", "draft", shop.store, True,
    )  # fmt: skip
    # the five of the former store, not the one she made at the new one
    assert states(plan) == {"planned": 5}
    assert set(plan.items.values_list("successor__userid", flat=True)) == {
        "guide0002",
        "guide0003",
    }
    assert shop.control.get("ledger/transfers") == []
    # and who moved keeps the account
    assert may_be_deleted(plan) is False


def test_the_customers_are_asked_at_once_if_the_rule_says_so(shop: Shop, run: Run) -> None:
    rule("offer")
    move(shop)

    run(leavers_plan_task)

    plan = HandoverPlan.objects.get()
    assert (plan.state, states(plan)) == ("running", {"waiting": 5})
    assert {row["message"] for row in shop.control.get("ledger/transfers")} == {"您好"}


def test_a_move_before_the_rule_and_a_closed_store_count_for_nobody(shop: Shop, run: Run) -> None:
    move(shop)
    StoreBinding.objects.filter(state="retired").update(
        retired_at=timezone.now() - timedelta(days=1)
    )
    rule("offer")
    run(leavers_plan_task)
    assert HandoverPlan.objects.count() == 0

    StoreBinding.objects.filter(state="retired").update(retired_at=timezone.now())
    OrgUnit.objects.filter(pk=shop.store.pk).update(status=OrgUnit.Status.CLOSED)
    run(leavers_plan_task)
    assert HandoverPlan.objects.count() == 0


def test_who_came_back_keeps_her_customers(shop: Shop, run: Run) -> None:
    rule("offer")
    move(shop)
    binding_set(store=shop.store, member=shop.leaver, position=1, actor=None, move=True)

    run(leavers_plan_task)

    # what is looked at is the store she left last: there she made nobody who stays
    plan = HandoverPlan.objects.first()
    assert plan is None or plan.store != shop.store


def test_a_plan_somebody_dropped_is_not_made_again(shop: Shop, run: Run) -> None:
    rule("plan")
    move(shop)
    run(leavers_plan_task)
    HandoverPlan.objects.update(state="cancelled")

    run(leavers_plan_task)

    assert HandoverPlan.objects.count() == 1


def test_switching_the_rule_on_again_forgets_what_was_before(shop: Shop) -> None:
    rule("plan")
    first = HandoverPolicy.objects.get().moves_since
    rule("offer")
    assert HandoverPolicy.objects.get().moves_since == first
    rule("stay")
    assert HandoverPolicy.objects.get().moves_since is None
    rule("plan")
    again = HandoverPolicy.objects.get().moves_since
    assert first is not None
    assert again is not None
    assert again > first
