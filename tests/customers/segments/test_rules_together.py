"""Tag rules beside each other: one that breaks stops alone, none undoes another's work, none runs in circles."""

import re
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from customers.fields.models import FieldDefinition
from customers.fields.services import FieldWish, field_create, field_retire
from customers.oneid.models import PersonLink
from customers.relations.models import FollowRelation
from customers.segments import rules, running
from customers.segments.models import RuleMark, TagRule
from customers.segments.senders import MARK_SENDER
from customers.tags.local import local_mark
from customers.tags.models import LocalTag, LocalTagMark
from scrm.accounts.models import User
from scrm.core.exceptions import ValidationFailed
from scrm.core.outbox.models import OutboxMessage
from tests.cast import PASSWORD
from tests.factories.accounts import UserFactory
from tests.factories.customers import ContactFactory, RelationFactory, TagFactory
from tests.factories.segments import active_rule, buyer, every, leaf, none, person_of

pytestmark = pytest.mark.django_db
SPENT = every(leaf("order_sum", "gte", "500"))


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


def person_ids() -> set[Any]:
    """Return every person there is."""
    return set(PersonLink.objects.values_list("person_id", flat=True))


def answered() -> None:
    """Let WeCom take everything that waits in the outbox."""
    assert MARK_SENDER.settle is not None
    for message in OutboxMessage.objects.filter(kind="tags.mark", status="pending"):
        MARK_SENDER.settle(message.payload, {"at": timezone.now().isoformat()})


def wish(**changes: Any) -> rules.RuleWish:
    """Return a rule as the form sends it."""
    values: dict[str, Any] = {
        "name": "Gold", "condition": SPENT, "tag_ids": ["et_gold"], "local_tag_ids": [],
    }  # fmt: skip
    return rules.RuleWish(**{**values, **changes})


def test_a_rule_on_a_choice_that_is_gone_stops_alone(gold: Any, spender: FollowRelation) -> None:
    # given two rules, one of which asks for a choice headquarters has taken away since
    wish_ = FieldWish("Skin", "serve", "customer", ("hq_ops",), choices=("oily", "dry"))
    field = field_create(
        actor=None, key="skin", type="choice", data_class="behaviour", record="contact", wish=wish_
    )
    oily = every(leaf("field:skin", "in", ["oily"]))
    rules.rule_save(None, wish(condition=oily), actor=UserFactory())
    broken = active_rule(oily, "et_gold", name="skin")
    other = active_rule(SPENT, "et_gold", name="spent")
    FieldDefinition.objects.filter(pk=field.pk).update(choices=["dry", "normal"])

    # when
    counts = running.persons_evaluate(list(person_ids()))

    # then that one is off, in words, and the other did its work
    assert counts.added == 1
    broken.refresh_from_db(), other.refresh_from_db()
    assert (broken.state, other.state) == (TagRule.State.STOPPED, TagRule.State.ACTIVE)
    assert "Skin" in broken.problem
    # and nobody saves such a rule anew
    with pytest.raises(ValidationFailed):
        rules.rule_save(None, wish(name="anew", condition=oily), actor=UserFactory())


def test_a_rule_on_a_field_that_is_off_changes_nobody_and_says_so(
    gold: Any, spender: FollowRelation, client: Client, hq_ops: User
) -> None:
    # given a rule that put its tag, and would take it off, whose field is switched off
    wish_ = FieldWish("Has pets", "serve", "customer", ("hq_ops",))
    field = field_create(
        actor=None, key="pets", type="yes_no", data_class="behaviour", record="contact", wish=wish_
    )
    condition = every(leaf("field:pets", "is", True))
    rule = active_rule(condition, "et_gold", takes_off=True)
    FollowRelation.objects.update(tag_ids=["et_gold"])
    RuleMark.objects.create(rule=rule, relation=spender, tag_id="et_gold", state="put")
    field_retire(field, actor=hq_ops)

    # when its pages are opened before it ever runs
    client.cookies["django_language"] = "en"
    client.login(username="hq", password=PASSWORD)
    pages = [
        client.get(f"/console/segments/rules/{path}").content.decode()
        for path in ("", f"{rule.pk}/", f"{rule.pk}/edit/")
    ]

    # then they say in words what is wrong, and show what was asked
    listed, shown, edited = pages
    assert "Cannot run" in listed
    assert all("The customer field “Has pets” is switched off." in page for page in (listed, shown))
    assert "Has pets: yes (switched off)" in shown
    assert 'value="field:pets" selected>Has pets (switched off)</option>' in edited
    assert all("field:pets" not in page for page in (listed, shown))
    # and nobody saves it as if the question were not there
    row = re.findall(r'name="row" value="([0-9a-f]+)"', edited)[0]
    form = {"name": "rule", "tag_ids": ["et_gold"], "group": "0", "join-0": "all", "row": row,
            f"group-{row}": "0", f"fact-{row}": "field:pets", f"op-{row}": "is", f"value-{row}": "yes"}  # fmt: skip
    refused = client.post(f"/console/segments/rules/{rule.pk}/edit/", form)
    assert refused.status_code == 422
    assert "is switched off" in refused.content.decode()
    rule.refresh_from_db()
    assert (rule.condition, rule.version) == (condition, 1)

    # and when the rules run, it touches nobody's tags and is halted
    counts = running.persons_evaluate(list(person_ids()))
    assert (counts.added, counts.removed, OutboxMessage.objects.count()) == (0, 0, 0)
    rule.refresh_from_db()
    assert (rule.state, "Has pets" in rule.problem) == (TagRule.State.STOPPED, True)


