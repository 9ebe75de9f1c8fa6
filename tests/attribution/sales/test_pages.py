"""The pages of sales, on the console and on the phone: own, other store, ex-employee; the till; the rules."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from attribution.sales.models import Credit, RuleSet
from attribution.sales.tasks import sales_trial_task
from contacts.directory.models import Member
from customers.crm.models import Order
from tests.cast import person
from tests.factories.customers import NOON
from tests.factories.sales import bound_since, credit_of, order, refund, settle, token

pytestmark = pytest.mark.django_db
LIST, RULES, PHONE = "/console/sales/", "/console/sales/rules/", "/h5/sales/"
TILL = f"{LIST}till/"
MONTH = {"month": "2026-11"}
DAYS = {"first": "2026-11-01", "last": "2026-11-30"}


@pytest.fixture
def sold(guide_li, guide_wang):
    """One order of each guide, one of nobody in store A, one of nobody nowhere; Li's is partly refunded."""
    for guide in (guide_li, guide_wang):
        bound_since(guide, NOON - timedelta(days=100))
    order("LI", parameter=token(guide_li), amount="100.00")
    order("WANG", parameter=token(guide_wang), amount="30.00")
    order("BAD", parameter="x" * 27, store_code="S1", amount="5.00")
    order("NONE", amount="1.00")
    refund("R1", "LI", "20.50")
    settle()


def get(user, url, **query):
    client = Client()
    client.force_login(user)
    return client.get(url, query, headers={"Accept-Language": "en"})


def post(user, url, **data):
    client = Client()
    client.force_login(user)
    return client.post(url, data)


def numbers(answer):
    assert answer.status_code == 200
    return {row.order.order_no for row in answer.context["list"].rows}


def test_each_sees_the_orders_of_their_guides_and_stores(
    sold, hq_ops, auditor, branch_ops, outsider, it_admin
):
    for user in (hq_ops, auditor):
        assert numbers(get(user, LIST, **DAYS)) == {"LI", "WANG", "BAD", "NONE"}
    assert numbers(get(branch_ops, LIST, **DAYS)) == {"LI", "WANG", "BAD"}
    assert numbers(get(outsider, LIST, **DAYS)) == set()
    assert get(it_admin, LIST).status_code == 403


def test_the_list_is_narrowed_by_everything_it_shows(sold, hq_ops):
    for query, expected in (
        ({"guide": "GUIDE_LI"}, {"LI"}), ({"store": "S1"}, {"LI", "BAD"}), ({"rule": "order_parameter"}, {"LI", "WANG"}),
        ({"whose": "nobody"}, {"BAD", "NONE"}), ({"whose": "nobody:tampered"}, {"BAD"}), ({"whose": "guide"}, {"LI", "WANG"}),
        ({"status": "partly_refunded"}, {"LI"}), ({"q": "LI"}, {"LI"}), ({"first": "2026-11-22", "last": ""}, set()),
    ):  # fmt: skip
        assert numbers(get(hq_ops, LIST, **{**DAYS, **query})) == expected, query


def test_the_till_agrees_for_the_company_and_for_a_branch(sold, hq_ops, branch_ops):
    # given the month
    till = get(hq_ops, TILL, **DAYS).context["till"]

    # then both sides are equal to the cent
    assert (till.guides, till.unattributed, till.paid, till.refunded) == (
        Decimal("109.50"), Decimal("6.00"), Decimal("136.00"), Decimal("20.50"),
    )  # fmt: skip
    assert till.is_even
    assert till.expected == till.ledger == Decimal("115.50")

    # and the branch's till has its own orders alone
    branch = get(branch_ops, TILL, **DAYS).context["till"]
    assert (branch.orders, branch.ledger, branch.is_even) == (3, Decimal("114.50"), True)

    # and a changed order that waits is said to wait
    order("LI", parameter=token(credit_of("LI").member), amount="101.00")
    waiting = get(hq_ops, TILL, **DAYS)
    assert (waiting.context["till"].waiting, waiting.context["till"].is_even) == (1, False)
    assert (
        "waits to be worked on" in waiting.content.decode() or "待处理" in waiting.content.decode()
    )


