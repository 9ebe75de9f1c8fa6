"""The merge centre: queues, decisions with reasons, and who may."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from contacts.directory.models import Member
from customers.oneid import services
from customers.oneid.models import Conflict, Decision, Person, PersonLink
from customers.oneid.selectors import persons_visible_to, proposals_visible_to
from scrm.accounts.models import User
from scrm.core.audit.models import AuditEntry
from scrm.core.crypto import blind_index
from scrm.core.scope import SYSTEM_SCOPE, scope_of
from tests.cast import PASSWORD
from tests.factories.customers import ContactFactory, CrmMemberFactory, RelationFactory

pytestmark = pytest.mark.django_db
PHONE = "+8613800138000"
CENTRE = "/console/oneid/"


def login(client: Client, username: str) -> None:
    """Log in as one of the cast."""
    assert client.login(username=username, password=PASSWORD)


def drain() -> None:
    """Work until nothing is noted any more."""
    while services.reconcile_pending() is not None:
        pass


def conflict() -> Conflict:
    """Return a conflict of two members with one phone."""
    CrmMemberFactory(member_no="M1", name="张三", phone=PHONE, phone_verified=True)
    CrmMemberFactory(member_no="M2", name="李四", phone=PHONE, phone_verified=True)
    drain()
    return Conflict.objects.get()


def test_a_conflict_is_listed_shown_and_settled(client: Client, hq_ops: User) -> None:
    # given
    row = conflict()
    login(client, "hq")
    assert f"/console/oneid/conflicts/{row.pk}/" in client.get(CENTRE).content.decode()
    page = client.get(f"{CENTRE}conflicts/{row.pk}/").content.decode()
    assert ("M1" in page, "M2" in page, "138****8000" in page) == (True, True, True)
    assert "13800138000" not in page

    # when no reason is given
    refused = client.post(
        f"{CENTRE}conflicts/{row.pk}/decide/", {"verdict": "together", "reason": ""}
    )
    assert refused.status_code == 422
    assert Decision.objects.count() == 0

    # when one is
    client.post(
        f"{CENTRE}conflicts/{row.pk}/decide/", {"verdict": "together", "reason": "same man"}
    )

    # then
    assert PersonLink.objects.values("person").distinct().count() == 1
    assert AuditEntry.objects.get(action="oneid.together").actor == hq_ops
    assert f"/console/oneid/conflicts/{row.pk}/" not in client.get(CENTRE).content.decode()

    # and taken back from the list of decisions
    act = Decision.objects.get().act
    assert str(act) in client.get(CENTRE, {"tab": "decisions"}).content.decode()
    client.post(f"{CENTRE}decisions/{act}/retract/", {"reason": "not so"})
    assert PersonLink.objects.values("person").distinct().count() == 2
    assert str(row.pk) in client.get(CENTRE).content.decode()


@pytest.mark.parametrize(("username", "status"), [("auditor", 403), ("branch", 403), ("it", 403)])
def test_nobody_else_decides(
    client: Client, auditor: User, branch_ops: User, it_admin: User, username: str, status: int
) -> None:
    row = conflict()
    person = Person.objects.order_by("pk").first()
    assert person is not None
    login(client, username)
    decision = {"verdict": "together", "reason": "because"}

    assert client.post(f"{CENTRE}conflicts/{row.pk}/decide/", decision).status_code == status
    first, second = row.record_ids
    assert client.post(f"{CENTRE}proposals/{first}/{second}/", decision).status_code == status
    assert client.post(f"{CENTRE}persons/{person.pk}/split/", {"reason": "x"}).status_code == status
    assert (
        client.post(f"{CENTRE}decisions/{row.pk}/retract/", {"reason": "x"}).status_code == status
    )
    row.refresh_from_db()
    assert (row.state, Decision.objects.count()) == ("open", 0)


def test_an_auditor_may_look(client: Client, auditor: User) -> None:
    row = conflict()
    login(client, "auditor")

    page = client.get(f"{CENTRE}conflicts/{row.pk}/")

    assert page.status_code == 200
    assert "/decide/" not in page.content.decode()
    for tab in ("conflicts", "proposals", "shared_keys", "large", "merges", "decisions", "audits"):
        assert client.get(CENTRE, {"tab": tab}).status_code == 200
    assert client.get(CENTRE, {"tab": "other"}).status_code == 404


def test_a_remark_phone_proposes_and_a_decision_ends_the_proposal(
    client: Client, hq_ops: User
) -> None:
    # given
    index = blind_index("phone", PHONE)
    relation = RelationFactory(remark_phone_indexes=[index])
    member = CrmMemberFactory(member_no="M1", phone=PHONE, phone_verified=True)
    drain()
    login(client, "hq")
    address = f"{CENTRE}proposals/{relation.contact_id}/{member.pk}/"
    assert address in client.get(CENTRE, {"tab": "proposals"}).content.decode()

    # when
    client.post(address, {"verdict": "together", "reason": "she said so"})

    # then
    assert PersonLink.objects.values("person").distinct().count() == 1
    assert proposals_visible_to(SYSTEM_SCOPE, 10) == []


def test_a_refused_proposal_does_not_come_back(client: Client, hq_ops: User) -> None:
    index = blind_index("phone", PHONE)
    relation = RelationFactory(remark_phone_indexes=[index])
    member = CrmMemberFactory(phone=PHONE)
    drain()
    assert len(proposals_visible_to(SYSTEM_SCOPE, 10)) == 1
    login(client, "hq")

    client.post(
        f"{CENTRE}proposals/{relation.contact_id}/{member.pk}/",
        {"verdict": "apart", "reason": "her mother"},
    )

    assert proposals_visible_to(SYSTEM_SCOPE, 10) == []
    assert PersonLink.objects.values("person").distinct().count() == 2


def test_a_person_page_says_why_and_splits(client: Client, hq_ops: User) -> None:
    # given
    contact = ContactFactory(unionid="ou1", name="小明")
    member = CrmMemberFactory(unionid="ou1", member_no="M1")
    drain()
    person = Person.objects.get()
    login(client, "hq")
    page = client.get(f"{CENTRE}persons/{person.pk}/").content.decode()
    assert ("小明" in page, "M1" in page, "unionid" in page) == (True, True, True)

    # when everything is chosen, nothing happens
    both = [str(contact.pk), str(member.pk)]
    refused = client.post(f"{CENTRE}persons/{person.pk}/split/", {"records": both, "reason": "x"})
    assert refused.status_code == 422
    assert Decision.objects.count() == 0

    # when one is
    client.post(f"{CENTRE}persons/{person.pk}/split/", {"records": [str(member.pk)], "reason": "x"})

    # then
    assert PersonLink.objects.values("person").distinct().count() == 2


def test_a_branch_sees_persons_through_its_records_only(
    branch_ops: User, outsider: User, guide_li: Member
) -> None:
    relation = RelationFactory(member=guide_li)
    CrmMemberFactory(store_code="S3")
    drain()

    mine = PersonLink.objects.get(record_id=relation.contact_id).person
    assert set(persons_visible_to(scope_of(branch_ops))) == {mine}
    assert persons_visible_to(scope_of(outsider)).count() == 1
    assert mine not in set(persons_visible_to(scope_of(outsider)))


def test_the_card_on_a_customer_page_shows_the_member(
    client: Client, branch_ops: User, guide_li: Member
) -> None:
    # given a member of our store and one of another branch behind one customer
    contact = ContactFactory(unionid="ou1")
    RelationFactory(member=guide_li, contact=contact)
    CrmMemberFactory(unionid="ou1", member_no="OURS", store_code="S1")
    CrmMemberFactory(unionid="ou1", member_no="THEIRS", store_code="S3", state="closed")
    drain()
    login(client, "branch")

    card = client.get(f"{CENTRE}cards/{contact.pk}/").content.decode()

    assert ("OURS" in card, "THEIRS" in card) == (True, False)
    assert "/console/oneid/persons/" not in card


def test_queries_do_not_grow_with_the_queues(client: Client, hq_ops: User) -> None:
    login(client, "hq")

    def cost(tab: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(CENTRE, {"tab": tab, "size": "50"}).status_code == 200
        return len(queries)

    def fill(start: int, count: int) -> None:
        for number in range(start, start + count):
            phone = f"+86138{number:08d}"
            CrmMemberFactory.create_batch(2, phone=phone, phone_verified=True)
            RelationFactory(remark_phone_indexes=[blind_index("phone", phone)])
            ContactFactory.create_batch(2, unionid=f"ou{number}")
        drain()

    fill(0, 2)
    few = {tab: cost(tab) for tab in ("conflicts", "proposals", "merges", "decisions")}
    fill(100, 10)
    assert {tab: cost(tab) for tab in few} == few


def test_a_conflict_says_in_the_list_whom_it_concerns(client: Client, auditor: User) -> None:
    # given
    conflict()
    client.force_login(auditor)

    # when
    page = client.get(CENTRE).content.decode()

    # then
    assert all(words in page for words in ("张三", "M1", "李四", "M2", "138****8000"))
    assert "13800138000" not in page


def test_a_person_with_one_record_was_not_decided_by_anybody(client: Client, hq_ops: User) -> None:
    ContactFactory(unionid="ou1", name="小明")
    drain()
    login(client, "hq")

    page = client.get(
        f"{CENTRE}persons/{Person.objects.get().pk}/", headers={"accept-language": "en"}
    )

    assert page.context["why"].alone is True
    assert "a person decided" not in page.content.decode()
