"""The customer pages: who sees whom, what is masked, what a reveal leaves behind."""

import re
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from contacts.directory.models import Member
from customers.relations.models import ExternalContact, RelationEvent
from customers.relations.selectors import contacts_visible_to, relation_counts, relations_visible_to
from scrm.accounts.models import User
from scrm.core.audit.models import AuditEntry
from scrm.core.crypto import blind_index
from scrm.core.scope import EMPTY_SCOPE, scope_of
from tests.cast import PASSWORD
from tests.factories.attribution import LiveCodeFactory
from tests.factories.customers import (
    ContactFactory,
    MemberFactory,
    RelationFactory,
    TagFactory,
    at,
    searchable,
)

pytestmark = pytest.mark.django_db
LIST = "/console/customers/"


def login(client: Client, username: str) -> None:
    """Log in as one of the cast."""
    assert client.login(username=username, password=PASSWORD)


def names(client: Client, **query: str) -> list[str]:
    """Return the customers a list shows, in order; a search is sent as its form sends it."""
    searchable()
    answer = client.post(LIST, query, follow=True) if "q" in query else client.get(LIST, query)
    page = answer.content.decode()
    return re.findall(r'/console/customers/[0-9a-f-]{36}/">([^<]+)</a>', page)


def test_every_scope_sees_its_own_customers(
    hq_ops: User,
    branch_ops: User,
    outsider: User,
    guide_li: Member,
    guide_wang: Member,
    it_admin: User,
) -> None:
    # given one customer of Li (store A), one of Wang (store B), one of nobody in a store, one Li lost
    li, wang = RelationFactory(member=guide_li), RelationFactory(member=guide_wang)
    other = RelationFactory(member=MemberFactory())
    lost = RelationFactory(member=guide_li, status="lost", lost_at=at(9))

    def seen(user: User | None) -> set[object]:
        assert user is not None
        scope = scope_of(user)
        contacts = set(contacts_visible_to(scope).values_list("pk", flat=True))
        assert contacts == set(relations_visible_to(scope).values_list("contact_id", flat=True))
        return contacts

    # then
    assert seen(hq_ops) == {each.contact_id for each in (li, wang, other, lost)}
    assert seen(branch_ops) == {each.contact_id for each in (li, wang, lost)}
    assert seen(outsider) == set()
    assert seen(guide_li.user) == {li.contact_id}
    assert seen(guide_wang.user) == {wang.contact_id}
    assert contacts_visible_to(EMPTY_SCOPE).count() == 0
    assert relation_counts(scope_of(branch_ops)) == {"active": 2, "lost": 1, "customers": 2}


def test_an_ex_employee_sees_nobody(guide_li: Member) -> None:
    RelationFactory(member=guide_li)
    user = guide_li.user
    assert user is not None
    User.objects.filter(pk=user.pk).update(is_active=False)
    user.refresh_from_db()

    assert contacts_visible_to(scope_of(user)).count() == 0


@pytest.mark.parametrize(
    ("username", "status"), [("hq", 200), ("branch", 200), ("outsider", 404), ("it", 403)]
)
def test_a_customer_page_opens_only_in_scope(
    client: Client, hq_ops: User, branch_ops: User, outsider: User, it_admin: User, guide_li: Member,
    username: str, status: int,
) -> None:  # fmt: skip
    relation = RelationFactory(member=guide_li)
    login(client, username)

    assert client.get(f"{LIST}{relation.contact_id}/").status_code == status
    assert client.get(f"/console/oneid/cards/{relation.contact_id}/").status_code == status


def test_a_guide_gets_a_clear_refusal(client: Client, guide_li: Member) -> None:
    relation = RelationFactory(member=guide_li)
    login(client, "wecom:guide_li")

    assert client.get(LIST).status_code == 403
    assert client.get(f"{LIST}{relation.contact_id}/").status_code == 403


def test_a_branch_sees_only_its_relations_of_a_shared_customer(
    client: Client, branch_ops: User, guide_li: Member
) -> None:
    # given a customer whom a guide of another branch follows too
    contact = ContactFactory()
    RelationFactory(member=guide_li, contact=contact, remark="ours")
    elsewhere = MemberFactory(userid="elsewhere", name="Elsewhere")
    RelationFactory(
        member=elsewhere, contact=contact, remark="theirs", remark_phones=["13900139000"]
    )
    RelationEvent.objects.create(
        userid="elsewhere", external_userid=contact.external_userid, kind="add", occurred_at=at(1)
    )
    login(client, "branch")

    page = client.get(f"{LIST}{contact.pk}/", {"tab": "relations"}).content.decode()
    page += client.get(f"{LIST}{contact.pk}/").content.decode()

    assert "ours" in page
    assert "theirs" not in page
    assert "lsewhere" not in page


