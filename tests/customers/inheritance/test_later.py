"""Customers WeCom protects: said in words, kept, and asked again when that is over."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone, translation

from customers.inheritance import services
from customers.inheritance.again import later_ask
from customers.inheritance.asking import protected_until
from customers.inheritance.models import HandoverItem, HandoverPlan
from customers.inheritance.tasks import handover_results
from customers.inheritance.words import item_reason
from customers.relations.models import FollowRelation
from scrm.core.audit.models import AuditEntry
from scrm.core.exceptions import Conflict
from scrm.core.gateway import wecom
from scrm.core.scope import SYSTEM_SCOPE
from tests.customers.inheritance.shop import DAY, Run, Shop, states

pytestmark = pytest.mark.django_db


@pytest.fixture
def protected(shop: Shop, run: Run) -> HandoverItem:
    """One of five went over twice in the last days; WeCom takes the other four."""
    shop.control.post("behaviour", {"transfer_rule": "protected"})
    plan = shop.plan()
    item = plan.items.select_related("contact").order_by("pk")[0]
    external = item.contact.external_userid
    api = wecom().external_contact
    api.transfer_customer("guide0001", "guide0004", [external])
    person = shop.control.get("ledger/transfers")[0]["person_id"]
    shop.control.post("transfer_answer", {"person_id": person, "answer": "accept"})
    shop.control.post("add", {"userid": "guide0001", "person_id": person})
    run(lambda: services.plan_confirm(plan, actor=shop.actor))
    item.refresh_from_db()
    return item


def test_a_protected_customer_is_kept_for_later_and_told_in_words(
    protected: HandoverItem, shop: Shop, run: Run
) -> None:
    # then
    assert states(protected.plan) == {"later": 1, "waiting": 4}
    assert protected.errcode == 40128
    again = timezone.localtime(protected.again_on)
    assert (again.date() - timezone.localdate()).days == 90
    with translation.override("en"):
        assert f"{again:%Y-%m-%d}" in item_reason(protected)
        assert "twice in 90 days" in item_reason(protected)

    # and when the others are settled, the plan is done and they are still the old guide's
    shop.later(DAY)
    handover_results()
    plan = HandoverPlan.objects.get()
    assert (plan.state, states(plan)) == ("done", {"later": 1, "done": 4})
    assert (
        FollowRelation.objects.get(member=shop.leaver, contact=protected.contact).status
        == FollowRelation.Status.ACTIVE
    )
    # a person does not ask them before their time
    with pytest.raises(Conflict):
        services.plan_retry(SYSTEM_SCOPE, plan, actor=shop.actor)
    assert run(later_ask) == 0


def test_they_are_asked_again_by_themselves(protected: HandoverItem, shop: Shop, run: Run) -> None:
    # given
    shop.later(DAY)
    handover_results()
    shop.later(91 * DAY)
    HandoverItem.objects.filter(pk=protected.pk).update(again_on=timezone.now())

    # when
    assert run(later_ask) == 1

    # then
    protected.refresh_from_db()
    assert (protected.state, protected.again_on) == ("waiting", None)
    assert AuditEntry.objects.get(action="inheritance.again").actor is None
    shop.later(DAY)
    handover_results()
    assert states(protected.plan) == {"done": 5}


def test_who_went_away_meanwhile_is_not_asked(
    protected: HandoverItem, shop: Shop, run: Run
) -> None:
    HandoverPlan.objects.update(state="done")
    HandoverItem.objects.filter(pk=protected.pk).update(again_on=timezone.now())
    FollowRelation.objects.filter(contact=protected.contact).update(
        status="lost", lost_at=timezone.now(), lost_by="customer"
    )

    assert run(later_ask) == 0

    protected.refresh_from_db()
    assert (protected.state, protected.again_on) == ("failed", None)


def test_a_newer_hand_over_takes_them_along(protected: HandoverItem, shop: Shop) -> None:
    HandoverPlan.objects.update(state="done")

    newer = shop.plan()

    protected.refresh_from_db()
    assert protected.state == "failed"
    assert newer.items.filter(contact=protected.contact, state="planned").count() == 1


@pytest.mark.parametrize(("ages", "left"), [([], 90), ([10], 90), ([10, 60], 30), ([10, 95], 90)])
def test_the_protection_ends_90_days_after_the_older_of_two_hand_overs(
    shop: Shop, ages: list[int], left: int
) -> None:
    now = timezone.now()
    contact = FollowRelation.objects.all()[0].contact
    for age in ages:
        plan = HandoverPlan.objects.create(leaver=shop.leaver, mode="in_service", state="done")
        facts: dict[str, Any] = {"state": "done", "settled_at": now - timedelta(days=age)}
        HandoverItem.objects.create(
            plan=plan, contact=contact, successor=shop.colleagues[0], **facts
        )

    assert protected_until(contact.pk, now) == now + timedelta(days=left)
