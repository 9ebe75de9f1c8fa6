"""Identifiers too many records share, persons too large, and merging by hand."""

import pytest
from django.test import Client

from customers.oneid import services
from customers.oneid.models import Conflict, Decision, Person, PersonLink, RecordKey, SharedKey
from scrm.accounts.models import User
from scrm.core.alerts.models import Alert
from scrm.core.audit.models import AuditEntry
from scrm.core.crypto import blind_index
from scrm.core.exceptions import Conflict as ConflictError
from scrm.core.exceptions import ValidationFailed
from tests.cast import PASSWORD
from tests.factories.accounts import UserFactory
from tests.factories.customers import ContactFactory, CrmMemberFactory
from tests.factories.oneid import drain, persons

pytestmark = pytest.mark.django_db
PHONE = "+8613800138000"
CENTRE = "/console/oneid/"


def sharing(count: int) -> list[object]:
    """Return so many contacts with one verified phone."""
    index = blind_index("phone", PHONE)
    rows = [ContactFactory(phone=PHONE, phone_index=index) for _number in range(count)]
    drain()
    return rows


def test_a_phone_of_too_many_waits_and_is_allowed_ignored_and_taken_back() -> None:
    # given
    rows = sharing(6)
    actor = UserFactory()
    shared = SharedKey.objects.get()
    assert (shared.state, shared.records, len(persons())) == ("open", 6, 6)

    # when a seventh comes, it is counted without joining anybody
    seventh = ContactFactory(phone=PHONE, phone_index=blind_index("phone", PHONE))
    services.reconcile_contact(seventh.external_userid)
    shared.refresh_from_db()
    assert (shared.records, len(persons())) == (7, 7)

    # when somebody says it is one human
    services.shared_decide(shared, verdict="allowed", actor=actor, reason="a family")
    assert persons() == {frozenset(each.pk for each in [*rows, seventh])}
    entry = AuditEntry.objects.get(action="oneid.shared")
    assert (entry.actor, entry.reason) == (actor, "a family")

    # when that is taken back, and it is ignored for ever
    services.shared_retract(shared, actor=actor, reason="no")
    assert len(persons()) == 7
    services.shared_decide(shared, verdict="ignored", actor=actor, reason="the shop's")
    with pytest.raises(ConflictError):
        services.shared_decide(shared, verdict="allowed", actor=actor, reason="late")

    # then it joins nobody, also when few hold it
    for each in rows[2:]:
        type(each).objects.filter(pk=each.pk).update(phone_index=None)
        services.reconcile([("contact", each.pk)])
    assert len(persons()) == 7
    newest = ContactFactory(phone=PHONE, phone_index=blind_index("phone", PHONE))
    services.reconcile_contact(newest.external_userid)
    assert PersonLink.objects.filter(person__links__record_id=newest.pk).count() == 1


def test_a_shared_phone_that_is_let_go_leaves_the_queue() -> None:
    rows = sharing(6)

    type(rows[0]).objects.filter(pk=rows[0].pk).update(phone_index=None)
    services.reconcile([("contact", rows[0].pk)])

    assert SharedKey.objects.get().state == "gone"
    assert len(persons()) == 2


def test_a_person_too_large_waits_with_an_alert(settings: object) -> None:
    # given a limit of three records a person
    settings.ONEID_RECORD_LIMIT = 3  # type: ignore[attr-defined]
    rows = [ContactFactory(unionid="ou1") for _number in range(4)]

    # when
    drain()

    # then nobody is joined, and it is told
    conflict = Conflict.objects.get()
    assert (conflict.rule, conflict.state, len(persons())) == ("too_large", "open", 4)
    assert Alert.objects.get().kind == "oneid.large"

    # and a human may join them all the same
    services.conflict_decide(conflict, verdict="together", actor=UserFactory(), reason="a tester")
    assert persons() == {frozenset(each.pk for each in rows)}


def test_the_limit_holds_for_one_at_a_time_as_well(settings: object) -> None:
    settings.ONEID_RECORD_LIMIT = 3  # type: ignore[attr-defined]

    for _number in range(4):
        services.reconcile_contact(ContactFactory(unionid="ou1").external_userid)

    assert (Conflict.objects.get().rule, len(persons())) == ("too_large", 4)


def test_an_id_card_joins_closed_memberships_and_two_active_ones_wait() -> None:
    one = CrmMemberFactory(id_card="a" * 64, state="closed")
    two = CrmMemberFactory(id_card="a" * 64)
    drain()
    assert persons() == {frozenset({one.pk, two.pk})}

    CrmMemberFactory(id_card="a" * 64)
    drain()

    assert [(row.rule, row.key_kind) for row in Conflict.objects.all()] == [
        ("two_members", "id_card")
    ]
    assert RecordKey.objects.filter(kind="id_card").count() == 3


