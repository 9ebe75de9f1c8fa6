"""Records are taken off a person: exactly those, for good, and everybody else stays as they were."""

from typing import Any
from uuid import UUID

import pytest

from customers.oneid import services
from customers.oneid.models import Conflict, Decision, Person
from scrm.core.crypto import blind_index
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


def test_a_split_of_everything_or_nothing_is_refused() -> None:
    actor = UserFactory()
    contact = ContactFactory()
    drain()
    person = Person.objects.get()

    for chosen in ([], [contact.pk]):
        with pytest.raises(ValidationFailed):
            services.person_split(person, chosen, actor=actor, reason="why")
    assert Decision.objects.count() == 0
