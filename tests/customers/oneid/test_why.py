"""Why records are one person: which say the same, since when and on whose word, masked and in scope."""

from datetime import UTC, datetime

import pytest
from django.utils import translation

from contacts.directory.models import Member
from customers.oneid import services
from customers.oneid.evidence import why
from customers.oneid.models import Person, PersonLink
from customers.oneid.selectors import cards
from customers.relations.models import ExternalContact
from scrm.accounts.models import User
from scrm.core.crypto import blind_index
from scrm.core.scope import SYSTEM_SCOPE, scope_of
from tests.factories.accounts import UserFactory
from tests.factories.customers import ContactFactory, CrmMemberFactory, RelationFactory
from tests.factories.oneid import drain

pytestmark = pytest.mark.django_db
PHONE = "+8613800138000"


def test_every_shared_key_is_told_with_source_and_date_and_masked() -> None:
    # given
    contact = ContactFactory(
        unionid="oABCDEFGHIJ", phone=PHONE, phone_index=blind_index("phone", PHONE)
    )
    CrmMemberFactory(unionid="oABCDEFGHIJ", phone=PHONE, phone_verified=True)
    drain()

    # when
    with translation.override("en"):
        told = why(PersonLink.objects.get(record_id=contact.pk).person, SYSTEM_SCOPE)

    # then
    assert [(each.label, each.value, len(each.claims)) for each in told.reasons] == [
        ("unionid", "oABC…GHIJ", 2),
        ("verified phone", "138****8000", 2),
    ]
    assert {claim.source for claim in told.reasons[0].claims} == {"WeCom", "member system"}
    assert all(claim.since is not None for each in told.reasons for claim in each.claims)
    assert (told.hidden, told.alone) == (0, False)


def test_since_when_a_record_is_known_is_the_day_by_our_clock() -> None:
    # given a customer of half past midnight in Shanghai, which is still yesterday in UTC
    contact = ContactFactory()
    ExternalContact.objects.update(created_at=datetime(2026, 11, 21, 16, 30, tzinfo=UTC))

    # then
    assert cards(SYSTEM_SCOPE, [contact.pk])[contact.pk].since == "2026-11-22"


def test_a_humans_word_is_told_with_who_and_why() -> None:
    one, two = ContactFactory(), ContactFactory()
    drain()
    left, right = Person.objects.order_by("pk")
    actor = UserFactory()

    services.persons_merge(left, right, actor=actor, reason="same face")

    (reason,) = why(PersonLink.objects.get(record_id=one.pk).person, SYSTEM_SCOPE).reasons
    assert (reason.by, reason.reason) == (str(actor), "same face")
    assert {claim.card.id for claim in reason.claims} == {one.pk, two.pk}


def test_records_outside_the_scope_are_counted_only(branch_ops: User, guide_li: Member) -> None:
    contact = ContactFactory(unionid="ou1")
    RelationFactory(member=guide_li, contact=contact)
    CrmMemberFactory(unionid="ou1", store_code="S3")
    drain()
    person = PersonLink.objects.get(record_id=contact.pk).person

    told = why(person, scope_of(branch_ops))

    assert (told.reasons, told.hidden, told.alone) == ((), 1, False)


def test_a_shared_phone_is_no_reason() -> None:
    index = blind_index("phone", PHONE)
    rows = [ContactFactory(unionid="ou1", phone_index=index) for _number in range(6)]
    drain()

    told = why(PersonLink.objects.get(record_id=rows[0].pk).person, SYSTEM_SCOPE)

    assert [each.label for each in told.reasons] == ["unionid"]
