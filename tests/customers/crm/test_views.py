"""The member pages: who sees whom, search by blind index, constant queries."""

import pytest
from django.test import Client

from contacts.directory.models import Member
from customers.crm.selectors import members_visible_to
from scrm.accounts.models import User
from scrm.core.scope import EMPTY_SCOPE, scope_of
from tests.cast import PASSWORD
from tests.factories.customers import ContactFactory, CrmMemberFactory, RelationFactory

pytestmark = pytest.mark.django_db


def login(client: Client, username: str) -> None:
    """Log in as one of the cast."""
    assert client.login(username=username, password=PASSWORD)


def test_every_scope_sees_its_own_members(
    hq_ops: User, branch_ops: User, outsider: User, guide_li: Member, guide_wang: Member
) -> None:
    # given members of stores in two branches, and two customers of one guide
    east = CrmMemberFactory(store_code="S1")
    south = CrmMemberFactory(store_code="S3")
    nowhere = CrmMemberFactory()
    by_union = CrmMemberFactory(unionid="ou1")
    by_id = CrmMemberFactory(external_userid="wm-li")
    RelationFactory(member=guide_li, contact=ContactFactory(unionid="ou1"))
    RelationFactory(member=guide_li, contact=ContactFactory(external_userid="wm-li"))

    def seen(user: User | None) -> set[str]:
        assert user is not None
        return set(members_visible_to(scope_of(user)).values_list("member_no", flat=True))

    # then
    everybody = {each.member_no for each in (east, south, nowhere, by_union, by_id)}
    assert seen(hq_ops) == everybody
    assert seen(branch_ops) == {east.member_no}
    assert seen(outsider) == {south.member_no}
    assert seen(guide_li.user) == {by_union.member_no, by_id.member_no}
    assert seen(guide_wang.user) == set()
    assert members_visible_to(EMPTY_SCOPE).count() == 0


def test_an_ex_employee_sees_nobody(guide_li: Member) -> None:
    CrmMemberFactory(unionid="ou1")
    RelationFactory(member=guide_li, contact=ContactFactory(unionid="ou1"))
    user = guide_li.user
    assert user is not None
    user.is_active = False
    user.save()

    assert members_visible_to(scope_of(user)).count() == 0


def test_the_list_masks_phones_and_finds_by_full_phone_or_number(
    client: Client, hq_ops: User
) -> None:
    CrmMemberFactory(member_no="M1", name="张三", phone="+8613800138000")
    CrmMemberFactory(member_no="M2", name="李四", phone="+8613900139000")
    login(client, "hq")

    page = client.get("/console/members/").content.decode()
    assert "138****8000" in page
    assert "13800138000" not in page
    by_phone, by_number, by_part = (
        client.post("/console/members/", {"q": text}, follow=True).content.decode()
        for text in ("138 0013 8000", "M2", "0013800")
    )

    assert ("张三" in by_phone, "李四" in by_phone) == (True, False)
    assert ("张三" in by_number, "李四" in by_number) == (False, True)
    assert "张三" not in by_part


def test_queries_do_not_grow_with_the_list(
    client: Client, hq_ops: User, django_assert_max_num_queries: object
) -> None:
    login(client, "hq")

    def cost() -> int:
        with django_assert_max_num_queries(100) as queries:  # type: ignore[operator]
            assert client.get("/console/members/", {"size": "100"}).status_code == 200
        return len(queries)

    CrmMemberFactory.create_batch(2)
    few = cost()
    CrmMemberFactory.create_batch(60)
    assert cost() == few


def test_it_sees_no_members(client: Client, it_admin: User) -> None:
    login(client, "it")

    assert client.get("/console/members/").status_code == 403


@pytest.mark.parametrize(("who", "leads"), [("hq", True), ("branch", False)])
def test_the_list_leads_to_the_import_of_files_who_may_import(
    client: Client, hq_ops: User, branch_ops: User, who: str, leads: bool
) -> None:
    login(client, who)

    # both where the list is empty and where it is not
    for _round in range(2):
        page = client.get("/console/members/").content.decode()
        assert ('href="/console/crm-sources/files/members/"' in page) is leads
        CrmMemberFactory(store_code="S1")
