"""The end of a leaver's account: only for a reason that holds now, and told when it fails."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from contacts.directory.models import Employee, Member
from contacts.oa_sync.models import OaPlanItem, OaRun
from customers.inheritance import policies, releasing, services
from customers.inheritance.asking import plan_settle
from customers.inheritance.models import HandoverItem, HandoverPlan
from customers.inheritance.selectors import kept_of, policy
from customers.inheritance.tasks import handover_releases, handover_results, leavers_plan_task
from scrm.accounts.models import User
from scrm.core.alerts.models import Alert
from scrm.core.audit.models import AuditEntry
from scrm.core.exceptions import Conflict, ValidationFailed
from scrm.core.jobs import services as jobs
from scrm.core.jobs.models import JobRun, JobState
from scrm.core.scope import SYSTEM_SCOPE, scope_of
from tests.customers.inheritance.leaver import (
    come_back,
    is_there,
    leave,
    pass_days,
    refused_plan,
    set_policy,
)
from tests.customers.inheritance.shop import DAY, Run, Shop, states
from tests.factories.customers import RelationFactory

pytestmark = pytest.mark.django_db


def test_who_refused_waits_for_the_grace_and_goes_as_a_deleted_members(
    leaver: Member, shop: Shop, run: Run
) -> None:
    plan = refused_plan(shop, run)
    assert plan.delete_on == plan.confirmed_at + timedelta(days=7)
    assert kept_of(plan).count() == 1

    # when the grace is not over, nothing happens
    run(handover_releases)
    assert JobRun.objects.filter(kind="inheritance.release").count() == 0
    # when it is
    pass_days(8)
    run(handover_releases)
    run(handover_releases)

    job = JobRun.objects.get(kind="inheritance.release")
    assert (job.state, job.started_by) == (JobState.DONE, None)
    leaver.refresh_from_db()
    assert leaver.status == Member.Status.LEFT
    assert not is_there(shop)
    after = HandoverPlan.objects.exclude(pk=plan.pk).get()
    assert (after.mode, after.by_policy, states(after)) == ("resigned", True, {"waiting": 1})
    shop.later(DAY)
    handover_results()
    assert states(after) == {"done": 1}


def test_a_named_human_may_do_it_earlier_and_must_say_why(
    leaver: Member, shop: Shop, run: Run
) -> None:
    plan = refused_plan(shop, run)
    with pytest.raises(ValidationFailed):
        releasing.account_release(plan, actor=shop.actor, reason=" ")
    assert JobRun.objects.filter(kind="inheritance.release").count() == 0

    run(lambda: releasing.account_release(plan, actor=shop.actor, reason="本人已交接"))

    entry = AuditEntry.objects.get(action="inheritance.release")
    assert (entry.actor, entry.reason) == (shop.actor, "本人已交接")
    assert HandoverPlan.objects.filter(leaver=leaver, mode="resigned").count() == 1


def test_an_account_is_not_deleted_while_customers_wait_or_for_who_came_back(
    leaver: Member, shop: Shop, run: Run
) -> None:
    run(leavers_plan_task)
    plan = HandoverPlan.objects.get()
    with pytest.raises(Conflict) as waiting:
        releasing.account_release(plan, actor=shop.actor, reason="now")
    assert waiting.value.code == "not_done"

    # given: the OA took her back after all
    HandoverItem.objects.update(state="refused")
    HandoverPlan.objects.update(state="done", delete_on=timezone.now())
    Employee.objects.update(state=Employee.State.ACTIVE)
    run(handover_releases)
    with pytest.raises(Conflict) as back:
        releasing.account_release(plan, actor=shop.actor, reason="now")

    assert back.value.code == "not_a_leaver"
    assert is_there(shop)


def test_who_came_back_between_the_click_and_the_job_keeps_the_account(
    leaver: Member, shop: Shop, run: Run, django_capture_on_commit_callbacks: Any
) -> None:
    plan = refused_plan(shop, run)
    with django_capture_on_commit_callbacks() as tasks:
        releasing.account_release(plan, actor=shop.actor, reason="handed over")
    Employee.objects.update(state=Employee.State.ACTIVE)

    for task in tasks:
        task()

    assert JobRun.objects.get(kind="inheritance.release").state == JobState.FAILED
    assert is_there(shop)


def released(shop: Shop) -> list[str]:
    """Return how the deletions went, oldest first."""
    jobs = JobRun.objects.filter(kind="inheritance.release").order_by("created_at")
    return list(jobs.values_list("state", flat=True))


def test_who_came_back_keeps_the_account_and_her_next_leave_has_its_own_grace(
    leaver: Member, shop: Shop, run: Run
) -> None:
    plan = refused_plan(shop, run)
    come_back()
    run(leavers_plan_task)
    plan.refresh_from_db()
    assert plan.delete_on is None

    # when she leaves again months later, with a date the sweep had missed
    pass_days(60)
    HandoverPlan.objects.update(delete_on=timezone.now() - timedelta(days=53))
    leave()
    run(handover_releases)
    run(leavers_plan_task)
    run(handover_releases)

    assert is_there(shop)
    assert released(shop) == []
    plan.refresh_from_db()
    assert plan.delete_on is None
    second = HandoverPlan.objects.exclude(pk=plan.pk).get()
    assert (second.state, states(second)) == ("running", {"waiting": 1})
    with pytest.raises(Conflict) as earlier:
        releasing.account_release(plan, actor=shop.actor, reason="now")
    assert earlier.value.code == "earlier_leave"
    # and her answer counts for the present leave
    HandoverItem.objects.filter(plan=second).update(state="refused")
    plan_settle(second.pk)
    second.refresh_from_db()
    assert second.delete_on == second.confirmed_at + timedelta(days=7)


def test_a_plan_that_still_ran_when_she_came_back_dates_nothing(
    leaver: Member, shop: Shop, run: Run
) -> None:
    run(leavers_plan_task)
    plan = HandoverPlan.objects.get()
    pass_days(30)
    come_back()
    leave()

    HandoverItem.objects.update(state="refused")
    plan_settle(plan.pk)
    run(handover_releases)

    plan.refresh_from_db()
    assert (plan.state, plan.delete_on) == ("done", None)
    assert is_there(shop)


def test_while_another_hand_over_is_open_nothing_is_deleted(
    leaver: Member, shop: Shop, run: Run
) -> None:
    plan = refused_plan(shop, run)
    shop.plan()
    plan.refresh_from_db()
    assert plan.delete_on is None
    HandoverPlan.objects.filter(pk=plan.pk).update(delete_on=timezone.now())
    pass_days(8)

    run(handover_releases)
    with pytest.raises(Conflict) as refused:
        releasing.account_release(plan, actor=shop.actor, reason="now")

    assert refused.value.code == "handover_open"
    assert (released(shop), is_there(shop)) == ([], True)


def test_while_the_account_is_being_deleted_nobody_plans_beside_it(
    leaver: Member, shop: Shop, run: Run
) -> None:
    plan = refused_plan(shop, run)
    releasing.account_release(plan, actor=shop.actor, reason="now")

    for act in (shop.plan, lambda: services.plan_retry(SYSTEM_SCOPE, plan, actor=shop.actor)):
        with pytest.raises(Conflict) as refused:
            act()
        assert refused.value.code == "being_deleted"

    assert HandoverPlan.objects.get() == plan


@pytest.mark.parametrize("off", [{"on_leave": "nothing"}, {"grace_days": None}])
def test_a_policy_switched_off_stops_the_deletions(
    leaver: Member, shop: Shop, run: Run, hq_ops: User, off: dict[str, Any]
) -> None:
    plan = refused_plan(shop, run)
    fields = {
        "on_leave": "offer",
        "on_move": "stay",
        "neighbours": True,
        "message": "",
        "grace_days": 7,
    }
    policies.policy_set(scope_of(hq_ops), actor=hq_ops, **{**fields, **off})
    plan.refresh_from_db()
    assert plan.delete_on is None

    # when a date came to be all the same
    HandoverPlan.objects.update(delete_on=timezone.now())
    pass_days(8)
    run(handover_releases)

    assert (released(shop), is_there(shop)) == ([], True)


def test_the_date_is_that_of_the_present_policy_and_leaves_a_day_after_a_change(
    leaver: Member, shop: Shop, run: Run, hq_ops: User
) -> None:
    plan = refused_plan(shop, run)
    pass_days(5)
    fields = {
        "on_leave": "offer",
        "on_move": "stay",
        "neighbours": True,
        "message": "",
        "actor": hq_ops,
    }

    for days in (30, 3):
        policies.policy_set(scope_of(hq_ops), grace_days=days, **fields)
        plan.refresh_from_db()
        assert plan.confirmed_at is not None
        grace_over = plan.confirmed_at + timedelta(days=days)
        assert plan.delete_on == max(grace_over, policy().updated_at + timedelta(days=1))

    run(handover_releases)
    assert released(shop) == []
    pass_days(1)
    run(handover_releases)
    assert (released(shop), is_there(shop)) == (["done"], False)


def test_a_longer_grace_set_past_the_page_counts_too(leaver: Member, shop: Shop, run: Run) -> None:
    plan = refused_plan(shop, run)
    pass_days(8)
    set_policy(grace_days=30)

    run(handover_releases)

    plan.refresh_from_db()
    assert plan.confirmed_at is not None
    assert plan.delete_on == plan.confirmed_at + timedelta(days=30)
    assert (released(shop), is_there(shop)) == ([], True)


def test_without_a_sure_oa_nothing_is_deleted_by_itself(
    leaver: Member, shop: Shop, run: Run, settings: Any
) -> None:
    refused_plan(shop, run)
    pass_days(8)
    good = OaRun.objects.get()

    # given: a run is held by the breaker
    held = OaRun.objects.create(status=OaRun.Status.HELD, planned_at=timezone.now())
    run(handover_releases)
    run(handover_releases)
    held.delete()
    # the last good one is too old
    OaRun.objects.update(as_of=timezone.now() - timedelta(days=3, hours=1))
    run(handover_releases)
    assert (released(shop), is_there(shop)) == ([], True)
    assert Alert.objects.get(kind="inheritance.oa_unsure").count == 3

    # a plan waits that takes her back
    settings.HANDOVER_OA_DAYS = 5
    waiting = OaRun.objects.create(status=OaRun.Status.PLANNED, planned_at=timezone.now())
    OaPlanItem.objects.create(
        run=waiting, position=1, kind="member_enable", key="GUIDE0001", reason="rehired"
    )
    run(handover_releases)
    assert (released(shop), is_there(shop)) == ([], True)

    # when it was thrown away, the account goes
    waiting.delete()
    assert OaRun.objects.get() == good
    run(handover_releases)
    assert (released(shop), is_there(shop)) == (["done"], False)


def test_a_held_run_stops_a_deletion_that_was_started_already(
    leaver: Member, shop: Shop, run: Run, django_capture_on_commit_callbacks: Any
) -> None:
    refused_plan(shop, run)
    pass_days(8)
    with django_capture_on_commit_callbacks() as tasks:
        handover_releases()
    OaRun.objects.create(status=OaRun.Status.HELD, planned_at=timezone.now())

    for task in tasks:
        task()

    assert (released(shop), is_there(shop)) == (["failed"], True)


def test_a_failed_deletion_is_told_and_tried_again_the_next_day(
    leaver: Member, shop: Shop, run: Run
) -> None:
    plan = refused_plan(shop, run)
    pass_days(8)
    fault = {"endpoint": "user/delete", "kind": "errcode", "value": 60011, "count": 1}
    shop.control.post("faults", fault)

    run(handover_releases)
    run(handover_releases)

    assert (released(shop), is_there(shop)) == (["failed"], True)
    alert = Alert.objects.get(kind="inheritance.release_failed")
    assert JobRun.objects.get(kind="inheritance.release").message in alert.text
    assert f"/inheritance/{plan.pk}/" in alert.text
    # when a day passed
    JobRun.objects.update(moved_at=timezone.now() - timedelta(hours=25))
    run(handover_releases)
    assert (released(shop), is_there(shop)) == (["failed", "done"], False)


def test_a_deletion_somebody_stopped_is_not_started_again(
    leaver: Member, shop: Shop, run: Run
) -> None:
    plan = refused_plan(shop, run)
    pass_days(8)
    handover_releases()
    jobs.cancel(JobRun.objects.get(kind="inheritance.release"), actor=shop.actor)
    JobRun.objects.update(moved_at=timezone.now() - timedelta(days=2))

    run(handover_releases)

    plan.refresh_from_db()
    assert (plan.delete_on, released(shop), is_there(shop)) == (None, ["cancelled"], True)


def test_one_account_that_cannot_go_does_not_stop_the_next(
    leaver: Member, shop: Shop, run: Run
) -> None:
    # given: an earlier plan of another leaver, of whom the OA says that she comes back
    second = shop.colleagues[0]
    employee = Employee.objects.create(job_number="GUIDE0002", name="王芳", state="left")
    first = HandoverPlan.objects.create(leaver=second, mode="in_service", state="done")
    HandoverItem.objects.create(
        plan=first,
        contact=RelationFactory(member=second).contact,
        successor=shop.neighbour,
        state="refused",
    )
    refused_plan(shop, run)
    Member.objects.filter(pk=second.pk).update(employee=employee, status=Member.Status.DISABLED)
    HandoverPlan.objects.filter(pk=first.pk).update(delete_on=timezone.now() + timedelta(days=8))
    pass_days(8)
    waiting = OaRun.objects.create(status=OaRun.Status.PLANNED, planned_at=timezone.now())
    OaPlanItem.objects.create(
        run=waiting, position=1, kind="member_enable", key="guide0002", reason="rehired"
    )

    run(handover_releases)

    job = JobRun.objects.get(kind="inheritance.release")
    assert (job.key, job.state) == (str(leaver.pk), JobState.DONE)
    assert not is_there(shop)
