"""While the key of the phone indexes is changed nobody is parted from themselves: by event, clock, audit or hand."""

from typing import Any

import pytest
from django.utils.translation import override

from customers.crm.keyed import MEMBER
from customers.crm.models import CrmMember
from customers.oneid import services
from customers.oneid.handlers import PERSON_CHANGED
from customers.oneid.models import Decision, MergeLog, Person, PersonLink
from customers.oneid.selectors import person_found
from customers.oneid.tasks import oneid_audit, oneid_reconcile
from customers.relations.keyed import CONTACT
from customers.relations.models import RecordChange
from scrm.core.crypto import blind_index
from scrm.core.jobs.models import JobRun
from scrm.core.keys.selectors import indexes_moving
from scrm.core.keys.services import rekey_batch
from scrm.core.scope import SYSTEM_SCOPE
from scrm.inbox.handling import Event
from tests.factories.accounts import UserFactory
from tests.factories.customers import ContactFactory, CrmMemberFactory, at

pytestmark = pytest.mark.django_db
PHONE = "+8613800138000"
OTHER_KEY = "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE="


@pytest.fixture
def halfway(settings: Any) -> tuple[Any, Any]:
    """One person, member and customer by a verified phone; only the member's row is under the new key yet."""
    index = blind_index("phone", PHONE)
    contact = ContactFactory(phone=PHONE, phone_index=index)
    member = CrmMemberFactory(phone=PHONE, phone_index=index, phone_verified=True)
    oneid_reconcile()
    assert PersonLink.objects.values("person").distinct().count() == 1
    settings.BLIND_INDEX_KEY = f"{OTHER_KEY},{settings.BLIND_INDEX_KEY}"
    JobRun.objects.create(
        kind="keys.rotate", key="indexes", task="core.keys_rotate", state="running"
    )
    rekey_batch(MEMBER, "", 10)
    # both changed meanwhile
    for kind, row in (("contact", contact), ("member", member)):
        RecordChange.objects.create(record_kind=kind, record_id=row.pk)
    return contact, member


def together() -> bool:
    """Tell whether all records are one person."""
    return PersonLink.objects.values("person").distinct().count() == 1


def finish(state: str = "done") -> None:
    """End the change of key."""
    if state == "done":
        rekey_batch(CONTACT, "", 10)
    JobRun.objects.filter(kind="keys.rotate").update(state=state)


def test_an_event_waits_for_the_clock_and_the_clock_for_the_change(halfway: Any) -> None:
    contact, _member = halfway
    fields = {"UserID": "LiNa", "ExternalUserID": contact.external_userid}
    event = Event(
        1, "scrm", "change_external_contact", "edit_external_contact", at(0), at(0), fields
    )

    # when
    PERSON_CHANGED.apply(event, None)
    oneid_reconcile()

    # then nothing was done and nothing is forgotten
    assert (together(), RecordChange.objects.count()) == (True, 2)

    # and behind the change it is done
    finish()
    oneid_reconcile()
    assert (together(), RecordChange.objects.count()) == (True, 0)
    assert not MergeLog.objects.filter(kind="split").exists()


@pytest.mark.parametrize("state", ["failed", "cancelled"])
def test_a_change_that_broke_off_is_not_over(halfway: Any, state: str, settings: Any) -> None:
    finish(state)
    assert indexes_moving()
    oneid_reconcile()
    assert (together(), RecordChange.objects.count()) == (True, 2)

    # with the former key gone there is nothing between two
    settings.BLIND_INDEX_KEY = OTHER_KEY
    assert not indexes_moving()


def test_the_audit_waits_in_words_and_finds_nothing_afterwards(halfway: Any) -> None:
    # when
    job = services.audit_start(actor=None)
    with override("en"):
        oneid_audit(str(job.pk))

    # then
    job.refresh_from_db()
    assert job.state == "waiting"
    assert job.not_before is not None
    assert "key of the search indexes" in job.waiting_for
    assert together()

    # and behind the change it runs
    finish()
    oneid_audit(str(job.pk))
    job.refresh_from_db()
    assert (job.state, job.result["moved"], together()) == ("done", 0, True)


def test_nobody_decides_meanwhile(halfway: Any) -> None:
    contact, member = halfway
    person = Person.objects.get()
    actor = UserFactory()
    acts = (
        lambda: services.person_split(person, [contact.pk], actor=actor, reason="x"),
        lambda: services.proposal_decide(
            contact.pk, member.pk, verdict=Decision.Verdict.TOGETHER, actor=actor, reason="x"
        ),
        lambda: services.reconcile([("member", member.pk)]),
        lambda: services.put_right([member.pk]),
    )
    for act in acts:
        with pytest.raises(services.IndexesMoving):
            act()

    assert (together(), Decision.objects.count()) == (True, 0)


def test_a_full_phone_finds_the_person_under_either_key(halfway: Any) -> None:
    assert person_found(SYSTEM_SCOPE, "138 0013 8000") == Person.objects.get()
    assert CrmMember.objects.count() == 1


def test_an_event_asks_nothing_more_with_one_key(django_assert_num_queries: Any) -> None:
    contact = ContactFactory()

    with django_assert_num_queries(1):
        services.reconcile_contact(contact.external_userid)
