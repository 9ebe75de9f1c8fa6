"""Who refused goes to the plan's own successors, then to the store; elsewhere only where somebody chose it."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from contacts.directory.models import Employee, Member
from customers.inheritance import services
from customers.inheritance.choosing import retry_of
from customers.inheritance.leaving import leaver_plan
from customers.inheritance.models import HandoverItem, HandoverPlan, HandoverPolicy
from scrm.accounts.models import User
from scrm.core.exceptions import Conflict
from scrm.core.scope import SYSTEM_SCOPE, scope_of
from tests.cast import PASSWORD, Company, guide
from tests.factories.customers import MemberFactory, RelationFactory

pytestmark = pytest.mark.django_db
PAGE = "/console/inheritance/{}/"


@pytest.fixture
def colleagues(company: Company, guide_li: Member) -> list[Member]:
    """Two guides of Li's store with three customers each."""
    found = [guide(f"guide_a{number}", f"同店{number}", company.store_a) for number in (1, 2)]
    for member in found:
        RelationFactory.create_batch(3, member=member)
    return found


def left_over(leaver: Member, *successors: Member, **given: Any) -> HandoverPlan:
    """Return a hand-over that is done; the one customer of its first successor refused."""
    values = {"mode": "in_service", "state": "done", "confirmed_at": timezone.now(), **given}
    plan = HandoverPlan.objects.create(leaver=leaver, **values)
    for place, successor in enumerate(successors):
        HandoverItem.objects.create(
            plan=plan,
            contact=RelationFactory(member=leaver).contact,
            successor=successor,
            state="done" if place else "refused",
            tries=1,
            asked_at=timezone.now(),
            settled_at=timezone.now(),
        )
    return plan


def refused(plan: HandoverPlan) -> HandoverItem:
    return plan.items.order_by("pk")[0]


def test_a_chosen_successor_comes_before_everybody_else(
    guide_li: Member, colleagues: list[Member], guide_wang: Member, hq_ops: User
) -> None:
    # given a plan for the fuller colleague and one of a store far away; next door somebody has nobody
    far = MemberFactory(userid="far")
    RelationFactory.create_batch(9, member=far)
    plan = left_over(guide_li, colleagues[0], far)

    services.plan_retry(scope_of(hq_ops), plan, actor=hq_ops)

    item = refused(plan)
    assert (item.successor, item.state, item.tried_ids) == (far, "planned", [colleagues[0].pk])


def test_without_one_the_store_takes_over(
    guide_li: Member, colleagues: list[Member], guide_wang: Member, hq_ops: User
) -> None:
    plan = left_over(guide_li, colleagues[0])

    services.plan_retry(scope_of(hq_ops), plan, actor=hq_ops)

    assert refused(plan).successor == colleagues[1]


def test_another_store_is_named_first_and_asked_only_if_chosen(
    client: Client, company: Company, guide_li: Member, guide_wang: Member, hq_ops: User
) -> None:
    # given nobody else in the store; Wang serves the one beside it, Zhao one of the south
    plan = left_over(guide_li, guide("guide_a1", "同店1", company.store_a))
    zhao = guide("guide_zhao", "赵敏", company.store_south)
    assert client.login(username="hq", password=PASSWORD)

    # then the page names who could, and nothing happens without a choice, or with one that is none
    page = client.get(PAGE.format(plan.pk)).content.decode()
    assert f'name="others" value="{guide_wang.pk}"' in page
    assert "王芳" in page
    assert f'value="{zhao.pk}"' not in page
    for given in ({}, {"others": [str(zhao.pk), "x"]}):
        client.post(PAGE.format(plan.pk) + "retry/", given)
        assert (refused(plan).state, refused(plan).tried_ids) == ("refused", [])
    with pytest.raises(Conflict) as nobody:
        services.plan_retry(scope_of(hq_ops), plan, actor=hq_ops)
    assert nobody.value.code == "others_needed"

    # when Wang is chosen
    client.post(PAGE.format(plan.pk) + "retry/", {"others": [str(guide_wang.pk)]})

    assert (refused(plan).successor, refused(plan).state) == (guide_wang, "planned")


def test_the_page_says_before_who_is_asked(
    client: Client, guide_li: Member, colleagues: list[Member], guide_wang: Member, hq_ops: User
) -> None:
    plan = left_over(guide_li, *colleagues)

    retry = retry_of(scope_of(hq_ops), plan)

    assert retry is not None
    assert [(row.member, row.customers) for row in retry.rows] == [(colleagues[1], 1)]
    assert retry.unplaced == 0
    assert client.login(username="hq", password=PASSWORD)
    assert 'name="others"' not in client.get(PAGE.format(plan.pk)).content.decode()
    # and a plan that waits for its confirmation has nothing to try again
    HandoverPlan.objects.update(state="draft")
    plan.refresh_from_db()
    assert retry_of(SYSTEM_SCOPE, plan) is None


@pytest.mark.parametrize(
    ("by_policy", "neighbours", "goes"), [(False, True, 0), (True, False, 0), (True, True, 1)]
)
def test_by_themselves_they_go_elsewhere_only_by_the_policy(
    guide_li: Member, guide_wang: Member, by_policy: bool, neighbours: bool, goes: int
) -> None:  # fmt: skip
    # given a protected customer whose time is over and whose successor has left; only Wang, next door, is there
    HandoverPolicy.objects.create(pk=1, neighbours=neighbours)
    gone = MemberFactory(userid="gone", status=Member.Status.LEFT)
    plan = left_over(guide_li, gone, by_policy=by_policy)
    plan.items.update(state="later", again_on=timezone.now(), errcode=40128)

    job = services.plan_again(plan, timezone.now())

    assert (job is not None) == bool(goes)
    assert (refused(plan).successor == guide_wang) == bool(goes)


def test_after_the_deletion_the_chosen_successors_come_first_again(
    company: Company, guide_li: Member, colleagues: list[Member]
) -> None:
    # given Li's account was deleted, and her customers had been offered to one far away by choice
    far = guide("guide_far", "远店", company.store_south)
    RelationFactory.create_batch(9, member=far)
    former = left_over(guide_li, far)
    employee = Employee.objects.create(job_number="10001", name="李娜", state="left")
    Member.objects.filter(pk=guide_li.pk).update(
        status=Member.Status.LEFT, left_at=timezone.now(), employee=employee
    )

    plan = leaver_plan(guide_li.pk, HandoverPolicy(pk=1), offer=False)

    assert plan is not None
    assert [item.successor for item in plan.items.all()] == [far]
    assert (former.pk != plan.pk, plan.store) == (True, company.store_a)
