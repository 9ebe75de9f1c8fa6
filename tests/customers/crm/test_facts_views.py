"""The pages of orders."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from customers.crm.selectors import orders_visible_to
from scrm.accounts.models import User
from scrm.core.scope import EMPTY_SCOPE, scope_of
from tests.cast import PASSWORD, Company
from tests.factories.customers import (
    ContactFactory,
    CrmMemberFactory,
    GoodsFactory,
    OrderFactory,
    OrderLineFactory,
    RelationFactory,
)

pytestmark = pytest.mark.django_db
ORDERS = "/console/members/orders/"


def login(client: Client, username: str) -> None:
    assert client.login(username=username, password=PASSWORD)


def test_every_scope_sees_its_own_orders(
    hq_ops: User, branch_ops: User, outsider: User, guide_li, company: Company
) -> None:
    # given an order in store A, one of a member of store A bought elsewhere, one of Li's customer, one of nobody
    at_store = OrderFactory(store_code="S1")
    of_member = OrderFactory(member=CrmMemberFactory(store_code="S1"), store_code="S3")
    contact = ContactFactory(unionid="ou1")
    RelationFactory(member=guide_li, contact=contact)
    of_customer = OrderFactory(unionid="ou1")
    nobody = OrderFactory()

    def seen(user: User) -> set[object]:
        return set(orders_visible_to(scope_of(user)).values_list("pk", flat=True))

    assert seen(hq_ops) == {at_store.pk, of_member.pk, of_customer.pk, nobody.pk}
    assert seen(branch_ops) == {at_store.pk, of_member.pk}
    assert seen(outsider) == {of_member.pk}
    assert seen(guide_li.user) == {of_customer.pk}
    assert orders_visible_to(EMPTY_SCOPE).count() == 0


def test_an_order_page_shows_lines_and_opens_only_in_scope(
    client: Client, hq_ops: User, outsider: User, company: Company
) -> None:
    GoodsFactory(sku="C1", name="羊毛大衣", picture_url="https://img.example/c1.jpg")
    order = OrderFactory(store_code="S1")
    OrderLineFactory(order=order, sku="C1", name="", colour="驼色")

    login(client, "hq")
    page = client.get(f"{ORDERS}{order.pk}/").content.decode()
    assert ("羊毛大衣" in page, "驼色" in page, "https://img.example/c1.jpg" in page) == (
        True,
        True,
        True,
    )
    login(client, "outsider")
    assert client.get(f"{ORDERS}{order.pk}/").status_code == 404


def test_lists_filter_and_cost_the_same(client: Client, hq_ops: User) -> None:
    login(client, "hq")

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            page = client.get(ORDERS, {"size": "100"})
        assert page.status_code == 200
        return len(queries)

    OrderFactory.create_batch(2)
    few = cost()
    OrderFactory.create_batch(50)
    assert cost() == few
    wanted = OrderFactory(order_no="FIND-ME", member_no="M9")
    for query in ({"q": "FIND-ME"}, {"q": "M9"}):
        page = client.get(ORDERS, query).content.decode()
        assert page.count(f"{ORDERS}{wanted.pk}/") == 1
        assert page.count(ORDERS + "0") <= 1


def test_it_sees_no_orders(client: Client, it_admin: User) -> None:
    login(client, "it")

    assert client.get(ORDERS).status_code == 403
    assert client.get("/console/goods/").status_code == 403
