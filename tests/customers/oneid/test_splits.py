"""Records are taken off a person: exactly those, for good, and everybody else stays as they were."""

from typing import Any
from uuid import UUID

import pytest

from customers.oneid import services
from customers.oneid.models import Conflict, Decision, Person
from scrm.core.crypto import blind_index
from scrm.core.exceptions import Conflict as ConflictError
from scrm.core.exceptions import ValidationFailed
from tests.factories.accounts import UserFactory
from tests.factories.customers import ContactFactory, CrmMemberFactory
from tests.factories.oneid import drain, persons

pytestmark = pytest.mark.django_db
PHONE = "+8613800138000"


def test_a_person_is_split_exactly_and_for_good() -> None:
    # given
    actor = UserFactory()
    contacts = [ContactFactory(unionid="ou1") for _number in range(3)]
    drain()
    person = Person.objects.get()

    # when
    services.person_split(person, [contacts[2].pk], actor=actor, reason="his wife's phone")

    # then
    assert persons() == {frozenset({contacts[0].pk, contacts[1].pk}), frozenset({contacts[2].pk})}

    # and another look at the records does not undo it
    services.reconcile([("contact", each.pk) for each in contacts])
    assert len(persons()) == 2


def joined_by_people(actor: Any, *acts: list[UUID]) -> Person:
    """Let somebody say, act by act, that the first record and each of the others are one human."""
    for first, *others in acts:
        for other in others:
            services.proposal_decide(first, other, verdict="together", actor=actor, reason="seen")
    return Person.objects.get(links__record_id=acts[0][0])


def test_a_split_keeps_together_what_was_joined_by_way_of_the_other_half() -> None:
    # given a conflict of four, settled as one person: c is tied to each of the others
    actor = UserFactory()
    c, a, b, d = sorted(CrmMemberFactory(phone=PHONE, phone_verified=True).pk for _n in range(4))
    drain()
    services.conflict_decide(
        Conflict.objects.get(), verdict="together", actor=actor, reason="one person"
    )
    act = Decision.objects.latest("pk").act

    # when
    services.person_split(Person.objects.get(links__record_id=c), [a, b], actor=actor, reason="no")

    # then
    assert persons() == {frozenset({a, b}), frozenset({c, d})}

    # and who takes back that they were one takes back all of it
    services.act_retract(act, actor=actor, reason="wrong")
    assert persons() == {frozenset({each}) for each in (a, b, c, d)}


def test_a_split_bridges_chains_of_several_acts() -> None:
    # given a - c - b - d, each tie an act of its own
    actor = UserFactory()
    a, b, c, d = (CrmMemberFactory(state="closed").pk for _number in range(4))
    drain()
    person = joined_by_people(actor, [a, c], [c, b], [b, d])

    # when
    services.person_split(person, [a, b], actor=actor, reason="no")

    # then both halves stay whole, and nothing is decided twice
    assert persons() == {frozenset({a, b}), frozenset({c, d})}
    in_force = Decision.objects.filter(retracted_at=None)
    assert in_force.filter(verdict="together").count() == 2
    assert in_force.filter(verdict="apart").count() == 4


def test_a_split_joins_nobody_whom_only_keys_held_together() -> None:
    # given two members, each tied to the contact by a key of its own
    actor = UserFactory()
    contact = ContactFactory(unionid="ou1", phone=PHONE, phone_index=blind_index("phone", PHONE))
    one = CrmMemberFactory(unionid="ou1", state="closed")
    two = CrmMemberFactory(phone=PHONE, phone_verified=True, state="closed")
    drain()

    # when
    services.person_split(Person.objects.get(), [one.pk, two.pk], actor=actor, reason="no")

    # then
    assert persons() == {frozenset({each.pk}) for each in (contact, one, two)}
    assert not Decision.objects.filter(verdict="together").exists()


def two_merged_persons(actor: Any) -> tuple[Any, Any, Any, Any]:
    """Let somebody merge a member and the contact of the same unionid with another such pair."""
    made = []
    for unionid in ("ou1", "ou2"):
        made += [CrmMemberFactory(unionid=unionid, state="closed"), ContactFactory(unionid=unionid)]
    drain()
    one, two = (Person.objects.get(links__record_id=made[index].pk) for index in (0, 2))
    services.persons_merge(one, two, actor=actor, reason="same face")
    assert persons() == {frozenset(each.pk for each in made)}
    return made[0].pk, made[1].pk, made[2].pk, made[3].pk


