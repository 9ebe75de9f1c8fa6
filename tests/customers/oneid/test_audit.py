"""The audit rebuilds all persons, finds what was written past OneID, and mends exactly that."""

import random
from uuid import UUID

import pytest
from django.test import Client

from customers.crm.models import CrmMember
from customers.oneid import rebuild, services
from customers.oneid.audit import audit, audit_report
from customers.oneid.models import Conflict, MergeLog, PersonLink, RecordKey, SharedKey
from customers.oneid.tasks import oneid_audit, oneid_nightly
from customers.relations.models import ExternalContact, RecordChange
from scrm.accounts.models import User
from scrm.core.alerts.models import Alert
from scrm.core.crypto import blind_index
from scrm.core.ids import uuid7
from scrm.core.jobs.models import JobRun
from tests.cast import PASSWORD
from tests.factories.customers import ContactFactory, CrmMemberFactory
from tests.factories.oneid import drain
from tests.factories.oneid_oracle import expected, stored

pytestmark = pytest.mark.django_db


def world(seed: int) -> list[UUID]:
    """Make 120 records over few keys, settled; return them."""
    chance = random.Random(seed)
    made = []
    for _number in range(60):
        phone = f"+86138001380{chance.randrange(40):02d}"
        unionid = f"ou{chance.randrange(50)}" if chance.random() < 0.6 else ""
        has_phone = chance.random() < 0.3
        made.append(
            ContactFactory(
                unionid=unionid, phone_index=blind_index("phone", phone) if has_phone else None
            ).pk
        )
        made.append(
            CrmMemberFactory(
                unionid=f"ou{chance.randrange(50)}" if chance.random() < 0.5 else "",
                phone=phone,
                phone_verified=chance.random() < 0.7,
                state=chance.choice(["active", "closed"]),
            ).pk
        )
    drain()
    return made


@pytest.mark.parametrize("seed", range(3))
def test_what_is_right_is_left_alone(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rebuild, "SLICE", 40)
    world(seed)
    links = set(PersonLink.objects.values_list("pk", "person_id", "linked_at"))

    done = audit()

    assert (done.differences, done.suspects, done.records) == (0, 0, 120)
    assert stored() == expected()
    assert done.persons == len(stored())
    assert set(PersonLink.objects.values_list("pk", "person_id", "linked_at")) == links
    assert Alert.objects.count() == 0


def test_links_moved_behind_its_back_are_put_back_and_told() -> None:
    # given three links that lead elsewhere, and one that is gone
    world(7)
    right = stored()
    links = list(PersonLink.objects.order_by("pk"))
    for victim in links[:30:10]:
        PersonLink.objects.filter(pk=victim.pk).update(person_id=links[-1].person_id)
    PersonLink.objects.filter(pk=links[45].pk).delete()
    assert stored() != right
    job_id = uuid7()

    # when
    done = audit(job_id)
    audit_report(done, job_id)

    # then
    assert stored() == right == expected()
    assert done.moved == 4
    assert MergeLog.objects.filter(job_id=job_id).exists()
    alert = Alert.objects.get()
    assert (alert.kind, alert.level) == ("oneid.audit", "warning")
    assert audit().differences == 0


def test_keys_that_are_not_what_records_say_are_read_again() -> None:
    # given a unionid and a membership that changed without being noted
    contact, member = ContactFactory(unionid="ou1"), CrmMemberFactory(unionid="ou1")
    drain()
    ExternalContact.objects.filter(pk=contact.pk).update(unionid="ou2")

    # when
    done = audit()

    # then
    assert done.stale == 1
    assert RecordKey.objects.get(record_id=contact.pk, kind="unionid").value == "ou2"
    assert stored() == {frozenset({contact.pk}), frozenset({member.pk})} == expected()


def test_a_conflict_and_a_shared_phone_that_are_missing_come_back() -> None:
    # given
    for number in range(6):
        ContactFactory(phone_index=blind_index("phone", "+8613800138000"), name=str(number))
    CrmMemberFactory.create_batch(2, phone="+8613800138001", phone_verified=True)
    drain()
    Conflict.objects.all().delete()
    SharedKey.objects.all().delete()

    # when
    done = audit()

    # then
    assert done.conflicts == 1
    assert Conflict.objects.get().rule == "two_members"
    assert [(row.kind, row.records) for row in SharedKey.objects.all()] == [("phone", 6)]
    assert audit().differences == 0


def test_what_was_only_noted_is_no_difference() -> None:
    contact = ContactFactory(unionid="ou1")
    drain()
    member = CrmMemberFactory(unionid="ou1")

    done = audit()

    assert (done.differences, RecordChange.objects.count()) == (0, 0)
    assert stored() == {frozenset({contact.pk, member.pk})}


def test_a_closed_member_that_was_opened_unnoticed_makes_its_conflict() -> None:
    CrmMemberFactory(phone="+8613800138001", phone_verified=True)
    closed = CrmMemberFactory(phone="+8613800138001", phone_verified=True, state="closed")
    drain()
    CrmMember.objects.filter(pk=closed.pk).update(state="active")

    done = audit()

    assert (done.moved, done.conflicts, len(stored())) == (1, 1, 2)


def test_the_nightly_audit_is_a_job_with_a_page(client: Client, hq_ops: User) -> None:
    # given
    world(3)
    first = PersonLink.objects.order_by("pk").first()
    last = PersonLink.objects.order_by("pk").last()
    assert first is not None
    assert last is not None
    PersonLink.objects.filter(pk=first.pk).update(person_id=last.person_id)

    # when the clock starts it, and once more while it waits
    oneid_nightly()
    oneid_nightly()
    job = JobRun.objects.get(kind=services.AUDIT)
    oneid_audit(job_id=str(job.pk))

    # then
    job.refresh_from_db()
    assert (job.state, job.result["records"], job.result["moved"]) == ("done", 120, 1)
    assert client.login(username="hq", password=PASSWORD)
    client.cookies["django_language"] = "en"
    address = f"/console/oneid/audits/{job.pk}/"
    assert address in client.get("/console/oneid/", {"tab": "audits"}).content.decode()
    assert "What was put right" in client.get(address).content.decode()
