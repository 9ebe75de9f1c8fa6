"""A guide who moved: her past stays with the store where it happened, and every row is one branch's."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import BytesIO

import pytest
from django.db import transaction
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from attribution.boards.selectors import Span, board, figures_visible_to
from attribution.boards.services import days_recompute
from attribution.sales.models import CreditLine
from attribution.sales.selectors import (
    credit_lines_visible_to,
    credits_visible_to,
    month_figures,
    reconciliation,
    sums,
)
from attribution.touches.models import Touch
from attribution.touches.selectors import touches_visible_to
from contacts.directory.models import Member
from contacts.org.models import StoreBinding
from contacts.org.services import binding_set
from scrm.core.scope import SYSTEM_SCOPE, Scope, scope_of
from tests.attribution.boards.selling import post
from tests.attribution.boards.selling import sold as sold_to
from tests.cast import person
from tests.factories.customers import NOON
from tests.factories.sales import bound_since, credit_of, order, refund, settle, token, touch

pytestmark = pytest.mark.django_db
DAY = date(2026, 11, 21)
DAYS = {"first": str(DAY), "last": str(DAY)}
MONTH = {"month": "2026-11"}
ALL = Span(date(2026, 1, 1), date(2026, 12, 31))


@pytest.fixture
def moved(guide_li: Member, company) -> Member:
    """Li sold 500 and met somebody in store A; then she moved to the southern branch and sold 70 there."""
    bound_since(guide_li, NOON - timedelta(days=100))
    touch("east", parameter=token(guide_li, store=company.store_a), at=NOON - timedelta(hours=1))
    order("EAST", amount="500.00", parameter=token(guide_li), store_code="S1")
    settle()
    binding_set(store=company.store_south, member=guide_li, position=1, actor=None, move=True)
    StoreBinding.objects.filter(member=guide_li, store=company.store_south).update(
        created_at=NOON + timedelta(hours=1)
    )
    guide_li.refresh_from_db()
    later = NOON + timedelta(hours=2)
    touch("south", parameter=token(guide_li, store=company.store_south), at=later)
    order("SOUTH", amount="70.00", parameter=token(guide_li), store_code="S3", paid=later)
    refund("R1", "SOUTH", "20.00", at=later)
    settle()
    days_recompute([DAY, DAY + timedelta(days=1)])
    return guide_li


def client_of(user) -> Client:
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(user)
    return client


def orders_seen(scope: Scope) -> set[str]:
    return set(credits_visible_to(scope).values_list("order__order_no", flat=True))


def test_each_branch_sees_what_happened_in_its_stores(moved, hq_ops, branch_ops, outsider):
    east, south = scope_of(branch_ops), scope_of(outsider)

    assert orders_seen(scope_of(hq_ops)) == {"EAST", "SOUTH"}
    assert (orders_seen(east), orders_seen(south)) == ({"EAST"}, {"SOUTH"})
    assert [set(touches_visible_to(scope).values_list("event_id", flat=True)) for scope in (east, south)] == [
        {"east"}, {"south"},
    ]  # fmt: skip
    for scope, net in ((east, "500.00"), (south, "50.00")):
        assert sums(credit_lines_visible_to(scope)).net == Decimal(net)
        assert board(scope, ALL, by="store").total.net == Decimal(net)
        assert month_figures(scope, DAY).net == Decimal(net)
        till = reconciliation(scope, DAY, DAY)
        assert (till.expected, till.is_even) == (Decimal(net), True)


def test_pages_and_file_of_another_branch_show_none_of_it(moved, branch_ops, outsider):
    east, south = client_of(branch_ops), client_of(outsider)
    number = credit_of("EAST").order_id

    # given the branch she left, everything is there
    assert "EAST" in east.get("/console/sales/").content.decode()
    assert east.get(f"/console/sales/orders/{number}/").status_code == 200

    # then her new branch finds it in no list, detail, till, board or file
    assert "EAST" not in south.get("/console/sales/", {"guide": "guide_li"}).content.decode()
    assert south.get(f"/console/sales/orders/{number}/").status_code == 404
    assert south.get("/console/sales/till/", DAYS).context["till"].paid == Decimal("70.00")
    assert "人民路店" not in south.get("/console/touches/").content.decode()
    custom = {"range": "custom", **DAYS, "by": "store"}
    page = south.get("/console/boards/", custom)
    assert [row.line.code for row in page.context["rows"]] == ["S3"]
    rows = file_rows(south.post("/console/boards/export/", custom))
    assert [row[1] for row in rows][1:-1] == ["S3"]
    assert not any("人民路店" in str(cell) for row in rows for cell in row)


def file_rows(answer) -> list[tuple]:
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return list(load_workbook(BytesIO(content)).active.values)


def test_managers_on_the_phone_see_their_store_and_the_guide_all_of_her_own(moved, company):
    number = credit_of("EAST").order_id
    before = client_of(person("mgr-a", "store_manager", company.store_a))
    now = client_of(person("mgr-c", "store_manager", company.store_south))
    own = client_of(moved.user)

    nets = [client.get("/h5/sales/", MONTH).context["figures"].net for client in (before, now, own)]
    assert nets == [Decimal("500.00"), Decimal("50.00"), Decimal("550.00")]
    statuses = [client.get(f"/h5/sales/{number}/").status_code for client in (before, now, own)]
    assert statuses == [200, 404, 200]


def test_somebody_who_left_sees_nothing_and_her_past_stays(moved, branch_ops, outsider):
    Member.objects.filter(pk=moved.pk).update(status=Member.Status.LEFT)

    assert client_of(moved.user).get("/h5/sales/", MONTH).status_code in {302, 403}
    assert orders_seen(scope_of(branch_ops)) == {"EAST"}
    assert orders_seen(scope_of(outsider)) == {"SOUTH"}


def test_rows_without_a_store_go_with_the_member(guide_li, branch_ops, outsider, company):
    sold_to(guide_li, None, "9.00", DAY)
    now = datetime(2026, 11, 21, tzinfo=UTC)
    Touch.objects.create(event_id="t", kind="cart", surface="s", occurred_at=now, member_id=guide_li.pk)  # fmt: skip

    assert credits_visible_to(scope_of(branch_ops)).count() == 1
    assert touches_visible_to(scope_of(branch_ops)).count() == 1
    assert credits_visible_to(scope_of(outsider)).count() == 0
    assert touches_visible_to(scope_of(outsider)).count() == 0


MOVES = st.lists(
    st.tuples(
        st.sampled_from(["li", "wang", None]),
        st.sampled_from(["S1", "S2", "S3", None]),
        st.integers(1, 99_999),
        st.booleans(),
    ),
    max_size=12,
)


@given(sales=MOVES, moves=st.lists(st.sampled_from(["S1", "S2", "S3"]), max_size=2))
@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_the_branches_and_what_is_nowhere_add_up_to_the_company(
    sales, moves, guide_li, guide_wang, branch_ops, outsider, company
):
    stores = {"S1": company.store_a, "S2": company.store_b, "S3": company.store_south, None: None}
    with transaction.atomic():
        for who, where, cents, back in sales:
            member = {"li": guide_li, "wang": guide_wang, None: None}[who]
            credit = sold_to(member, stores[where], str(Decimal(cents) / 100), DAY)
            if back:
                post(credit, "refund", str(-Decimal(cents) / 200), DAY)
        for code in moves:
            if guide_li.org_path != stores[code].path:
                binding_set(store=stores[code], member=guide_li, position=4, actor=None, move=True)
                guide_li.refresh_from_db()
        days_recompute([DAY])
        scopes = [scope_of(branch_ops), scope_of(outsider)]
        nowhere = CreditLine.objects.filter(member=None, store=None)
        nets = [sums(credit_lines_visible_to(scope)).net for scope in scopes]
        boards = [board(scope, ALL, by="guide") for scope in scopes]
        whole = board(SYSTEM_SCOPE, ALL, by="branch")

        assert sum(nets) + sums(nowhere).net == sums(CreditLine.objects.all()).net
        assert sum(each.total.net for each in boards) + sums(nowhere).net == whole.total.net
        assert all(each.difference == 0 for each in [*boards, whole])
        seen = [set(figures_visible_to(scope).values_list("pk", flat=True)) for scope in scopes]
        assert not seen[0] & seen[1]
        transaction.set_rollback(True)
    guide_li.refresh_from_db()