@pytest.mark.parametrize("chosen", [(0,), (1,), (2,), (3,), (0, 2), (1, 3), (0, 3)])
def test_a_split_leaves_a_merged_person_in_two_parts_and_no_more(chosen: tuple[int, ...]) -> None:
    # given two persons whom somebody merged, each held together by a key
    actor = UserFactory()
    made = two_merged_persons(actor)
    taken = frozenset(made[index] for index in chosen)

    # when
    services.person_split(Person.objects.get(links__record_id=made[0]), taken, actor=actor, reason="no")  # fmt: skip

    # then those are a person, and the others are one, whoever of them the merge was written on
    assert persons() == {taken, frozenset(made) - taken}

    # and who takes the split back has the merged person again
    act = Decision.objects.filter(verdict="apart").latest("pk").act
    services.act_retract(act, actor=actor, reason="it was she")
    assert persons() == {frozenset(made)}

    # and who then takes back the merge has the two they were
    merge = Decision.objects.filter(verdict="together").earliest("pk").act
    services.act_retract(merge, actor=actor, reason="it was not")
    assert persons() == {frozenset(made[:2]), frozenset(made[2:])}
    assert not Decision.objects.filter(retracted_at=None).exists()


def test_a_word_put_aside_waits_for_whoever_stands_in_its_place() -> None:
    # given three words on one pair: one person, different persons, one person
    actor = UserFactory()
    one, two = ContactFactory().pk, CrmMemberFactory().pk
    drain()
    for verdict in ("together", "apart", "together"):
        services.proposal_decide(one, two, verdict=verdict, actor=actor, reason="seen")
    first, second, third = Decision.objects.order_by("pk").values_list("act", flat=True)

    # when the one in the middle is to be taken back, it is not in force
    with pytest.raises(ConflictError):
        services.act_retract(second, actor=actor, reason="wrong")
    assert Decision.objects.get(act=second).replaced_by == third

    # then each comes back when the one in its place goes
    for act, expected in ((third, 2), (second, 1), (first, 2)):
        services.act_retract(act, actor=actor, reason="wrong")
        assert len(persons()) == expected
    assert not Decision.objects.exclude(replaced_by=None).exists()


def test_what_was_put_aside_by_a_word_that_is_half_in_force_waits_for_the_other_half() -> None:
    # given a and b kept apart, then all of a, b and c said to be one, then b and c kept apart
    actor = UserFactory()
    a, b, c = (CrmMemberFactory(state="closed").pk for _number in range(3))
    drain()
    services.proposal_decide(a, b, verdict="apart", actor=actor, reason="seen")
    services.proposal_decide(a, b, verdict="together", actor=actor, reason="seen")
    middle = Decision.objects.latest("pk")
    Decision.objects.create(
        act=middle.act, verdict="together", left_id=b, right_id=c, reason="seen", decided_by=actor
    )
    services.proposal_decide(a, b, verdict="apart", actor=actor, reason="no")
    last = Decision.objects.latest("pk").act

    # when the middle word, half of it in force, is taken back
    services.act_retract(middle.act, actor=actor, reason="wrong")

    # then the last word still stands on a and b, and the first waits for it
    in_force = Decision.objects.filter(retracted_at=None)
    assert [(row.act, row.verdict) for row in in_force] == [(last, "apart")]
    services.act_retract(last, actor=actor, reason="wrong")
    assert [(row.left_id, row.right_id, row.verdict, row.reason) for row in in_force.all()] == [
        (a, b, "apart", "seen")
    ]


def test_a_split_of_everything_or_nothing_is_refused() -> None:
    actor = UserFactory()
    contact = ContactFactory()
    drain()
    person = Person.objects.get()

    for chosen in ([], [contact.pk]):
        with pytest.raises(ValidationFailed):
            services.person_split(person, chosen, actor=actor, reason="why")
    assert Decision.objects.count() == 0
