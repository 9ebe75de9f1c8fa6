"""What is learnt late decides as if it had been known at once; what happened later does not change the past."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from attribution.sales.services import orders_decide
from contacts.directory.models import Member
from contacts.parameters.models import Parameter
from customers.crm.models import CrmMember, FormerStore, Order
from customers.oneid import services as oneid_services
from customers.oneid.models import IdentityChange, PersonLink
from customers.relations.models import ExternalContact
from customers.relations.noting import record_changed
from tests.factories import oneid
from tests.factories.attribution import AddEpisodeFactory
from tests.factories.customers import NOON, ContactFactory
from tests.factories.sales import (
    bound_since,
    by_guide,
    by_place,
    credit_of,
    crm_member,
    employee,
    order,
    refund,
    settle,
    token,
    touch,
)

pytestmark = pytest.mark.django_db
LONG_BEFORE = NOON - timedelta(days=100)
PHONE = "+8613800000001"
HUNDRED = Decimal("100.00")


@pytest.fixture
def guides(guide_li, guide_wang):
    """Both guides have served their stores for long."""
    for guide in (guide_li, guide_wang):
        bound_since(guide, LONG_BEFORE)
    return guide_li, guide_wang


@pytest.fixture
def added(guides):
    """A customer without unionid who added Li first, then Wang."""
    contact = ContactFactory(unionid="", external_userid="wm1")
    oneid.drain()
    for guide, days in zip(guides, (60, 50), strict=True):
        AddEpisodeFactory(
            userid=guide.userid, external_userid="wm1", started_at=NOON - timedelta(days=days)
        )
    return contact


def unionid_learnt(contact, unionid):
    """WeCom tells the unionid of a contact."""
    ExternalContact.objects.filter(pk=contact.pk).update(unionid=unionid)
    record_changed("contact", [contact.pk])
    oneid.drain()
    settle()


def nothing_left_to_decide():
    """Tell whether deciding everything again would change nothing."""
    return orders_decide(Order.objects.values_list("pk", flat=True)) == 0


def test_a_unionid_that_is_learnt_later_decides_the_order_that_was_there_before(added, guides):
    # given a touch by external_userid, and an order by unionid that nobody could join
    li, _wang = guides
    touch(
        "e1", parameter=token(li), at=NOON - timedelta(hours=1), unionid="", external_userid="wm1"
    )
    order("A1", unionid="u1")
    settle()
    assert credit_of("A1").reason == "nobody"

    # when WeCom tells the unionid
    unionid_learnt(added, "u1")

    # then the order is hers at once, and nothing stays noted
    assert (credit_of("A1").member, credit_of("A1").rule) == (li, "last_touch")
    assert not IdentityChange.objects.exists()
    assert nothing_left_to_decide()

    # and when the unionid turns out to be another one, it is nobody's again
    unionid_learnt(added, "u2")
    assert credit_of("A1").reason == "nobody"
    assert nothing_left_to_decide()


def test_a_member_who_joins_by_unionid_later_brings_the_bound_guide(added, guides, company):
    # given an order of a customer whose store is not known
    li, _wang = guides
    unionid_learnt(added, "u1")
    order("A1", unionid="u1")
    settle()
    assert credit_of("A1").reason == "nobody"

    # when the CRM tells of the member without a store, then with one
    crm_member("M1", unionid="u1")
    oneid.drain()
    settle()
    assert credit_of("A1").reason == "nobody"
    crm_member("M1", store_code="S1")
    oneid.drain()
    settle()

    # then the guide bound in that store has it
    assert (credit_of("A1").member, credit_of("A1").rule) == (li, "bound_guide")
    assert not FormerStore.objects.exists()
    assert nothing_left_to_decide()


def test_records_that_a_person_takes_apart_take_the_credit_with_them(added, guides, hq_ops):
    # given an order that is Li's because customer and member share a unionid
    li, _wang = guides
    unionid_learnt(added, "u1")
    crm_member("M1", unionid="u1")
    oneid.drain()
    touch(
        "e1", parameter=token(li), at=NOON - timedelta(hours=1), unionid="", external_userid="wm1"
    )
    order("A1", member_no="M1")
    settle()
    assert credit_of("A1").member == li

    # when somebody tells them apart
    member = CrmMember.objects.get()
    person = PersonLink.objects.get(record_id=member.pk).person
    oneid_services.person_split(person, [member.pk], actor=hq_ops, reason="two people")
    settle()

    # then it is as if they had never been together
    assert nothing_left_to_decide()


def test_a_sale_counts_by_the_store_the_buyer_had_when_it_was_paid(added, guides):
    # given a sale by the bound guide of the buyer's store
    li, wang = guides
    crm_member("M1", unionid="u1", store_code="S1")
    unionid_learnt(added, "u1")
    order("A1", member_no="M1")
    settle()
    assert credit_of("A1").member == li
    before = by_place()

    # when the CRM moves the member, months later a yuan is given back, and all is decided again
    crm_member("M1", store_code="S2")
    oneid.drain()
    settle()
    assert by_place() == before
    refund("R1", "A1", "1.00", at=NOON + timedelta(days=70))
    settle()

    # then the sale is still Li's; what is bought from now on is Wang's
    assert by_guide() == {li.pk: Decimal("99.00")}
    assert nothing_left_to_decide()
    order("A2", member_no="M1", paid=NOON + timedelta(days=400))
    settle()
    assert credit_of("A2").member == wang

    # and a member taken out of every store has none from then on, whatever follows
    crm_member("M1", store_code="")
    crm_member("M1", store_code="S1")
    assert list(FormerStore.objects.order_by("until").values_list("store_code", flat=True)) == [
        "S1",
        "S2",
        "",
    ]


def test_a_colleague_is_one_only_while_employed(guides):
    # given sales to somebody before they were hired, while employed, and after they left
    li, _wang = guides
    crm_member("M1", phone=PHONE, phone_verified=True)
    mine = token(li)
    for number, days in (("BEFORE", 0), ("WHILE", 10), ("AFTER", 30), ("BACK", 50)):
        order(number, member_no="M1", parameter=mine, paid=NOON + timedelta(days=days))
    settle()
    assert by_guide() == {li.pk: 4 * HUNDRED}

    # when the OA tells late of the hiring, the leaving and the hiring again
    employee("E1", PHONE, date(2026, 11, 25))
    settle()
    assert [credit_of(each).reason for each in ("BEFORE", "WHILE", "AFTER")] == [
        "",
        "staff",
        "staff",
    ]
    employee("E1", PHONE, date(2026, 12, 11), left=True)
    settle()
    employee("E1", PHONE, date(2027, 1, 1))
    refund("R1", "BEFORE", "1.00")
    settle()

    # then only what was bought while employed counts for nobody
    reasons = [credit_of(each).reason for each in ("BEFORE", "WHILE", "AFTER", "BACK")]
    assert reasons == ["", "staff", "", "staff"]
    assert by_guide() == {li.pk: 2 * HUNDRED - 1, None: 2 * HUNDRED}
    assert nothing_left_to_decide()


def test_a_parameter_of_a_guide_who_had_left_is_nobodys(guides):
    # given a guide whose account was deleted between two payments
    li, wang = guides
    mine = token(li)
    Member.objects.filter(pk=li.pk).update(status=Member.Status.LEFT, left_at=NOON)
    touch("e1", parameter=token(wang), at=NOON - timedelta(hours=1))
    order("A1", parameter=mine, unionid="u1", paid=NOON - timedelta(seconds=1))
    order("A2", parameter=mine, unionid="u1", paid=NOON + timedelta(days=90))

    # when they are drained
    settle()

    # then the first is hers, the second nobody's, never another guide's
    assert credit_of("A1").member == li
    assert (credit_of("A2").member, credit_of("A2").reason) == (None, "left")


def test_an_oa_that_tells_late_of_a_leaver_takes_back_what_was_paid_since(guides):
    # given an order of yesterday that is Wang's
    _li, wang = guides
    employee("E2", "", date(2026, 1, 1), userid=wang.userid)
    order("A1", parameter=token(wang))
    settle()
    assert credit_of("A1").member == wang

    # when the OA tells that she left the day before, then that it was a mistake
    employee("E2", "", NOON.date() - timedelta(days=1), left=True)
    settle()
    assert (credit_of("A1").member, credit_of("A1").reason) == (None, "left")
    employee("E2", "", date(2026, 1, 1))
    settle()

    # then it is hers again
    assert credit_of("A1").member == wang
    assert nothing_left_to_decide()


def test_a_parameter_of_a_guide_who_is_not_known_any_more_is_nobodys(guides):
    # given a valid parameter whose member's row is gone, and a touch of another guide
    li, wang = guides
    mine = token(li)
    Parameter.objects.update(member_id=999_999)
    touch("e1", parameter=token(wang), at=NOON - timedelta(hours=1))
    order("A1", parameter=mine, unionid="u1")

    # when it is drained
    settle()

    # then it is nobody's with the reason
    assert (credit_of("A1").member, credit_of("A1").reason) == (None, "gone")