def test_the_list_asks_for_its_till_afterwards(sold, hq_ops, outsider, it_admin, guide_li):
    # given the list of some days
    with CaptureQueriesContext(connection) as queries:
        page = get(hq_ops, LIST, **DAYS).content.decode()

    # then it adds nothing up, and names the till of the same days
    assert f'hx-get="{TILL}?first=2026-11-01&amp;last=2026-11-30"' in page
    assert not [each for each in queries if "SUM(" in each["sql"].upper()]

    # and the till has the list's permission, a constant number of queries, and no minus before nothing
    with CaptureQueriesContext(connection) as queries:
        till = get(hq_ops, TILL, **DAYS)
    assert len([each for each in queries if "customers_order" in each["sql"]]) == 2
    assert "−¥20.50" in till.content.decode()
    assert "−¥0.00" not in get(outsider, TILL, **DAYS).content.decode()
    assert get(it_admin, TILL).status_code == get(guide_li.user, TILL).status_code == 403


def test_the_till_names_an_order_whose_ledger_disagrees(sold, hq_ops):
    Order.objects.filter(order_no="WANG").update(amount=Decimal("31.00"))

    till = get(hq_ops, TILL, **DAYS).context["till"]

    assert (till.unequal, till.difference, till.is_even) == (1, Decimal("-1.00"), False)


def test_an_order_says_why_and_is_hidden_from_other_branches(
    sold, branch_ops, outsider, guide_wang
):
    number = credit_of("LI").order_id
    answer = get(branch_ops, f"{LIST}orders/{number}/")
    assert answer.status_code == 200
    assert [line.amount for line in answer.context["lines"]] == [
        Decimal("100.00"),
        Decimal("-20.50"),
    ]
    assert get(outsider, f"{LIST}orders/{number}/").status_code == 404
    assert get(guide_wang.user, f"{PHONE}{number}/").status_code == 404


def test_a_guide_sees_the_month_of_her_own(sold, guide_li):
    answer = get(guide_li.user, PHONE, **MONTH)
    figures = answer.context["figures"]
    assert (figures.orders, figures.sales, figures.refunds, figures.net) == (
        1, Decimal("100.00"), Decimal("20.50"), Decimal("79.50"),
    )  # fmt: skip
    assert [row.credit.order.order_no for row in answer.context["rows"]] == ["LI"]
    assert get(guide_li.user, f"{PHONE}{credit_of('LI').order_id}/").status_code == 200
    assert get(guide_li.user, f"{PHONE}{credit_of('BAD').order_id}/").status_code == 404
    # and the month before has nothing, in words
    empty = get(guide_li.user, PHONE, month="2026-10")
    assert (empty.context["figures"].orders, empty.context["rows"]) == (0, [])


def test_a_manager_sees_the_store_and_what_is_nobodys_there(sold, company):
    manager = person("manager", "store_manager", company.store_a)
    answer = get(manager, PHONE, **MONTH)
    assert {row.credit.order.order_no for row in answer.context["rows"]} == {"LI", "BAD"}
    guides = [
        (each.member.userid if each.member else None, each.net) for each in answer.context["guides"]
    ]
    assert guides == [("guide_li", Decimal("79.50")), (None, Decimal("5.00"))]


def test_an_ex_guide_sees_nothing_on_the_phone(sold, guide_li):
    Member.objects.filter(pk=guide_li.pk).update(status=Member.Status.LEFT)
    answer = get(guide_li.user, PHONE)
    assert answer.status_code in {302, 403}
    assert "100.00" not in answer.content.decode()


def test_headquarters_drafts_tries_and_puts_rules_in_force(sold, hq_ops):
    # given the form of a new version, as it stands, with one rule less
    form = {"rule_1": "order_parameter", "days_1": "0", "rule_2": "last_touch", "days_2": "7",
            "applies_from": "2026-11-01", "note": "shorter window"}  # fmt: skip
    answer = post(hq_ops, f"{RULES}new/", **form)
    draft = RuleSet.objects.get(version=2)
    assert (answer.status_code, answer.url) == (302, f"{RULES}{draft.pk}/")
    assert draft.rules == [
        {"rule": "order_parameter", "window_days": 0}, {"rule": "last_touch", "window_days": 7},
    ]  # fmt: skip

    # when its trial ran, the page shows the difference and offers the button
    sales_trial_task(str(draft.trial_job_id))
    page = get(hq_ops, f"{RULES}{draft.pk}/")
    assert page.context["shown"].orders == 4
    sure = re.search('data-confirm="([^"]*)"', page.content.decode())
    assert sure is not None
    assert "2026-11-01" in sure[1]
    assert str(page.context["shown"].changed) in sure[1]
    assert post(hq_ops, f"{RULES}{draft.pk}/act/", act="activate").status_code == 302
    draft.refresh_from_db()
    assert draft.state == "active"
    assert get(hq_ops, RULES).context["active"] == draft