def test_a_merge_by_hand_is_taken_back_exactly_and_respects_what_was_kept_apart() -> None:
    # given
    left = [ContactFactory(unionid="ou1"), CrmMemberFactory(unionid="ou1")]
    right = [ContactFactory(unionid="ou2")]
    drain()
    before, actor = persons(), UserFactory()
    one, two = (PersonLink.objects.get(record_id=each[0].pk).person for each in (left, right))

    # when
    services.persons_merge(one, two, actor=actor, reason="same face")
    assert persons() == {frozenset(each.pk for each in [*left, *right])}
    services.act_retract(Decision.objects.get().act, actor=actor, reason="not so")

    # then
    assert persons() == before
    with pytest.raises(ValidationFailed):
        services.persons_merge(one, one, actor=actor, reason="x")
    person = PersonLink.objects.get(record_id=left[0].pk).person
    services.person_split(person, [left[1].pk], actor=actor, reason="two people")
    apart = PersonLink.objects.get(record_id=left[1].pk).person
    person = PersonLink.objects.get(record_id=left[0].pk).person
    with pytest.raises(ConflictError):
        services.persons_merge(person, apart, actor=actor, reason="after all")
    assert len(persons()) == 3


def login(client: Client, username: str) -> None:
    """Log in as one of the cast, in English."""
    assert client.login(username=username, password=PASSWORD)
    client.cookies["django_language"] = "en"


def test_a_shared_phone_is_decided_on_its_page(client: Client, hq_ops: User) -> None:
    # given
    sharing(6)
    shared = SharedKey.objects.get()
    login(client, "hq")
    assert (
        f"{CENTRE}shared/{shared.pk}/"
        in client.get(CENTRE, {"tab": "shared_keys"}).content.decode()
    )
    page = client.get(f"{CENTRE}shared/{shared.pk}/").content.decode()
    assert ("138****8000" in page, "13800138000" in page) == (True, False)

    # when no reason is given, nothing happens
    address = f"{CENTRE}shared/{shared.pk}/decide/"
    assert client.post(address, {"verdict": "allowed", "reason": ""}).status_code == 422
    assert len(persons()) == 6

    # when one is
    client.post(address, {"verdict": "allowed", "reason": "a family"})
    assert len(persons()) == 1
    client.post(f"{CENTRE}shared/{shared.pk}/retract/", {"reason": "no"})
    assert len(persons()) == 6


def test_two_persons_are_compared_merged_and_undone_by_hand(client: Client, hq_ops: User) -> None:
    # given
    contact = ContactFactory(unionid="ou1", name="小明")
    CrmMemberFactory(member_no="M7", name="王芳")
    drain()
    person = PersonLink.objects.get(record_id=contact.pk).person
    login(client, "hq")
    base = f"{CENTRE}persons/{person.pk}/"

    # when
    page = client.get(f"{base}compare/", {"other": "M7"})
    assert ("小明" in page.content.decode(), "王芳" in page.content.decode()) == (True, True)
    other = page.context["other"]
    assert client.get(f"{base}compare/", {"other": "nobody"}).context["other"] is None
    assert client.post(f"{base}merge/", {"other": other.pk, "reason": ""}).status_code == 422
    assert len(persons()) == 2
    client.post(f"{base}merge/", {"other": other.pk, "reason": "same face"})

    # then it says who decided and why
    assert len(persons()) == 1
    heir = Person.objects.get(state="active")
    words = client.get(f"{CENTRE}persons/{heir.pk}/").content.decode()
    assert ("same face" in words, f"{hq_ops} decided" in words) == (True, True)
    client.post(f"{CENTRE}decisions/{Decision.objects.get().act}/retract/", {"reason": "no"})
    assert len(persons()) == 2


@pytest.mark.parametrize("username", ["auditor", "branch", "it"])
def test_nobody_else_decides_merges_or_audits(
    client: Client, auditor: User, branch_ops: User, it_admin: User, username: str
) -> None:
    sharing(6)
    shared, people = SharedKey.objects.get(), list(Person.objects.order_by("pk"))
    login(client, username)
    word = {"verdict": "allowed", "reason": "x", "other": people[1].pk}

    for address in (
        f"shared/{shared.pk}/decide/",
        f"shared/{shared.pk}/retract/",
        f"persons/{people[0].pk}/merge/",
        "audits/start/",
    ):
        assert client.post(CENTRE + address, word).status_code == 403

    assert client.get(f"{CENTRE}persons/{people[0].pk}/compare/").status_code == 403
    shared.refresh_from_db()
    assert (shared.state, Decision.objects.count(), len(persons())) == ("open", 0, 6)