def test_filters_ask_for_one_relation_that_meets_them_all(
    client: Client, hq_ops: User, guide_li: Member
) -> None:
    # given
    shoes = TagFactory()
    both = RelationFactory(
        member=guide_li, contact=ContactFactory(name="张三"), tag_ids=[shoes.tag_id]
    )
    RelationFactory(member=guide_li, contact=ContactFactory(name="李四"))
    split = ContactFactory(name="王五")
    RelationFactory(member=guide_li, contact=split)
    RelationFactory(contact=split, tag_ids=[shoes.tag_id], status="lost", lost_at=at(9))
    login(client, "hq")

    # then
    assert names(client) == ["王五", "李四", "张三"]
    assert names(client, tag=shoes.tag_id) == ["王五", "张三"]
    assert names(client, tag=shoes.tag_id, member="guide_li") == ["张三"]
    assert names(client, status="lost") == ["王五"]
    assert names(client, q="李") == ["李四"]
    assert names(client, q=both.contact.external_userid) == ["张三"]
    assert names(client, added_from="2026-11-21", added_to="2026-11-21") == ["王五", "李四", "张三"]
    assert names(client, added_from="2026-11-22") == []


def test_a_full_phone_finds_verified_and_remarked_ones(client: Client, hq_ops: User) -> None:
    index = blind_index("phone", "+8613800138000")
    ContactFactory(name="verified", phone="+8613800138000", phone_index=index)
    RelationFactory(contact=ContactFactory(name="remarked"), remark_phone_indexes=[index])
    RelationFactory(contact=ContactFactory(name="other"))
    login(client, "hq")

    assert names(client, q="138-0013-8000") == ["remarked", "verified"]
    assert names(client, q="13800138001") == []


def test_queries_do_not_grow_with_the_list(client: Client, hq_ops: User) -> None:
    login(client, "hq")
    tag = TagFactory()

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(LIST, {"size": "100"}).status_code == 200
        return len(queries)

    RelationFactory.create_batch(2, tag_ids=[tag.tag_id])
    few = cost()
    RelationFactory.create_batch(60, tag_ids=[tag.tag_id])
    assert cost() == few


def phone_customer(member: Member) -> ExternalContact:
    """Return a customer with a verified phone and another in a remark."""
    contact = ContactFactory(phone="+8613800138000")
    RelationFactory(member=member, contact=contact, remark="VIP", remark_phones=["13900139000"])
    return contact


def test_phones_are_masked_until_revealed_and_every_reveal_is_audited(
    client: Client, hq_ops: User, guide_li: Member
) -> None:
    # given
    contact = phone_customer(guide_li)
    login(client, "hq")
    page = client.get(f"{LIST}{contact.pk}/", {"tab": "identity"}).content.decode()
    page += client.get(f"{LIST}{contact.pk}/", {"tab": "relations"}).content.decode()
    assert ("138****8000" in page, "139****9000" in page) == (True, True)
    assert "13800138000" not in page
    assert "13900139000" not in page

    # when no reason is given
    refused = client.post(f"{LIST}{contact.pk}/reveal/", {"reason": "  "})
    assert refused.status_code == 422
    assert "13800138000" not in refused.content.decode()
    assert AuditEntry.objects.filter(action="relations.reveal").count() == 0

    # when one is
    answer = client.post(f"{LIST}{contact.pk}/reveal/", {"reason": "call back about a return"})

    # then
    assert "+8613800138000" in answer.content.decode()
    assert "13900139000" in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    entry = AuditEntry.objects.get(action="relations.reveal")
    assert (entry.actor, entry.target, entry.reason) == (
        hq_ops,
        f"contact:{contact.pk}",
        "call back about a return",
    )
    assert "138" not in str(entry.after)


def test_a_branch_may_not_reveal(client: Client, branch_ops: User, guide_li: Member) -> None:
    contact = phone_customer(guide_li)
    login(client, "branch")

    answer = client.post(f"{LIST}{contact.pk}/reveal/", {"reason": "curious"})

    assert answer.status_code == 403
    assert AuditEntry.objects.filter(action="relations.reveal").count() == 0


def test_an_auditor_sees_no_remarks(client: Client, auditor: User, guide_li: Member) -> None:
    contact = phone_customer(guide_li)
    login(client, "auditor")

    page = client.get(f"{LIST}{contact.pk}/", {"tab": "relations"}).content.decode()

    assert "VIP" not in page
    assert "***" in page


def test_unknown_customers_are_404(client: Client, hq_ops: User) -> None:
    login(client, "hq")

    assert client.get(f"{LIST}{uuid4()}/").status_code == 404


def test_the_empty_list_says_what_to_do(client: Client, hq_ops: User) -> None:
    login(client, "hq")

    assert 'class="empty-state"' in client.get(LIST).content.decode()


def test_the_source_is_the_live_codes_name_not_its_parameter(client: Client, hq_ops: User) -> None:
    # given one customer of a live code, and one whose parameter another system made
    code = LiveCodeFactory(name="周年庆")
    ours = RelationFactory(state=code.state)
    RelationEvent.objects.create(
        userid=ours.member.userid,
        external_userid=ours.contact.external_userid,
        kind=RelationEvent.Kind.ADD,
        occurred_at=at(1),
        state=code.state,
    )
    RelationFactory(state="foreign-parameter")
    login(client, "hq")

    # when
    listed = client.get(LIST).content.decode()
    shown = client.get(f"{LIST}{ours.contact_id}/?tab=relations").content.decode()

    # then
    assert "周年庆" in listed
    assert code.state not in listed
    assert 'title="foreign-parameter"' in listed
    assert "周年庆" in shown
    assert code.state not in shown
