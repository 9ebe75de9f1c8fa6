"""A member leaves: plan, asking, refusals, retries, results; with WeCom as the sandbox plays it."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from contacts.directory.models import Member
from contacts.feed.models import FeedItem
from customers.inheritance import services
from customers.inheritance.asking import results_read, results_store
from customers.inheritance.handlers import HANDOVER
from customers.inheritance.models import HandoverItem, HandoverPlan
from customers.inheritance.selectors import leavers_visible_to, successors_for
from customers.inheritance.tasks import handover_results
from customers.relations.handlers import RELATION_CHANGED, ContactRead
from customers.relations.models import ExternalContact, FollowRelation, RelationEvent
from customers.timeline.handlers import HISTORY
from scrm.accounts.models import User
from scrm.core.audit.models import AuditEntry
from scrm.core.exceptions import Conflict, ValidationFailed
from scrm.core.jobs.models import JobRun, JobState
from scrm.core.scope import SYSTEM_SCOPE, scope_of
from scrm.inbox.handling import Event
from scrm.wecom.errors import WeComError
from scrm.wecom.types import TransferResult
from tests.cast import PASSWORD
from tests.customers.inheritance.shop import DAY, Run, Shop, states
from tests.factories.customers import MemberFactory, RelationFactory

pytestmark = pytest.mark.django_db


def test_the_store_is_suggested_first_and_the_leaver_never(shop: Shop) -> None:
    RelationFactory(member=shop.colleagues[1])

    found = successors_for(SYSTEM_SCOPE, shop.leaver)

    assert [(one.member.userid, one.same_store, one.customers) for one in found] == [
        ("guide0002", True, 0),
        ("guide0003", True, 1),
        ("guide0004", False, 0),
    ]
    Member.objects.filter(pk=shop.colleagues[0].pk).update(can_follow=False)
    assert [one.member.userid for one in successors_for(SYSTEM_SCOPE, shop.leaver)] == [
        "guide0003",
        "guide0004",
    ]


def test_a_leaver_is_offered_once_disabled(shop: Shop) -> None:
    assert leavers_visible_to(SYSTEM_SCOPE) == []
    assert [one.userid for one in leavers_visible_to(SYSTEM_SCOPE, "guide0001")] == ["guide0001"]
    Member.objects.filter(pk=shop.leaver.pk).update(status=Member.Status.DISABLED)

    (row,) = leavers_visible_to(SYSTEM_SCOPE)

    assert (row.userid, row.customers, row.plan_id) == ("guide0001", 5, None)


def test_one_refuses_and_goes_to_another_at_the_second_try(shop: Shop, run: Run) -> None:
    # given a confirmed plan for two colleagues
    plan = shop.plan()
    assert (plan.mode, states(plan)) == ("in_service", {"planned": 5})
    assert shop.control.get("ledger/transfers") == []
    run(lambda: services.plan_confirm(plan, actor=shop.actor))
    assert states(plan) == {"waiting": 5}
    job = JobRun.objects.get()
    assert (job.state, job.processed, job.succeeded) == (JobState.DONE, 5, 5)
    asked = shop.control.get("ledger/transfers")
    assert sorted(row["takeover"] for row in asked) == ["guide0002"] * 3 + ["guide0003"] * 2
    assert {row["message"] for row in asked} == {"为您继续服务"}

    # when one refuses and a day goes by
    refuser = asked[0]
    shop.control.post("transfer_answer", {"person_id": refuser["person_id"], "answer": "refuse"})
    shop.later(DAY)
    handover_results()

    # then four are handed over, and the plan is done
    plan.refresh_from_db()
    assert (plan.state, states(plan)) == ("done", {"done": 4, "refused": 1})
    item = plan.items.select_related("contact").get(state="refused")
    assert item.contact.external_userid == refuser["external_userid"]

    # when it is tried again, another successor is asked
    run(lambda: services.plan_retry(SYSTEM_SCOPE, plan, actor=shop.actor))
    item.refresh_from_db()
    assert item.state == "waiting"
    assert item.successor.userid != refuser["takeover"]
    shop.control.post("transfer_answer", {"person_id": refuser["person_id"], "answer": "accept"})
    assert results_read(plan) == 1

    # then all five are WeCom's truth, and each successor hears of it
    plan.refresh_from_db()
    assert (plan.state, states(plan)) == ("done", {"done": 5})
    ledger = shop.control.get("ledger/relations")
    assert (
        sorted(row["status"] for row in ledger if row["userid"] == "guide0001")
        == ["transferred"] * 5
    )
    assert sum(1 for row in ledger if row["status"] == "active") == 5
    assert {one.kind for one in FeedItem.objects.all()} == {"inheritance"}
    actions = AuditEntry.objects.order_by("pk").values_list("action", flat=True)
    assert [one for one in actions if one.startswith("inheritance")] == [
        "inheritance.plan",
        "inheritance.confirm",
        "inheritance.retry",
    ]


def test_what_wecom_refuses_is_kept_in_words_and_not_tried_for_ever(shop: Shop, run: Run) -> None:
    # given a customer who deleted the leaver meanwhile
    shop.control.post("delete", {"userid": "guide0001", "person_id": "p000003", "by": "customer"})
    plan = shop.plan()
    run(lambda: services.plan_confirm(plan, actor=shop.actor))

    assert states(plan) == {"waiting": 4, "failed": 1}
    assert plan.items.get(state="failed").errcode == 84061
    with pytest.raises(Conflict):
        services.plan_retry(SYSTEM_SCOPE, plan, actor=shop.actor)


def test_a_successor_without_customer_contact_fails_for_its_own_customers(
    shop: Shop, run: Run
) -> None:
    plan = shop.plan()
    shop.control.post("console_member", {"userid": "guide0002", "can_follow": False})

    run(lambda: services.plan_confirm(plan, actor=shop.actor))

    assert states(plan) == {"failed": 3, "waiting": 2}
    assert set(plan.items.filter(state="failed").values_list("errcode", flat=True)) == {84074}


def test_a_killed_job_asks_nobody_twice(shop: Shop, run: Run) -> None:
    # given a run that died after WeCom had taken the first question
    plan = shop.plan()
    external = plan.items.order_by("pk").select_related("contact")[0].contact.external_userid
    from scrm.core.gateway import wecom

    wecom().external_contact.transfer_customer("guide0001", "guide0002", [external])

    run(lambda: services.plan_confirm(plan, actor=shop.actor))

    assert states(plan) == {"waiting": 5}
    assert len(shop.control.get("ledger/transfers")) == 5


def test_a_deleted_member_goes_the_other_way(shop: Shop, run: Run) -> None:
    # given a plan made while the member was there, who is deleted before it is confirmed
    plan = shop.plan()
    shop.control.post("console_member", {"userid": "guide0001", "delete": True})
    Member.objects.filter(pk=shop.leaver.pk).update(status=Member.Status.LEFT)

    run(lambda: services.plan_confirm(plan, actor=shop.actor))
    shop.later(DAY)
    handover_results()

    plan.refresh_from_db()
    assert (plan.mode, plan.state, states(plan)) == ("resigned", "done", {"done": 5})


def test_an_unreadable_result_is_shown_and_stops_no_other_plan(shop: Shop, run: Run) -> None:
    plan = shop.plan()
    run(lambda: services.plan_confirm(plan, actor=shop.actor))
    shop.control.post(
        "faults",
        {"endpoint": "externalcontact/transfer_result", "kind": "errcode", "value": 60011},
    )

    with pytest.raises(WeComError):
        results_read(plan)
    handover_results()

    plan.refresh_from_db()
    assert plan.problem != ""
    assert states(plan) == {"waiting": 5}


def event(change: str, userid: str, external: str, at: datetime, **fields: str) -> Event:
    """Return an event as the inbox hands it on."""
    return Event(
        id=1,
        app="scrm",
        event="change_external_contact",
        change_type=change,
        occurred_at=at,
        received_at=at,
        fields={"UserID": userid, "ExternalUserID": external, **fields},
    )


def waiting_plan(count: int = 2) -> HandoverPlan:
    """A plan under way whose customers wait."""
    plan = HandoverPlan.objects.create(
        leaver=MemberFactory(userid="Leaver"), mode="in_service", state="running"
    )
    for _number in range(count):
        relation = RelationFactory(member=plan.leaver)
        HandoverItem.objects.create(
            plan=plan,
            contact=relation.contact,
            successor=MemberFactory(),
            state="waiting",
            asked_at=timezone.now(),
        )
    return plan


@pytest.mark.parametrize(
    ("reason", "state"), [("customer_refused", "refused"), ("customer_limit_exceed", "capped")]
)
def test_a_failed_transfer_settles_its_item_once(reason: str, state: str) -> None:
    plan = waiting_plan()
    item = plan.items.select_related("successor", "contact").order_by("pk")[0]
    told = event(
        "transfer_fail",
        item.successor.userid.upper(),
        item.contact.external_userid,
        timezone.now(),
        FailReason=reason,
    )

    HANDOVER.apply(told, None)
    HANDOVER.apply(told, None)

    assert states(plan) == {state: 1, "waiting": 1}


def test_a_transfer_settles_by_the_deletion_it_causes_and_is_no_loss_by_the_member() -> None:
    plan = waiting_plan(1)
    item = plan.items.select_related("contact").get()
    now = datetime.now(UTC)
    FollowRelation.objects.update(created_time=now - timedelta(days=9))
    told = event(
        "del_external_contact",
        "leaver",
        item.contact.external_userid,
        now,
        Source="DELETE_BY_TRANSFER",
    )

    RELATION_CHANGED.apply(told, ContactRead(None, now))
    HANDOVER.apply(told, None)
    HISTORY.apply(told, None)

    plan.refresh_from_db()
    assert (plan.state, states(plan)) == ("done", {"done": 1})
    assert RelationEvent.objects.get().kind == "transferred"
    relation = FollowRelation.objects.get()
    assert (relation.status, relation.lost_by) == ("lost", "transfer")


def test_an_ordinary_deletion_and_an_old_event_settle_nothing() -> None:
    plan = waiting_plan(1)
    item = plan.items.select_related("contact", "successor").get()
    external = item.contact.external_userid
    long_ago = timezone.now() - timedelta(days=3)

    HANDOVER.apply(event("del_external_contact", "Leaver", external, timezone.now()), None)
    HANDOVER.apply(
        event(
            "transfer_fail",
            item.successor.userid,
            external,
            long_ago,
            FailReason="customer_refused",
        ),
        None,
    )

    assert states(plan) == {"waiting": 1}


def test_a_refusal_that_may_be_anothers_settles_nobody() -> None:
    # given two guides who hand the same customer to the same successor
    plan = waiting_plan(1)
    first = plan.items.select_related("contact", "successor").get()
    other = HandoverPlan.objects.create(
        leaver=MemberFactory(userid="Other"), mode="in_service", state="running"
    )
    second = HandoverItem.objects.create(
        plan=other, contact=first.contact, successor=first.successor, state="waiting", asked_at=first.asked_at
    )  # fmt: skip
    assert first.successor is not None
    told = event("transfer_fail", first.successor.userid, first.contact.external_userid, timezone.now(), FailReason="customer_refused")  # fmt: skip

    HANDOVER.apply(told, None)

    # then both wait for the results, which name the pair
    assert (states(plan), states(other)) == ({"waiting": 1}, {"waiting": 1})
    refused = TransferResult(first.contact.external_userid, 3, None)
    assert results_store(other, first.successor, [refused], timezone.now()) == 1
    second.refresh_from_db()
    assert (second.state, states(plan)) == ("refused", {"waiting": 1})


def test_an_earlier_hand_over_of_the_same_three_settles_nothing() -> None:
    # given a customer who went over to this successor a month ago, came back, and is asked once more
    plan = waiting_plan(1)
    item = plan.items.select_related("contact", "successor").get()
    assert item.successor is not None
    now, external = timezone.now(), item.contact.external_userid

    month_ago = TransferResult(external, 1, now - timedelta(days=30))
    assert results_store(plan, item.successor, [month_ago], now) == 0
    assert states(plan) == {"waiting": 1}

    today = TransferResult(external, 1, now)
    assert results_store(plan, item.successor, [month_ago, today], now) == 1
    assert states(plan) == {"done": 1}


def test_asking_that_stopped_is_told_and_goes_on(
    shop: Shop, run: Run, client: Client, hq_ops: User
) -> None:
    # given a hand-over whose app may not hand anybody over (any more)
    plan = shop.plan()
    fault = {"endpoint": "externalcontact/transfer_customer", "kind": "errcode", "value": 48002, "count": 1}  # fmt: skip
    shop.control.post("faults", fault)
    run(lambda: services.plan_confirm(plan, actor=None))
    plan.refresh_from_db()
    assert (plan.state, states(plan)) == ("running", {"planned": 5})
    assert JobRun.objects.get().state == JobState.FAILED
    page = f"/console/inheritance/{plan.pk}/"
    assert client.login(username="hq", password=PASSWORD)
    client.cookies["django_language"] = "en"
    assert "Asking stopped before everybody was asked." in client.get(page).content.decode()

    # when somebody of headquarters goes on
    run(lambda: client.post(f"{page}resume/"))

    # then everybody is asked, once
    assert states(plan) == {"waiting": 5}
    assert len(shop.control.get("ledger/transfers")) == 5
    assert "Asking stopped" not in client.get(page).content.decode()
    client.post(f"{page}resume/")
    assert JobRun.objects.get().state == JobState.DONE


def test_plans_that_cannot_be_made(shop: Shop, outsider: User) -> None:
    other = MemberFactory(userid="idle", can_follow=False)
    cases: list[tuple[list[int], str]] = [
        ([], "successors_missing"),
        ([shop.leaver.pk], "successor_unknown"),
        ([999_999], "successor_unknown"),
        ([other.pk], "successor_not_ready"),
    ]
    for ids, code in cases:
        with pytest.raises(ValidationFailed) as refused:
            services.plan_create(
                SYSTEM_SCOPE, shop.leaver, successor_ids=ids, message="", actor=shop.actor
            )
        assert refused.value.code == code
    with pytest.raises(ValidationFailed):
        services.plan_create(
            scope_of(outsider),
            shop.leaver,
            successor_ids=[shop.colleagues[0].pk],
            message="",
            actor=outsider,
        )
    assert HandoverPlan.objects.count() == 0
    shop.plan()
    with pytest.raises(Conflict):
        shop.plan()
    assert ExternalContact.objects.count() == 5


def test_a_draft_can_be_dropped_and_is_then_over(shop: Shop) -> None:
    plan = shop.plan()

    services.plan_cancel(plan, actor=shop.actor)

    with pytest.raises(Conflict):
        services.plan_confirm(plan, actor=shop.actor)
    assert JobRun.objects.count() == 0
    assert shop.plan().pk != plan.pk
