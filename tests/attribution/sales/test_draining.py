"""Orders, refunds, touches and adds as they arrive; the ledger adds up to the cent whatever comes first."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import permutations

import pytest
from django.db import transaction
from django.utils import timezone

from attribution.sales.models import CreditLine, RuleSet
from attribution.sales.services import drain, orders_decide
from attribution.touches.gathering import touches_gather
from contacts.org.services import binding_set
from customers.crm.models import CrmMember, Order, OrderChange
from customers.relations.models import RelationEvent
from tests.factories import oneid
from tests.factories.attribution import AddEpisodeFactory
from tests.factories.customers import NOON, ContactFactory, CrmMemberFactory
from tests.factories.sales import (
    bound_since,
    by_guide,
    by_place,
    credit_of,
    employee,
    money_of_orders,
    order,
    refund,
    settle,
    token,
    touch,
)

pytestmark = pytest.mark.django_db
LONG_BEFORE = NOON - timedelta(days=100)


@pytest.fixture
def guides(guide_li, guide_wang):
    """Both guides have served their stores for long."""
    for guide in (guide_li, guide_wang):
        bound_since(guide, LONG_BEFORE)
    return guide_li, guide_wang


def test_the_parameter_on_the_order_names_the_guide(guides, company):
    # given an order with the guide's parameter, paid at another store
    li, _wang = guides
    order("A1", parameter=token(li), store_code="S3")

    # when it is drained, twice
    settle()
    settle()

    # then it is hers, counts for her store, and stands in the ledger once
    credit = credit_of("A1")
    assert (credit.member, credit.store, credit.rule, credit.reason) == (
        li,
        company.store_a,
        "order_parameter",
        "",
    )
    assert (credit.amount, credit.refunded, credit.net) == (Decimal("100.00"), 0, Decimal("100.00"))
    lines = CreditLine.objects.values_list("kind", "amount", "cause", "member", "store")
    assert list(lines) == [("sale", Decimal("100.00"), "new", li.pk, company.store_a.pk)]


def test_a_tampered_parameter_is_nobodys_although_the_buyer_was_touched_and_bound(guides):
    # given a buyer whom a guide touched, and a parameter with one letter changed
    li, wang = guides
    good = token(li)
    touch("e1", parameter=token(wang), at=NOON - timedelta(hours=1))
    bad = good[:5] + ("A" if good[5] != "A" else "B") + good[6:]
    order("A1", parameter=bad, unionid="u1", store_code="S1")

    # when it is drained
    settle()

    # then nobody has it, its store shows it, and who else had a claim is kept
    credit = credit_of("A1")
    assert (credit.member, credit.reason, credit.rule) == (None, "tampered", "")
    assert credit.store.code == "S1"
    assert [each["member_id"] for each in credit.losers] == [wang.pk, li.pk]
    assert by_guide() == {None: Decimal("100.00")}


def test_an_expired_parameter_is_nobodys_and_expiry_is_judged_at_the_payment(guides):
    # given a parameter that ended an hour before the second order was paid
    li, _wang = guides
    ends = NOON + timedelta(hours=1)
    passing = token(li, expires_at=ends)
    order("A1", parameter=passing)
    order("A2", parameter=passing, paid=ends + timedelta(seconds=1))

    # when they are drained long after
    settle()

    # then only the one paid in time is hers
    assert (credit_of("A1").member, credit_of("A1").reason) == (li, "")
    assert (credit_of("A2").member, credit_of("A2").reason) == (None, "expired")


def test_the_last_touch_of_the_same_person_counts_whatever_name_it_came_by(guides):
    # given a customer and a member joined by OneID; one touch by unionid, the newer by external_userid
    li, wang = guides
    contact = ContactFactory(unionid="u1", external_userid="wm1")
    CrmMemberFactory(member_no="M1", unionid="u1")
    oneid.drain()
    touch("e1", parameter=token(li), at=NOON - timedelta(days=2))
    touch(
        "e2",
        parameter=token(wang),
        at=NOON - timedelta(days=1),
        unionid="",
        external_userid=contact.external_userid,
    )

    # when the member buys, naming only the member number
    order("A1", member_no="M1")
    settle()

    # then the newer one wins with its evidence, the other had a claim
    credit = credit_of("A1")
    assert (credit.member, credit.rule) == (wang, "last_touch")
    assert credit.evidence == {
        "event_id": "e2",
        "kind": "product_view",
        "at": "2026-11-20T04:00:00+00:00",
    }
    assert [(each["member_id"], each["rule"]) for each in credit.losers] == [(li.pk, "last_touch")]


def test_a_touch_that_comes_after_its_order_moves_the_credit(guides):
    # given an order nobody could be given for
    li, _wang = guides
    order("A1", unionid="u1")
    settle()
    assert credit_of("A1").reason == "nobody"

    # when a touch of an hour before the payment arrives late
    touch("e1", parameter=token(li), at=NOON - timedelta(hours=1))
    assert OrderChange.objects.count() == 1
    settle()

    # then the order is hers, and the ledger shows how it moved
    assert credit_of("A1").member == li
    moves = CreditLine.objects.order_by("posted_at", "amount").values_list(
        "member", "amount", "cause"
    )
    assert list(moves) == [
        (None, Decimal("100.00"), "new"),
        (None, Decimal("-100.00"), "moved"),
        (li.pk, Decimal("100.00"), "moved"),
    ]
    assert by_guide() == {li.pk: Decimal("100.00")}

    # and a touch after the payment changes nothing and wakes nobody
    touch("e2", parameter=token(li), at=NOON + timedelta(hours=1))
    assert OrderChange.objects.count() == 0


def test_the_bound_guide_is_the_first_add_in_the_members_store(guides, company):
    # given a member of store A who added the guide of B first, then the one of A
    li, wang = guides
    CrmMemberFactory(member_no="M1", unionid="u1", store_code="S1")
    ContactFactory(unionid="u1", external_userid="wm1")
    oneid.drain()
    AddEpisodeFactory(
        userid=wang.userid, external_userid="wm1", started_at=NOON - timedelta(days=60)
    )
    AddEpisodeFactory(
        userid=li.userid.upper(), external_userid="wm1", started_at=NOON - timedelta(days=50)
    )

    # when the member buys in no store
    order("A1", member_no="M1")
    settle()

    # then the guide of the member's store has it
    credit = credit_of("A1")
    assert (credit.member, credit.store, credit.rule) == (li, company.store_a, "bound_guide")


def test_without_anything_else_the_first_account_of_the_store_at_that_time_has_it(guides, company):
    # given a store whose only account until yesterday was another one
    li, wang = guides
    binding_set(store=company.store_a, member=wang, position=1, actor=None, move=True)
    bound_since(wang, NOON + timedelta(days=1))

    # when an order of that store arrives
    order("A1", store_code="S1")
    settle()

    # then it is the account's that served the store when it was paid
    assert (credit_of("A1").member, credit_of("A1").rule) == (li, "store_owner")


def test_what_a_colleague_buys_counts_for_nobody(guides):
    # given a member whose phone is an employee's
    li, _wang = guides
    employee("E1", "+8613800000001", date(2026, 11, 1))
    CrmMemberFactory(member_no="M1", phone="+8613800000001", phone_verified=True)
    order("A1", member_no="M1", parameter=token(li))

    # when it is drained
    settle()

    # then it is nobody's, in words, and the sum still holds
    assert (credit_of("A1").member, credit_of("A1").reason) == (None, "staff")
    assert by_guide() == {None: Decimal("100.00")}


def test_an_add_makes_a_touch_and_the_order_goes_to_the_guide_who_was_added(guides):
    # given an order of a customer in no store
    _li, wang = guides
    ContactFactory(unionid="u1", external_userid="wm1")
    oneid.drain()
    order("A1", unionid="u1", paid=NOON)
    settle()
    assert credit_of("A1").reason == "nobody"

    # when WeCom tells late of an add before the payment, and touches are gathered twice
    RelationEvent.objects.create(
        userid=wang.userid, external_userid="wm1", kind="add", occurred_at=NOON - timedelta(days=1)
    )
    AddEpisodeFactory(
        userid=wang.userid, external_userid="wm1", started_at=NOON - timedelta(days=1)
    )
    assert touches_gather() == 1
    assert touches_gather() == 0
    settle()

    # then the guide has it by her add
    credit = credit_of("A1")
    assert (credit.member, credit.rule, credit.evidence["kind"]) == (wang, "last_touch", "add")


def test_a_refund_reverses_exactly_on_its_own_day_and_from_whoever_has_the_order(guides):
    # given a credited order
    li, wang = guides
    order("A1", amount="99.99", parameter=token(li))
    settle()

    # when it is refunded in two parts
    refund("R1", "A1", "33.33")
    refund("R2", "A1", "66.66", at=NOON + timedelta(days=40))
    settle()

    # then the guide's ledger is zero, with each part on its business day
    assert by_guide() == {}
    rows = CreditLine.objects.order_by("business_day").values_list("source", "amount", "member")
    assert list(rows) == [
        ("", Decimal("99.99"), li.pk),
        ("R1", Decimal("-33.33"), li.pk),
        ("R2", Decimal("-66.66"), li.pk),
    ]
    assert credit_of("A1").net == 0

    # and when the order turns out to be another guide's, sale and refunds move together
    order("A1", amount="99.99", parameter=token(wang))
    settle()
    assert {row[0] for row in CreditLine.objects.values_list("member")} == {li.pk, wang.pk}
    for guide in (li, wang):
        lines = CreditLine.objects.filter(member=guide)
        assert sum(line.amount for line in lines) == 0
    refunds = {key: total for key, total in by_place().items() if key[1] == "refund"}
    assert {(key[2], key[4], total) for key, total in refunds.items()} == {
        ("R1", wang.pk, Decimal("-33.33")),
        ("R2", wang.pk, Decimal("-66.66")),
    }


def test_every_order_of_arrival_gives_the_same_ledger(guides):
    # given five things that may arrive in any order
    li, wang = guides
    first, second = token(li), token(wang)
    steps = {
        "order": lambda: order("A1", unionid="u1", amount="80.00"),
        "refund": lambda: refund("R1", "A1", "30.00"),
        "touch": lambda: touch("e1", parameter=second, at=NOON - timedelta(hours=2)),
        "other": lambda: order("B1", parameter=first, amount="20.10"),
        "late": lambda: refund("R2", "B1", "0.10"),
    }

    # when they come in each order, drained after every one of them
    results = []
    for arrival in permutations(steps):
        with transaction.atomic():
            for name in arrival:
                steps[name]()
                settle()
            results.append(by_place())
            assert sum(by_place().values(), Decimal(0)) == money_of_orders() == Decimal("70.00")
            transaction.set_rollback(True)

    # then the ledger is the same each time
    assert len(results) == 120
    assert all(result == results[0] for result in results)
    assert {(key[0], key[1], key[4]): total for key, total in results[0].items()} == {
        ("A1", "sale", wang.pk): Decimal("80.00"),
        ("A1", "refund", wang.pk): Decimal("-30.00"),
        ("B1", "sale", li.pk): Decimal("20.10"),
        ("B1", "refund", li.pk): Decimal("-0.10"),
    }


def test_the_ledger_cannot_be_rewritten(guides):
    # given a posted line
    order("A1")
    settle()

    # when somebody changes or removes it, the database refuses
    for act in (
        lambda: CreditLine.objects.update(amount=1),
        lambda: CreditLine.objects.all()._raw_delete("default"),
        lambda: Order.objects.all().delete(),
    ):
        with pytest.raises(Exception, match=r"append-only|protected"), transaction.atomic():
            act()
    assert by_guide() == {None: Decimal("100.00")}


def test_a_batch_costs_the_same_number_of_queries_whatever_its_size(
    guides, django_assert_max_num_queries
):
    # given the same work for one order and for thirty
    li, _wang = guides
    carried = token(li)
    CrmMember.objects.bulk_create(
        CrmMember(member_no=f"M{n}", digest=b"", source="api", updated_at=timezone.now())
        for n in range(30)
    )
    order("A0", parameter=carried, member_no="M0", store_code="S1")
    counts = []
    for batch in (range(1), range(1, 30)):
        for number in batch:
            order(f"A{number}", parameter=carried, member_no=f"M{number}", store_code="S1")
        with django_assert_max_num_queries(35) as caught:
            drain()
        counts.append(len(caught))

    # then it costs no more
    assert counts[1] <= counts[0] + 1


def test_nobody_drains_twice_at_once(guides):
    # given an order that waits while another session decides
    order("A1")
    taken = drain()

    # then one drain takes all of it and the next finds nothing
    assert taken == 1
    assert drain() is None
    assert RuleSet.objects.get().version == 1
    assert orders_decide(Order.objects.values_list("pk", flat=True)) == 0
