"""Tag rules: what they decide, dry run, changed persons only, a person's removal, deleted tags."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from customers.relations.models import FollowRelation
from customers.relations.services import tags_written
from customers.segments import rules, running
from customers.segments.deciding import Manner, Write, decide
from customers.segments.models import FactChange, RuleMark, TagRule
from customers.segments.senders import MARK_SENDER
from customers.tags.local import local_mark, local_unmark
from customers.tags.models import LocalTag, LocalTagMark
from scrm.core.alerts.models import Alert
from scrm.core.audit.models import AuditEntry
from scrm.core.exceptions import Conflict, ValidationFailed
from scrm.core.jobs.models import JobRun
from scrm.core.outbox.models import OutboxMessage
from tests.factories.accounts import UserFactory
from tests.factories.customers import (
    ContactFactory,
    OrderFactory,
    RelationFactory,
    TagFactory,
)
from tests.factories.segments import active_rule, buyer, every, leaf, person_of

pytestmark = pytest.mark.django_db
PLAIN = Manner(takes_off=False, puts_back=False)
S = RuleMark.State


@pytest.mark.parametrize(
    ("state", "carries", "wanted", "manner", "expected"),
    [
        (None, False, True, PLAIN, (S.ASKED, Write.ADD)),
        (None, True, True, PLAIN, (S.FOUND, Write.NOTHING)),
        (None, True, False, PLAIN, (None, Write.NOTHING)),
        (S.ASKED, False, True, PLAIN, (S.ASKED, Write.NOTHING)),
        (S.ASKED, True, True, PLAIN, (S.PUT, Write.NOTHING)),
        (S.PUT, False, True, PLAIN, (S.LEFT, Write.NOTHING)),
        (S.FOUND, False, True, PLAIN, (S.LEFT, Write.NOTHING)),
        (S.LEFT, False, True, PLAIN, (S.LEFT, Write.NOTHING)),
        (S.LEFT, True, True, PLAIN, (S.FOUND, Write.NOTHING)),
        (S.LEFT, False, True, Manner(False, True), (S.ASKED, Write.ADD)),
        (S.PUT, True, False, PLAIN, (S.PUT, Write.NOTHING)),
        (S.PUT, True, False, Manner(True, False), (S.LEAVING, Write.REMOVE)),
        (S.FOUND, True, False, Manner(True, False), (S.FOUND, Write.NOTHING)),
        (S.PUT, False, False, Manner(True, False), (S.LEFT, Write.NOTHING)),
        (S.LEAVING, True, False, Manner(True, False), (S.LEAVING, Write.NOTHING)),
        (S.LEAVING, False, False, Manner(True, False), (S.OFF, Write.NOTHING)),
        (S.LEAVING, False, True, PLAIN, (S.ASKED, Write.ADD)),
        (S.OFF, False, True, PLAIN, (S.ASKED, Write.ADD)),
        (S.OFF, True, True, PLAIN, (S.FOUND, Write.NOTHING)),
        (S.REFUSED, False, True, PLAIN, (S.REFUSED, Write.NOTHING)),
    ],
)
def test_what_a_rule_decides(
    state: Any, carries: bool, wanted: bool, manner: Manner, expected: Any
) -> None:
    assert decide(state, carries=carries, wanted=wanted, manner=manner) == expected


def answered() -> int:
    """Let WeCom take everything that waits in the outbox; return how many that was."""
    waiting = OutboxMessage.objects.filter(kind="tags.mark", status="pending")
    for message in waiting:
        assert MARK_SENDER.settle is not None
        MARK_SENDER.settle(message.payload, {"at": timezone.now().isoformat()})
    return waiting.update(status="sent")


def sent() -> list[tuple[str, list[str], list[str]]]:
    """Return what waits for WeCom: customer, added, removed."""
    waiting = OutboxMessage.objects.filter(kind="tags.mark", status="pending").order_by("pk")
    return [(m.payload["external_userid"], m.payload["add"], m.payload["remove"]) for m in waiting]


@pytest.fixture
def gold() -> Any:
    """A living tag."""
    return TagFactory(tag_id="et_gold", name="Gold")


@pytest.fixture
def spender() -> FollowRelation:
    """The relation of a customer who is a member and bought for 600."""
    member, _order = buyer("600.00")
    relation: FollowRelation = RelationFactory(contact=ContactFactory())
    person_of(member, relation.contact)
    return relation


SPENT = every(leaf("order_sum", "gte", "500"))


def test_a_rule_tags_and_never_puts_back_what_a_person_took_off(
    gold: Any, spender: FollowRelation
) -> None:
    # given
    rule = active_rule(SPENT, "et_gold")
    wm = spender.contact.external_userid
    persons = list(person_ids())

    # when
    counts = running.persons_evaluate(persons)

    # then WeCom is asked once, whatever is run again meanwhile
    assert (counts.added, counts.removed) == (1, 0)
    assert sent() == [(wm, ["et_gold"], [])]
    running.persons_evaluate(persons)
    assert len(sent()) == 1

    # when WeCom has taken it, and a guide takes it off in her client
    assert answered() == 1
    spender.refresh_from_db()
    assert spender.tag_ids == ["et_gold"]
    assert RuleMark.objects.get(rule=rule).state == S.PUT
    tags_written(spender.member.userid, wm, [], ["et_gold"], timezone.now())
    running.persons_evaluate(persons)

    # then it stays off, also in the night
    assert RuleMark.objects.get(rule=rule).state == S.LEFT
    running.persons_evaluate(persons)
    assert sent() == []


def person_ids() -> Any:
    """Return all persons."""
    from customers.oneid.models import Person

    return Person.objects.values_list("pk", flat=True)


def test_only_its_own_tags_are_taken_off(gold: Any, spender: FollowRelation) -> None:
    # given a customer whom the rule tagged and one whom a guide tagged before
    by_hand = RelationFactory(tag_ids=["et_gold"])
    member, order = buyer("900.00")
    person_of(member, by_hand.contact)
    active_rule(SPENT, "et_gold", takes_off=True)
    running.persons_evaluate(list(person_ids()))
    answered()

    # when both give everything back
    for each in (order, spender_order(spender)):
        each.refunded, each.status = each.amount, "refunded"
        each.save()
    running.persons_evaluate(list(person_ids()))

    # then
    assert sent() == [(spender.contact.external_userid, [], ["et_gold"])]
    answered()
    spender.refresh_from_db()
    by_hand.refresh_from_db()
    assert (spender.tag_ids, by_hand.tag_ids) == ([], ["et_gold"])
    assert set(RuleMark.objects.values_list("state", flat=True)) == {S.OFF, S.FOUND}


def spender_order(relation: FollowRelation) -> Any:
    """Return the order of the customer of a relation."""
    from customers.crm.models import Order
    from customers.oneid.models import PersonLink

    person = PersonLink.objects.get(record_id=relation.contact_id).person_id
    records = PersonLink.objects.filter(person_id=person).values("record_id")
    return Order.objects.get(member_id__in=records)


def test_two_rules_for_one_tag_do_not_fight(gold: Any, spender: FollowRelation) -> None:
    # given two rules that want it, the first of which takes off
    active_rule(SPENT, "et_gold", takes_off=True)
    active_rule(every(leaf("friend", "is", True)), "et_gold")
    running.persons_evaluate(list(person_ids()))
    answered()

    # when the first no longer holds
    order = spender_order(spender)
    order.refunded, order.status = order.amount, "refunded"
    order.save()
    running.persons_evaluate(list(person_ids()))

    # then the tag stays, because the second still wants it
    assert sent() == []


def test_only_persons_with_changed_facts_are_looked_at(gold: Any, spender: FollowRelation) -> None:
    # given no rule is on: nothing is noted
    assert FactChange.objects.count() == 0
    active_rule(SPENT, "et_gold")
    other = RelationFactory()
    person_of(other.contact)
    assert running.changes_drain() is not None
    FactChange.objects.all().delete()

    # when one buys
    order = spender_order(spender)
    OrderFactory(member=order.member, member_no=order.member_no)
    counts = running.changes_drain()

    # then only that person was looked at, and nothing waits any more
    assert counts is not None
    assert counts.persons == 1
    assert sent() == [(spender.contact.external_userid, ["et_gold"], [])]
    assert running.changes_drain() is None


@pytest.mark.parametrize(
    "change",
    [
        lambda r: FollowRelation.objects.filter(pk=r.pk).update(tag_ids=["x"]),
        lambda r: FollowRelation.objects.filter(pk=r.pk).update(
            status="lost", lost_at=timezone.now()
        ),
        lambda r: spender_order(r).member.__class__.objects.update(level="gold"),
        lambda r: spender_order(r).__class__.objects.update(refunded=5),
        lambda r: local_mark(LocalTag.objects.create(name="x"), [r.contact_id], actor=None),
    ],
)
def test_the_database_notes_every_change(gold: Any, spender: FollowRelation, change: Any) -> None:
    active_rule(SPENT, "et_gold")

    change(spender)

    from customers.oneid.models import PersonLink

    records = FactChange.objects.values_list("record_id", flat=True)
    persons = set(
        PersonLink.objects.filter(record_id__in=records).values_list("person_id", flat=True)
    )
    assert persons == set(person_ids())


def test_what_is_no_fact_is_not_noted(gold: Any, spender: FollowRelation) -> None:
    active_rule(SPENT, "et_gold")

    FollowRelation.objects.update(observed_at=timezone.now())

    assert FactChange.objects.count() == 0


def test_a_rule_whose_tag_was_deleted_stops_with_words(gold: Any, spender: FollowRelation) -> None:
    rule = active_rule(SPENT, "et_gold")
    type(gold).objects.update(deleted_at=timezone.now())

    running.persons_evaluate(list(person_ids()))

    rule.refresh_from_db()
    assert rule.state == TagRule.State.STOPPED
    assert "Gold" in rule.problem
    assert sent() == []
    assert Alert.objects.filter(kind="tag_rule.halted").count() == 1
    assert AuditEntry.objects.filter(action="tag_rule.halt").count() == 1


def test_local_tags_stand_on_the_records_and_stay_off_when_a_person_takes_them_off(
    spender: FollowRelation,
) -> None:
    tag = LocalTag.objects.create(name="regular")
    rule = active_rule(SPENT, local_tag_ids=[tag.pk], takes_off=True)

    assert running.persons_evaluate(list(person_ids())).local == 2
    local_unmark(tag, [spender.contact_id], actor=None)
    assert running.persons_evaluate(list(person_ids())).local == 0

    living = LocalTagMark.objects.filter(tag=tag, removed_at=None)
    assert living.count() == 1
    # and what it put itself it takes off
    TagRule.objects.filter(pk=rule.pk).update(condition=every(leaf("order_sum", "gte", "9000")))
    assert running.persons_evaluate(list(person_ids())).local == 1
    assert living.count() == 0


# --- made, tried, switched on ---------------------------------------------------------------------------------


def wish(**changes: Any) -> rules.RuleWish:
    """Return a rule as the form sends it."""
    values: dict[str, Any] = {
        "name": "Gold", "condition": SPENT, "tag_ids": ["et_gold"], "local_tag_ids": [],
    }  # fmt: skip
    return rules.RuleWish(**{**values, **changes})


def test_a_dry_run_counts_exactly_and_changes_nothing(gold: Any, spender: FollowRelation) -> None:
    # given one more relation of the same customer, and another customer who carries the tag
    RelationFactory(contact=spender.contact)
    carrier = RelationFactory(tag_ids=["et_gold"])
    person_of(buyer("700.00")[0], carrier.contact)
    actor = UserFactory()
    rule = rules.rule_save(None, wish(), actor=actor)

    # when
    rules.rule_try(rule, actor=actor)

    # then
    assert {k: rule.dry_run[k] for k in ("persons", "relations", "added", "leaving")} == {
        "persons": 2, "relations": 3, "added": 2, "leaving": 0,
    }  # fmt: skip
    assert rule.dry_run["tags"]["et_gold"] == {"added": 2, "carried": 1, "left": 0}
    assert len(rule.dry_run["sample"]) == 2
    assert not RuleMark.objects.exists()
    assert sent() == []

    # and what it said is what happens
    TagRule.objects.update(state="active")
    assert running.persons_evaluate(list(person_ids())).added == 2


def test_a_rule_is_switched_on_only_after_its_own_dry_run(
    gold: Any, spender: FollowRelation, django_capture_on_commit_callbacks: Any
) -> None:
    actor = UserFactory()
    rule = rules.rule_save(None, wish(), actor=actor)
    with pytest.raises(Conflict):
        rules.rule_activate(rule, actor=actor)
    rules.rule_try(rule, actor=actor)
    TagRule.objects.update(dry_run_at=timezone.now() - timedelta(days=2))
    with pytest.raises(Conflict):
        rules.rule_activate(rule, actor=actor)
    rules.rule_try(rule, actor=actor)

    job = rules.rule_activate(rule, actor=actor)
    running.run_check(job.pk)

    assert sent() == [(spender.contact.external_userid, ["et_gold"], [])]
    assert JobRun.objects.get(pk=job.pk).state == "done"
    # and a change switches it off until it is tried again
    rules.rule_save(rule, wish(name="Gold again"), actor=actor)
    rule.refresh_from_db()
    assert (rule.state, rule.version, rule.dry_run_at) == (TagRule.State.STOPPED, 2, None)
    with pytest.raises(Conflict):
        rules.rule_activate(rule, actor=actor)
    actions = AuditEntry.objects.order_by("pk").values_list("action", flat=True)
    assert [a for a in actions if a.startswith("tag_rule")] == [
        "tag_rule.create", "tag_rule.try", "tag_rule.try", "tag_rule.activate", "tag_rule.update",
    ]  # fmt: skip


def test_what_a_deleted_rule_put_stays(gold: Any, spender: FollowRelation) -> None:
    # given a rule that put a tag in WeCom and one here, another on its way, and was switched off
    local = LocalTag.objects.create(name="regular")
    rule = active_rule(SPENT, "et_gold", local_tag_ids=[local.pk], takes_off=True)
    running.persons_evaluate(list(person_ids()))
    TagRule.objects.update(state="stopped")

    # when it is deleted before WeCom answers
    rules.rule_delete(rule, actor=UserFactory())
    answered()

    # then its tags are there, and nothing takes them off
    spender.refresh_from_db()
    assert spender.tag_ids == ["et_gold"]
    assert LocalTagMark.objects.filter(tag=local, removed_at=None).exists()
    assert not RuleMark.objects.exists()
    assert running.persons_evaluate(list(person_ids())).removed == 0


def test_a_rule_without_tags_or_with_deleted_ones_is_refused(gold: Any) -> None:
    for bad in ({"tag_ids": []}, {"tag_ids": ["et_gone"]}, {"local_tag_ids": [99]}, {"name": " "}):
        with pytest.raises(ValidationFailed):
            rules.rule_save(None, wish(**bad), actor=UserFactory())
    assert not TagRule.objects.exists()


def test_a_refusal_of_wecom_is_shown_and_not_waited_for(gold: Any, spender: FollowRelation) -> None:
    rule = active_rule(SPENT, "et_gold")
    running.persons_evaluate(list(person_ids()))
    OutboxMessage.objects.update(status="failed", error="84061")
    RuleMark.objects.update(at=timezone.now() - timedelta(hours=2))

    assert running.refusals_note() == 1

    assert RuleMark.objects.get(rule=rule).state == S.REFUSED
    running.persons_evaluate(list(person_ids()))
    assert sent() == []