def test_a_rule_that_hangs_on_its_own_tag_is_not_switched_on(
    gold: Any, spender: FollowRelation
) -> None:
    actor = UserFactory()
    lacking = none(leaf("tag", "in", ["et_gold"]))
    own = rules.rule_save(None, wish(condition=lacking, takes_off=True), actor=actor)

    with pytest.raises(ValidationFailed) as refused:
        rules.rule_try(own, actor=actor)

    assert refused.value.code == "rule_circle"
    own.refresh_from_db()
    assert own.dry_run == {}
    # and one that leaves its tags on comes to rest
    still = rules.rule_save(None, wish(name="still", condition=lacking), actor=actor)
    assert rules.rule_try(still, actor=actor).dry_run["added"] == 1


def test_two_rules_that_feed_each_other_are_not_on_together(
    gold: Any, spender: FollowRelation
) -> None:
    # given a rule that is on: who has the local tag gets gold
    actor, tag = UserFactory(), LocalTag.objects.create(name="regular")
    active_rule(every(leaf("local_tag", "in", [str(tag.pk)])), "et_gold", name="first")

    # when another would put the local tag on whoever has no gold
    back = wish(
        name="second", tag_ids=[], local_tag_ids=[tag.pk], takes_off=True,
        condition=none(leaf("tag", "in", ["et_gold"])),
    )  # fmt: skip
    rule = rules.rule_save(None, back, actor=actor)
    with pytest.raises(ValidationFailed) as refused:
        rules.rule_try(rule, actor=actor)

    # then it says with which
    assert "first" in refused.value.message
    TagRule.objects.filter(pk=rule.pk).update(
        dry_run={"version": 1, "persons": 0, "added": 0}, dry_run_at=timezone.now()
    )
    with pytest.raises(ValidationFailed):
        rules.rule_activate(rule, actor=actor)
    rule.refresh_from_db()
    assert rule.state == TagRule.State.DRAFT


def test_a_rule_takes_off_no_local_tag_that_another_put(spender: FollowRelation) -> None:
    # given a tag that one rule put and leaves on, and another rule with the same tag that takes off
    tag = LocalTag.objects.create(name="regular")
    first = active_rule(SPENT, local_tag_ids=[tag.pk])
    running.persons_evaluate(list(person_ids()))
    TagRule.objects.filter(pk=first.pk).update(state="stopped")
    never = every(leaf("order_sum", "gte", "9000"))
    second = active_rule(never, local_tag_ids=[tag.pk], takes_off=True)

    # when
    assert running.persons_evaluate(list(person_ids())).local == 0

    # then the tag stays, and what a person puts too is no rule's any more
    living = LocalTagMark.objects.filter(tag=tag, removed_at=None)
    assert set(living.values_list("rule_id", flat=True)) == {first.pk}
    living.update(rule_id=second.pk)
    local_mark(tag, [spender.contact_id], actor=None)
    assert running.persons_evaluate(list(person_ids())).local == 1
    assert list(living.values_list("record_id", flat=True)) == [spender.contact_id]


def test_a_dry_run_counts_what_would_be_taken_off_here_too(
    gold: Any, spender: FollowRelation
) -> None:
    # given a rule that has put its tags
    actor, tag = UserFactory(), LocalTag.objects.create(name="regular")
    rule = active_rule(SPENT, "et_gold", local_tag_ids=[tag.pk], takes_off=True)
    running.persons_evaluate(list(person_ids()))
    answered()
    records = PersonLink.objects.count()

    # when it would hold for nobody any more
    never = every(leaf("order_sum", "gte", "9000"))
    TagRule.objects.filter(pk=rule.pk).update(condition=never, state="stopped")
    rule.refresh_from_db()
    rules.rule_try(rule, actor=actor)

    # then it says so, exactly
    assert rule.dry_run["leaving"] == 1 + records
    TagRule.objects.filter(pk=rule.pk).update(state="active")
    counts = running.persons_evaluate(list(person_ids()))
    assert (counts.removed, counts.local) == (1, records)


def test_a_dry_run_leaves_out_what_another_rule_keeps(gold: Any, spender: FollowRelation) -> None:
    actor = UserFactory()
    rule = active_rule(SPENT, "et_gold", takes_off=True)
    running.persons_evaluate(list(person_ids()))
    answered()
    active_rule(every(leaf("order_count", "gte", "1")), "et_gold", name="buyers")
    never = every(leaf("order_sum", "gte", "9000"))
    TagRule.objects.filter(pk=rule.pk).update(condition=never, state="stopped")
    rule.refresh_from_db()

    rules.rule_try(rule, actor=actor)

    assert rule.dry_run["leaving"] == 0
