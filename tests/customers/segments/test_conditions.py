"""The language of conditions: what it refuses, and whom it finds."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone, translation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from customers.crm.fact_models import Asset, MemberTags
from customers.oneid.models import Person
from customers.profile.models import DoNotContact
from customers.relations.opened_models import OpenedChat
from customers.segments.compiling import contacts_meeting, persons_meeting
from customers.segments.conditions import condition_json, condition_read, condition_words
from customers.segments.models import AudienceEntry, Segment
from customers.tags.models import LocalTag, LocalTagMark
from customers.timeline.models import TimelineEntry
from scrm.core.exceptions import ValidationFailed
from scrm.core.scope import SYSTEM_SCOPE, scope_of
from tests.cast import Company
from tests.factories.customers import (
    ContactFactory,
    CrmMemberFactory,
    GoodsFactory,
    OrderFactory,
    RelationFactory,
)
from tests.factories.segments import buyer, every, leaf, none, person_of, some

pytestmark = pytest.mark.django_db


def found(condition: dict[str, Any], scope: Any = SYSTEM_SCOPE) -> set[Any]:
    """Return the ids of the persons a condition finds."""
    return set(
        persons_meeting(condition_read(condition, scope), scope).values_list("pk", flat=True)
    )


def ago(days: float) -> Any:
    """Return a moment so many days ago."""
    return timezone.now() - timedelta(days=days)


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ({}, "condition_unreadable"),
        ({"join": "some", "items": []}, "condition_unreadable"),
        (every(), "condition_empty"),
        (every(every(), none()), "condition_empty"),
        (every({"fact": "add_way"}), "condition_unreadable"),
        (every(leaf("phone", "in", ["1"])), "condition_fact"),
        (every(leaf("points", "in", ["1"])), "condition_value"),
        (every(leaf("points", "gte", "NaN")), "condition_value"),
        (every(leaf("points", "gte", "-1")), "condition_value"),
        (every(leaf("points", "gte", "1", days=30)), "condition_value"),
        (every(leaf("order_count", "gte", "1", days=0)), "condition_value"),
        (every(leaf("added", "between", ["2026-02-01", "2026-01-01"])), "condition_value"),
        (every(leaf("added", "between", ["2026-01-01", "9999-12-31"])), "condition_value"),
        (every(leaf("added", "between", ["0001-01-01", "2026-01-01"])), "condition_value"),
        (every(leaf("points", "gte", "1e-999999999")), "condition_value"),
        (every(leaf("add_way", "in", ["²"])), "condition_value"),
        (every(leaf("gender", "in", ["9" * 30])), "condition_value"),
        (every(leaf("local_tag", "in", ["-1"])), "condition_value"),
        (every(leaf("audience", "in", ["me"])), "condition_value"),
        (every(leaf("crm_tag", "in", ["\x00", "\ud800"])), "condition_value"),
        (every(leaf("added", "within", "a")), "condition_value"),
        (every(leaf("tag", "in", [" "])), "condition_value"),
        (every(leaf("tag", "in", "et1")), "condition_value"),
        (every(leaf("friend", "is", "yes")), "condition_value"),
        (every(every(every(every(leaf("friend", "is", True))))), "condition_deep"),
        (every(*[leaf("friend", "is", True)] * 31), "condition_long"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(raw: Any, code: str) -> None:
    with pytest.raises(ValidationFailed) as refused:
        condition_read(raw, SYSTEM_SCOPE)

    assert refused.value.code == code
    assert refused.value.message


def test_a_condition_reads_back_as_it_was_written() -> None:
    raw = every(
        leaf("added", "between", ["2026-01-01", "2026-02-01"]),
        some(leaf("points", "gte", "10.5"), leaf("friend", "is", True)),
        none(leaf("order_count", "lte", "3", days=90)),
    )

    assert condition_json(condition_read(raw, SYSTEM_SCOPE)) == raw


def test_questions_about_the_relation_are_about_one_relation(company: Company) -> None:
    # given one customer scanned at store A and was assigned at B, another scanned at B
    both, other = ContactFactory(), ContactFactory()
    first, second = person_of(both), person_of(other)
    at_a = {"member__org_path": company.store_a.path}
    at_b = {"member__org_path": company.store_b.path}
    RelationFactory(contact=both, add_way=1, **at_a)
    RelationFactory(contact=both, add_way=202, **at_b)
    RelationFactory(contact=other, add_way=1, **at_b)
    scanned, in_b = leaf("add_way", "in", ["1"]), leaf("unit", "in", ["S2"])

    assert found(every(scanned, in_b)) == {second.pk}
    assert found(every(every(scanned), every(in_b))) == {first.pk, second.pk}
    assert found(every(leaf("unit", "in", ["B1"]))) == {first.pk, second.pk}
    assert found(none(leaf("unit", "in", ["S1"]))) == {second.pk}


def test_relation_facts() -> None:
    contact, silent, gone = ContactFactory(), ContactFactory(), ContactFactory()
    person, quiet, lost = person_of(contact), person_of(silent), person_of(gone)
    relation = RelationFactory(
        contact=contact, member__userid="li", tag_ids=["et1"], created_time=ago(3)
    )
    RelationFactory(contact=silent, created_time=ago(40))
    RelationFactory(
        contact=gone, status="lost", lost_at=ago(1), created_time=ago(3), tag_ids=["et1"]
    )
    OpenedChat.objects.create(relation=relation, state="opened", source="guide", at=ago(2))

    assert found(every(leaf("tag", "in", ["et1", "et2"]))) == {person.pk}
    assert found(every(leaf("guide", "in", ["li"]))) == {person.pk}
    assert found(every(leaf("added", "within", 7))) == {person.pk}
    assert found(every(leaf("added", "older", 7))) == {quiet.pk}
    assert found(every(leaf("opened", "is", True))) == {person.pk}
    assert found(every(leaf("opened", "is", False))) == {quiet.pk, lost.pk}
    assert found(every(leaf("friend", "is", False))) == {lost.pk}


def test_an_opened_chat_from_before_the_newest_add_says_nothing() -> None:
    relation = RelationFactory(created_time=ago(3))
    person = person_of(relation.contact)
    OpenedChat.objects.create(relation=relation, state="opened", source="guide", at=ago(5))

    assert found(every(leaf("opened", "is", True))) == set()
    assert found(every(leaf("opened", "is", False))) == {person.pk}


def test_orders_of_all_records_of_a_person_count_together_and_once() -> None:
    # given a person whose member bought once, and whose WeChat bought once without a member number
    member, _order = buyer("60.00", paid_at=ago(10))
    contact = ContactFactory(unionid="u1")
    person = person_of(member, contact)
    OrderFactory(
        unionid="u1",
        external_userid=contact.external_userid,
        amount=Decimal("50.00"),
        paid_at=ago(100),
    )
    # and somebody who gave everything back
    returned, _given_back = buyer("500.00", refunded=Decimal("500.00"), status="refunded")
    nothing = person_of(returned)

    assert found(every(leaf("order_count", "gte", 2))) == {person.pk}
    assert found(every(leaf("order_sum", "gte", "110"))) == {person.pk}
    assert found(every(leaf("order_sum", "gte", "110.01"))) == set()
    assert found(every(leaf("order_count", "gte", 2, days=30))) == set()
    assert found(every(leaf("order_count", "lte", 0))) == {nothing.pk}
    assert found(every(leaf("order_count", "gte", 0))) == {person.pk, nothing.pk}
    assert found(every(leaf("last_bought", "within", 30))) == {person.pk}
    assert found(every(leaf("last_bought", "older", 30))) == set()
    assert found(every(leaf("last_bought", "older", 5))) == {person.pk}


def test_what_was_bought_and_where(company: Company) -> None:
    GoodsFactory(sku="C-1", model="C", category="coats")
    member, order = buyer(store_code="S1", channel="mall")
    order.lines.create(position=1, sku="C-1", amount=Decimal("100.00"))
    person = person_of(member)
    person_of(buyer(store_code="S3")[0])

    for question in (
        leaf("bought_goods", "in", ["C-1"]),
        leaf("bought_goods", "in", ["C"]),
        leaf("bought_category", "in", ["coats"]),
        leaf("bought_channel", "in", ["mall"]),
        leaf("bought_unit", "in", ["B1"]),
    ):
        assert found(every(question)) == {person.pk}


def test_membership_and_assets(company: Company) -> None:
    member = CrmMemberFactory(level="gold", store_code="S1", joined_on=timezone.localdate())
    rich = person_of(member)
    poor = person_of(CrmMemberFactory(state="closed"))
    stranger = person_of(ContactFactory())
    now = timezone.now()
    for kind, code, amount in (("points", "", 300), ("coupon", "c1", 0), ("balance", "", 20)):
        Asset.objects.create(
            member=member,
            member_no=member.member_no,
            kind=kind,
            code=code,
            amount=amount,
            updated_at=now,
        )
    MemberTags.objects.create(
        member=member, member_no=member.member_no, tags=["VIP"], observed_at=now
    )

    assert found(every(leaf("level", "in", ["gold"]))) == {rich.pk}
    assert found(every(leaf("member_unit", "in", ["B1"]))) == {rich.pk}
    assert found(every(leaf("joined", "within", 1))) == {rich.pk}
    assert found(every(leaf("crm_tag", "in", ["VIP"]))) == {rich.pk}
    assert found(every(leaf("points", "gte", 300))) == {rich.pk}
    assert found(every(leaf("points", "lte", 299))) == {poor.pk, stranger.pk}
    assert found(every(leaf("coupons", "gte", 1))) == {rich.pk}
    assert found(every(leaf("balance", "gte", "20.01"))) == set()
    assert found(every(leaf("member_state", "in", ["closed", "none"]))) == {poor.pk, stranger.pk}


def test_facts_of_our_own() -> None:
    contact = ContactFactory(gender=2)
    person, other = person_of(contact), person_of(ContactFactory())
    tag = LocalTag.objects.create(name="regular")
    LocalTagMark.objects.create(tag=tag, record_id=contact.pk)
    DoNotContact.objects.create(contact=contact)
    audience = Segment.objects.create(name="sent in", kind="audience")
    AudienceEntry.objects.create(segment=audience, record_kind="contact", record_id=contact.pk)
    for days in (1, 50):
        TimelineEntry.objects.create(
            record_kind="contact", record_id=contact.pk, kind="material.viewed", occurred_at=ago(days),
            title_code="material.viewed", data={"title": "coats", "category": "winter"}, key=f"v{days}",
        )  # fmt: skip

    for question in (
        leaf("gender", "in", ["2"]),
        leaf("local_tag", "in", [str(tag.pk)]),
        leaf("do_not_contact", "is", True),
        leaf("audience", "in", [str(audience.pk)]),
        leaf("views", "gte", 2),
        leaf("views", "gte", 1, days=30),
        leaf("viewed", "in", ["coats"]),
        leaf("viewed", "in", ["winter"], days=30),
    ):
        assert found(every(question)) == {person.pk}, question
        assert found(none(question)) == {other.pk}, question
    assert found(every(leaf("views", "gte", 2, days=30))) == set()
    Segment.objects.filter(pk=audience.pk).update(expires_at=ago(1))
    assert found(every(leaf("audience", "in", [str(audience.pk)]))) == set()


def test_a_scope_finds_by_what_it_sees_only(
    company: Company, outsider: Any, branch_ops: Any
) -> None:
    # given a customer of both branches, tagged in the southern one
    contact = ContactFactory()
    person = person_of(contact)
    RelationFactory(contact=contact, member__org_path=company.store_a.path, tag_ids=["et1"])
    RelationFactory(contact=contact, member__org_path=company.store_south.path, tag_ids=["et2"])
    only_east = ContactFactory()
    person_of(only_east)
    RelationFactory(contact=only_east, member__org_path=company.store_a.path, tag_ids=["et1"])
    south, east = scope_of(outsider), scope_of(branch_ops)

    # then the south learns nothing of the east's tags or customers, not by "none" either
    assert found(every(leaf("tag", "in", ["et1"])), south) == set()
    assert found(none(leaf("tag", "in", ["et9"])), south) == {person.pk}
    assert found(every(leaf("tag", "in", ["et2"])), south) == {person.pk}
    assert found(every(leaf("tag", "in", ["et2"])), east) == set()
    tree = condition_read(none(leaf("tag", "in", ["et9"])), south)
    assert list(contacts_meeting(tree, south)) == [contact]


LEAVES = st.sampled_from(
    [
        leaf("tag", "in", ["a"]),
        leaf("tag", "in", ["b"]),
        leaf("friend", "is", True),
        leaf("order_count", "gte", 1),
        leaf("points", "lte", 5),
        leaf("member_state", "in", ["active"]),
    ]
)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.builds(
        lambda join, items: {"join": join, "items": items},
        st.sampled_from(["any", "none"]),
        st.lists(inner, min_size=1, max_size=3),
    ),
    max_leaves=6,
)


@pytest.fixture
def crowd(db: Any) -> list[Any]:
    """Persons of every mixture of a few facts."""
    people = []
    for number in range(16):
        contact, member = ContactFactory(), CrmMemberFactory()
        tags = [tag for bit, tag in ((1, "a"), (2, "b")) if number & bit]
        if number & 4:
            RelationFactory(contact=contact, tag_ids=tags)
        if number & 8:
            OrderFactory(member=member, member_no=member.member_no)
        people.append(person_of(contact, member))
    return people


def judged(tree: Any, number: int) -> bool:
    """Judge a tree for the person of a number by plain logic."""
    if "join" in tree:
        answers = [judged(each, number) for each in tree["items"]]
        return any(answers) if tree["join"] == "any" else not any(answers)
    truths = {
        "friend": bool(number & 4),
        "order_count": bool(number & 8),
        "points": True,
        "member_state": True,
    }
    if tree["fact"] == "tag":
        return bool(number & 4) and bool(number & (1 if tree["value"] == ["a"] else 2))
    return truths[tree["fact"]]


@given(tree=TREES)
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_the_sql_agrees_with_plain_logic(crowd: list[Person], tree: Any) -> None:
    # given any tree within the limits of depth
    try:
        condition = condition_read(some(tree), SYSTEM_SCOPE)
    except ValidationFailed:
        return

    # then all at once, and some few only, are judged as by hand
    expected = {person.pk for number, person in enumerate(crowd) if judged(tree, number)}
    assert set(persons_meeting(condition).values_list("pk", flat=True)) == expected
    few = [person.pk for person in crowd[:5]]
    narrowed = persons_meeting(condition, SYSTEM_SCOPE, few).values_list("pk", flat=True)
    assert set(narrowed) == expected & set(few)


def test_what_no_column_can_hold_is_left_out_of_words() -> None:
    tree = condition_read(every(leaf("crm_tag", "in", ["wo\x00ol\ud800"])), SYSTEM_SCOPE)

    assert found(condition_json(tree)) == set()
    assert [each.value for each in tree.leaves()] == [("wool",)]


@translation.override("en")
def test_yes_and_no_read_as_sentences() -> None:
    tree = condition_read(
        some(leaf("friend", "is", True), leaf("friend", "is", False), leaf("opened", "is", False)),
        SYSTEM_SCOPE,
    )

    assert [line.text for line in condition_words(tree, SYSTEM_SCOPE)] == [
        "at least one of these",
        "Is a friend of a guide",
        "Is no guide’s friend",
        "Has not written to the guide yet",
    ]
