"""Versions of the rules: tried before they hold, one in force, orders of their days decided again."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from attribution.sales.deciding import Step
from attribution.sales.models import CreditLine, RuleSet
from attribution.sales.rules import (
    rules_ensure,
    ruleset_activate,
    ruleset_discard,
    ruleset_draft,
    ruleset_try,
    trial_of,
)
from attribution.sales.showing import trial_shown
from attribution.sales.tasks import sales_recompute_task, sales_trial_task
from scrm.core.audit.models import AuditEntry
from scrm.core.exceptions import Conflict, ValidationFailed
from scrm.core.jobs.models import JobRun
from tests.factories.customers import NOON
from tests.factories.sales import (
    bound_since,
    by_guide,
    credit_of,
    order,
    refund,
    settle,
    token,
    touch,
)

pytestmark = pytest.mark.django_db
DAY = date(2026, 11, 21)


@pytest.fixture
def orders(guide_li, guide_wang):
    """Two orders of one buyer, a week apart: Li touched first, Wang last; one is partly refunded."""
    for guide in (guide_li, guide_wang):
        bound_since(guide, NOON - timedelta(days=100))
    touch("e1", parameter=token(guide_li), at=NOON - timedelta(days=9))
    touch("e2", parameter=token(guide_wang), at=NOON - timedelta(days=8))
    order("OLD", unionid="u1", paid=NOON - timedelta(days=7), amount="10.00")
    order("NEW", unionid="u1", paid=NOON, amount="100.00")
    refund("R1", "NEW", "40.00")
    settle()
    assert by_guide() == {guide_wang.pk: Decimal("70.00")}


def tried(steps, actor, *, applies_from=DAY) -> RuleSet:
    """Return a draft whose trial ran."""
    draft = ruleset_draft(steps, applies_from=applies_from, note="why", actor=actor)
    sales_trial_task(str(ruleset_try(draft, actor=actor).pk))
    draft.refresh_from_db()
    return draft


def test_a_draft_shows_its_difference_and_changes_nothing(orders, hq_ops, guide_li, guide_wang):
    # given a draft that lets the first touch win
    lines = CreditLine.objects.count()
    draft = tried([Step("first_touch", 30)], hq_ops)

    # then the trial says what would move, for the orders of its days alone
    job = trial_of(draft)
    shown = trial_shown(job)
    assert (shown.orders, shown.changed, shown.moved) == (1, 1, Decimal("60.00"))
    assert {each.member: (each.before, each.after) for each in shown.guides} == {
        guide_wang: (Decimal("60.00"), Decimal("0.00")),
        guide_li: (Decimal("0.00"), Decimal("60.00")),
    }

    # and the job, which people see who may not see sales, holds counts alone
    assert job.result == {"orders": 1, "changed": 1}
    assert set(job.cursor) == {"last"}
    assert CreditLine.objects.count() == lines
    assert credit_of("NEW").member == guide_wang


def test_rules_in_force_hold_for_the_orders_of_their_days(orders, hq_ops, guide_li, guide_wang):
    # given a tried draft
    draft = tried([Step("first_touch", 30)], hq_ops)

    # when it is put in force and its job has run, twice
    job = ruleset_activate(draft, actor=hq_ops)
    sales_recompute_task(str(job.pk))

    # then the new order moved with its refund, the old one stayed, and the version stands on each
    assert by_guide() == {guide_li.pk: Decimal("60.00"), guide_wang.pk: Decimal("10.00")}
    assert (credit_of("NEW").ruleset.version, credit_of("OLD").ruleset.version) == (2, 1)
    job.refresh_from_db()
    assert (job.state, job.processed, job.succeeded) == ("done", 1, 1)
    assert RuleSet.objects.get(state="active") == draft
    acts = set(AuditEntry.objects.values_list("action", flat=True))
    assert {"sales.rules_draft", "sales.rules_activate"} <= acts

    # and an order of an old day that arrives now goes by the old rules
    order("LATE", unionid="u1", paid=NOON - timedelta(days=6))
    settle()
    assert (credit_of("LATE").member, credit_of("LATE").ruleset.version) == (guide_wang, 1)


def test_untried_and_stale_drafts_do_not_come_into_force(orders, hq_ops):
    # given a draft nobody tried, and two that were
    untried = ruleset_draft([Step("last_touch", 3)], applies_from=DAY, note="", actor=hq_ops)
    second = tried([Step("first_touch", 30)], hq_ops)
    third = tried([Step("first_touch", 60)], hq_ops)

    # then the first is refused
    with pytest.raises(Conflict) as refused:
        ruleset_activate(untried, actor=hq_ops)
    assert refused.value.code == "trial_missing"

    # and when the second is in force, the third has to be tried again, and the first is too old
    ruleset_activate(second, actor=hq_ops)
    for draft, code in (
        (third, "trial_stale"),
        (untried, "older_than_active"),
        (second, "not_a_draft"),
    ):
        with pytest.raises(Conflict) as refused:
            ruleset_activate(draft, actor=hq_ops)
        assert refused.value.code == code
    assert RuleSet.objects.get(state="active") == second
    assert JobRun.objects.filter(kind="attribution.sales_recompute").count() == 1


def test_drafts_are_checked_and_may_be_thrown_away(hq_ops):
    for steps in (
        [],
        [Step("last_touch", 3), Step("last_touch", 5)],
        [Step("last_touch", 366)],
        [Step("dice")],
    ):
        with pytest.raises(ValidationFailed):
            ruleset_draft(steps, applies_from=DAY, note="", actor=hq_ops)
    draft = ruleset_draft([Step("last_touch", 3)], applies_from=DAY, note="", actor=hq_ops)
    ruleset_discard(draft, actor=hq_ops)
    assert list(RuleSet.objects.values_list("version", "state")) == [(1, "active")]
    with pytest.raises(Conflict):
        ruleset_discard(draft, actor=hq_ops)


def test_only_one_version_is_in_force(db):
    active = rules_ensure()
    assert rules_ensure() == active
    with pytest.raises(IntegrityError), transaction.atomic():
        RuleSet.objects.create(version=9, rules=[], state="active", activated_at=NOON)
