"""A leaver's customer groups get another owner: planned, asked, settled and told in words; WeCom as the sandbox plays it."""

from typing import Any

import pytest
from django.utils import timezone

from contacts.directory.models import Member
from customers.groups.models import CustomerGroup
from customers.groups.reading import group_observed
from customers.inheritance import services
from customers.inheritance.again import later_ask
from customers.inheritance.groups import everything_read
from customers.inheritance.models import HandoverGroup, HandoverPlan
from customers.inheritance.spreading import spread_groups
from customers.inheritance.tasks import handover_results, leavers_plan_task
from customers.inheritance.words import group_reason
from scrm.core.gateway import wecom
from scrm.core.scope import SYSTEM_SCOPE
from tests.customers.inheritance.leaver import pass_days
from tests.customers.inheritance.shop import Run, Shop, states

pytestmark = pytest.mark.django_db


@pytest.fixture
def groups(shop: Shop) -> list[str]:
    """Guide 1 owns a large and two small groups, as our mirror knows."""
    found = []
    for people in (3, 1, 2):
        made = shop.control.post(
            "group",
            {"owner": "guide0001", "name": f"{people}人群", "people": [f"p00000{n + 1}" for n in range(people)]},
        )  # fmt: skip
        group_observed(wecom().group_chat.get(made["chat_id"]))
        found.append(made["chat_id"])
    return found


def owners(shop: Shop) -> dict[str, str]:
    """Return WeCom's owner of each group."""
    return {row["chat_id"]: row["owner"] for row in shop.control.get("ledger/groups")}


def group_states(plan: HandoverPlan) -> dict[str, str]:
    """Return the state of each group of a plan."""
    return dict(plan.groups.values_list("chat_id", "state"))


def test_the_largest_go_to_whoever_got_fewest_people() -> None:
    groups = [("a", 10), ("b", 100), ("c", 60), ("d", 50)]

    assert spread_groups(groups, [1, 2]) == {"b": 1, "c": 2, "d": 2, "a": 1}
    assert spread_groups(groups, []) == {}


def test_groups_go_along_in_service_at_once(shop: Shop, groups: list[str], run: Run) -> None:
    plan = shop.plan()
    assert plan.groups.count() == 3
    assert set(owners(shop).values()) == {"guide0001"}

    run(lambda: services.plan_confirm(plan, actor=shop.actor))

    assert set(group_states(plan).values()) == {"done"}
    wanted = {row.chat_id: row.successor.userid for row in plan.groups.select_related("successor")}
    assert owners(shop) == wanted
    assert set(wanted.values()) == {"guide0002", "guide0003"}
    assert wanted[groups[0]] != wanted[groups[2]]
    # and our mirror reads them again: WeCom raises no event for it
    assert CustomerGroup.objects.filter(reread_at__isnull=False).count() == 3
    assert states(plan) == {"waiting": 5}


def test_groups_may_stay(shop: Shop, groups: list[str]) -> None:
    plan = services.plan_create(
        SYSTEM_SCOPE, shop.leaver, successor_ids=[shop.colleagues[0].pk], message="",
        actor=shop.actor, with_groups=False,
    )  # fmt: skip

    assert plan.groups.count() == 0


def test_a_deleted_owners_groups_are_done_when_wecom_says_so(
    shop: Shop, groups: list[str], run: Run
) -> None:
    # given a leaver who is deleted already
    shop.control.post("console_member", {"userid": "guide0001", "delete": True})
    Member.objects.filter(pk=shop.leaver.pk).update(status=Member.Status.LEFT)
    shop.leaver.refresh_from_db()
    plan = shop.plan()
    assert plan.mode == "resigned"

    # when
    run(lambda: services.plan_confirm(plan, actor=shop.actor))
    assert set(group_states(plan).values()) == {"waiting"}
    shop.later(24 * 3600)
    handover_results()

    # then
    plan.refresh_from_db()
    assert (plan.state, set(group_states(plan).values())) == ("done", {"done"})
    assert set(owners(shop).values()) == {"guide0002", "guide0003"}
    assert set(CustomerGroup.objects.values_list("owner__userid", flat=True)) == {
        "guide0002",
        "guide0003",
    }


def test_each_failure_is_told_and_one_over_the_limit_is_asked_again(
    shop: Shop, groups: list[str], run: Run
) -> None:
    # given a group that was dismissed meanwhile, and WeCom's limit of a day for another one
    plan = shop.plan()
    shop.control.post(
        "group_change", {"chat_id": groups[1], "action": "dismiss", "by": "guide0001"}
    )
    for _turn in range(2):
        wecom().group_chat.onjob_transfer([groups[2]], "guide0004")
        wecom().group_chat.onjob_transfer([groups[2]], "guide0001")

    # when
    run(lambda: services.plan_confirm(plan, actor=shop.actor))

    # then
    assert group_states(plan) == {groups[0]: "done", groups[1]: "failed", groups[2]: "later"}
    gone, later = (HandoverGroup.objects.get(chat_id=chat_id) for chat_id in groups[1:])
    assert (gone.errcode, later.errcode) == (90501, 40128)
    assert group_reason(gone) != ""
    assert later.again_on is not None
    assert f"{timezone.localtime(later.again_on):%Y-%m-%d}" in group_reason(later)

    # when the 90 days are over
    HandoverPlan.objects.update(state="done")
    HandoverGroup.objects.filter(pk=later.pk).update(again_on="2026-01-01T00:00:00Z")
    shop.later(91 * 24 * 3600)
    assert run(later_ask) == 1

    # then
    assert group_states(plan)[groups[2]] == "done"


def test_the_policy_takes_groups_along(
    groups: list[str], leaver: Member, shop: Shop, run: Run
) -> None:  # fmt: skip
    run(leavers_plan_task)

    plan = HandoverPlan.objects.get()
    assert set(group_states(plan).values()) == {"done"}
    assert set(owners(shop).values()) == {"guide0002", "guide0003"}


def test_a_leaver_with_groups_only_is_not_forgotten(
    groups: list[str], leaver: Member, shop: Shop, run: Run
) -> None:
    shop.leaver.relations.all().delete()

    run(leavers_plan_task)

    plan = HandoverPlan.objects.get()
    assert (plan.state, plan.items.count(), plan.groups.count()) == ("done", 0, 3)
    pass_days(1)
    run(leavers_plan_task)
    assert HandoverPlan.objects.count() == 1


def test_a_group_with_another_owner_by_now_is_told(
    shop: Shop, groups: list[str], run: Run, monkeypatch: Any
) -> None:
    shop.control.post("console_member", {"userid": "guide0001", "delete": True})
    Member.objects.filter(pk=shop.leaver.pk).update(status=Member.Status.LEFT)
    shop.leaver.refresh_from_db()
    plan = shop.plan(shop.colleagues[0])
    # given somebody gave the groups away in WeCom's own console
    wecom().group_chat.transfer(groups, "guide0004")

    run(lambda: services.plan_confirm(plan, actor=shop.actor))
    shop.later(60)
    everything_read(plan)

    assert set(group_states(plan).values()) == {"failed"}
    assert group_reason(plan.groups.all()[0]) != ""
    assert set(owners(shop).values()) == {"guide0004"}
