"""Who gets an account: by post, department and state; counted before it counts."""

import pytest
from django.test import Client
from django.urls import reverse

from contacts.oa_sync.models import OaPolicy, OaRun
from contacts.oa_sync.plan_items import PlanRules
from contacts.oa_sync.selectors import items_of
from contacts.oa_sync.services import PolicyValues, policy_set, rules_counted
from scrm.accounts.models import User
from scrm.core.exceptions import NotFound
from tests.contacts.oa_sync.desk import Desk, desk
from tests.contacts.oa_sync.oa_files import TREE, employee

__all__ = ["desk"]
pytestmark = [pytest.mark.django_db, pytest.mark.flow]
PEOPLE = [
    employee(1),
    employee(2, "D2"),
    employee(3, state="试用"),
    employee(4, state="实习"),
    employee(5, post="保洁", phone=""),
    employee(6, "C", post="财务"),
    employee(7, state="离职"),
]
ALL = PlanRules()


def values(
    posts: tuple[str, ...] = (), departments: tuple[str, ...] = (), states: tuple[str, ...] = ()
) -> PolicyValues:
    return PolicyValues(posts, departments, states, invite=False, batch_api=False)


def test_the_count_says_who_is_left_out_and_why(desk: Desk) -> None:
    # given a reading in which the cleaner has no phone
    desk.read(PEOPLE)

    # then rules are counted without a call and without a change
    counted = rules_counted(PlanRules(posts=frozenset({"导购", "财务"})))
    assert (counted.employees, counted.accounts, counted.left_out) == (6, 5, {"post": 1})
    below = rules_counted(PlanRules(departments=frozenset({"B1"}), states=frozenset({"active"})))
    assert (below.accounts, below.left_out) == (2, {"state": 2, "department": 1})
    assert OaPolicy.objects.count() == 0


def test_a_count_needs_a_reading() -> None:
    with pytest.raises(NotFound):
        rules_counted(ALL)


def test_departments_count_with_all_below_them_and_states_alone(desk: Desk) -> None:
    policy_set(values=values(departments=("D2",)), actor=desk.user)
    assert made(desk.read(PEOPLE)) == {"e0002"}

    policy_set(values=values(departments=("C",), states=("active", "intern")), actor=desk.user)
    assert made(desk.read(PEOPLE)) == {"e0001", "e0002", "e0004", "e0006"}


def made(run: OaRun) -> set[str]:
    return set(items_of(run).filter(kind="member_create").values_list("key", flat=True))


def test_changed_rules_let_the_plan_expire_and_unchanged_ones_do_not(desk: Desk) -> None:
    run = desk.read(PEOPLE)
    policy_set(values=PolicyValues((), (), (), invite=True, batch_api=False), actor=desk.user)
    run.refresh_from_db()
    assert run.status == OaRun.Status.PLANNED

    policy_set(values=values(posts=("导购",)), actor=desk.user)

    run.refresh_from_db()
    assert run.status == OaRun.Status.EXPIRED


def test_whoever_has_an_account_keeps_it_when_the_rules_narrow(desk: Desk) -> None:
    desk.sync([employee(1), employee(2, "D2")])
    policy_set(values=values(departments=("D1",)), actor=desk.user)

    assert desk.read([employee(1), employee(2, "D2")]).status == OaRun.Status.UNCHANGED


def test_the_page_counts_without_saving_and_saves(desk: Desk, client: Client, hq_ops: User) -> None:
    desk.read(PEOPLE, TREE)
    client.force_login(hq_ops)
    client.cookies["django_language"] = "en"
    url = reverse("oa_sync:policy")
    entered = {"posts": "导购\n 财务 \n", "departments": "", "states": ["active"]}

    page = client.post(url, {**entered, "count": "1"}).content.decode()
    assert "nothing was saved yet" in page
    assert OaPolicy.objects.count() == 0

    assert client.post(url, entered).status_code == 302
    stored = OaPolicy.objects.get()
    assert (stored.posts, stored.states, stored.invite, stored.batch_api) == (
        ["导购", "财务"], ["active"], False, False
    )  # fmt: skip