def test_nobody_else_changes_rules(sold, branch_ops, auditor, outsider):
    draft_of = {"rule_1": "last_touch", "days_1": "7", "applies_from": "2026-11-01", "note": "x"}
    for user in (branch_ops, auditor, outsider):
        assert get(user, RULES).status_code == 200
        assert get(user, f"{RULES}new/").status_code == 403
        assert post(user, f"{RULES}new/", **draft_of).status_code == 403
        active = RuleSet.objects.get()
        assert post(user, f"{RULES}{active.pk}/act/", act="discard").status_code == 403
    assert RuleSet.objects.count() == 1


def test_wrong_days_and_twice_the_same_rule_are_said_beside_the_field(sold, hq_ops):
    answer = post(
        hq_ops,
        f"{RULES}new/",
        rule_1="last_touch",
        days_1="400",
        applies_from="1999-01-01",
        note="",
    )
    assert answer.status_code == 422
    assert set(answer.context["form"].errors) == {"days_1", "applies_from", "note"}
    twice = {
        "rule_1": "last_touch",
        "rule_2": "last_touch",
        "applies_from": "2026-11-21",
        "note": "x",
    }
    assert post(hq_ops, f"{RULES}new/", **twice).status_code == 422
    assert get(hq_ops, f"{LIST}?first=2026-99-99&last=x").status_code == 200
    assert RuleSet.objects.filter(state="draft").count() == 0


def test_lists_cost_the_same_queries_whatever_their_length(
    sold, hq_ops, guide_li, django_assert_max_num_queries
):
    def cost():
        with django_assert_max_num_queries(40) as console:
            get(hq_ops, LIST)
        with django_assert_max_num_queries(40) as phone:
            get(guide_li.user, PHONE, **MONTH)
        return len(console), len(phone)

    few = cost()
    for number in range(15):
        order(f"N{number}", parameter=token(guide_li))
    settle()
    assert Order.objects.count() == 19
    many = cost()
    assert many[0] <= few[0]
    assert many[1] <= few[1]


def test_the_list_holds_the_days_of_its_till(sold, hq_ops):
    # given an order of last month
    from_last_month = timezone.localdate().replace(day=1) - timedelta(days=1)
    Credit.objects.update(business_day=timezone.localdate())
    credit = Credit.objects.filter(member__isnull=False).first()
    Credit.objects.filter(pk=credit.pk).update(business_day=from_last_month)

    def listed(**query):
        answer = get(hq_ops, LIST, **query)
        return {row.pk for row in answer.context["list"].rows}, answer.context["first"]

    # then without days it is this month's, in list and till; by its number it is found
    assert credit.pk not in listed()[0]
    assert listed()[1] == timezone.localdate().replace(day=1)
    assert listed(q=credit.order.order_no)[0] == {credit.pk}
    assert credit.pk in listed(first=str(from_last_month))[0]
    # and refused days leave this month, in both
    wrong = get(hq_ops, LIST, first="2030-01-01", last="2020-01-01")
    assert list(wrong.context["list"].filter.form.errors) == ["last"]
    assert ({row.pk for row in wrong.context["list"].rows}, wrong.context["first"]) == listed()


def test_what_is_nobodys_does_not_count(sold, hq_ops):
    nobodys = Credit.objects.filter(member=None).first()

    client = Client()
    client.force_login(hq_ops)
    client.cookies["django_language"] = "en"
    page = client.get(reverse("sales:detail", args=[nobodys.order_id])).content.decode()

    assert ("Not attributed" in page, ">Counts<" in page) == (True, False)
