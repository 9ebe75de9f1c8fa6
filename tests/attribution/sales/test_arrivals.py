"""Property: whatever arrives in whatever order, under whatever rules, the ledger is that of the facts."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from attribution.sales.deciding import Step
from attribution.sales.models import CreditLine, RuleSet
from attribution.sales.rules import ruleset_draft
from attribution.sales.selectors import reconciliation
from attribution.sales.services import orders_decide
from customers.crm.models import Order
from customers.relations.models import ExternalContact
from customers.relations.noting import record_changed
from scrm.core.scope import SYSTEM_SCOPE
from tests.factories import oneid
from tests.factories.attribution import AddEpisodeFactory
from tests.factories.customers import NOON
from tests.factories.sales import (
    bound_since,
    by_guide,
    by_place,
    crm_member,
    employee,
    money_of_orders,
    order,
    refund,
    settle,
    token,
    touch,
)

pytestmark = pytest.mark.django_db

PHONE = "+8613800000001"
money = st.decimals(min_value="0.00", max_value="500.00", places=2).map(str)
days = st.integers(-20, 20)
acts = st.one_of(
    st.tuples(
        st.just("order"), st.sampled_from("ABC"), money, days, st.sampled_from(["", "li", "wang", "bad"])
    ),
    st.tuples(
        st.just("refund"), st.sampled_from("RST"), st.sampled_from("ABC"),
        money.filter(lambda amount: Decimal(amount) > 0), days,
    ),
    st.tuples(st.just("touch"), st.integers(0, 4), days, st.sampled_from(["li", "wang"])),
    st.tuples(
        st.just("rules"),
        st.lists(
            st.sampled_from([Step("bound_guide"), Step("order_parameter"), Step("last_touch", 5), Step("first_touch", 0), Step("store_owner")]),
            min_size=1, max_size=3, unique=True,
        ),
        days,
    ),
    st.tuples(st.just("settle")),
    st.tuples(st.just("contact"), st.sampled_from(["", "u1", "u2"])),
    st.tuples(
        st.just("member"), st.sampled_from(["", "S1", "S2"]), st.sampled_from(["", "u1"]),
        st.sampled_from(["", PHONE]),
    ),
    st.tuples(st.just("met"), st.integers(0, 4), days, st.sampled_from(["li", "wang"])),
    st.tuples(st.just("employed"), days, st.booleans(), st.booleans()),
    st.tuples(st.just("oneid")),
)  # fmt: skip


class World:
    """Plays acts; what is sent again with the same name replaces the former."""

    def __init__(self, tokens):
        self.tokens = tokens

    def play(self, act):
        getattr(self, act[0])(*act[1:])

    def order(self, number, amount, day, parameter):
        paid = NOON + timedelta(days=day)
        order(
            number,
            amount=amount,
            paid=paid,
            unionid="u1",
            store_code="S1",
            parameter=self.tokens[parameter],
        )

    def refund(self, number, order_no, amount, day):
        refund(number, order_no, amount, at=NOON + timedelta(days=day))

    def touch(self, number, day, guide):
        # An event's id means one event: its name holds all it says.
        touch(
            f"e{number}-{day}-{guide}", parameter=self.tokens[guide], at=NOON + timedelta(days=day)
        )

    def met(self, number, day, guide):
        """A touch that names the WeCom customer only."""
        touch(
            f"m{number}-{day}-{guide}", parameter=self.tokens[guide], at=NOON + timedelta(days=day),
            unionid="", external_userid="wm1",
        )  # fmt: skip

    def contact(self, unionid):
        """WeCom tells of the customer, perhaps with another unionid than before."""
        row, _new = ExternalContact.objects.update_or_create(
            external_userid="wm1", defaults={"unionid": unionid, "observed_at": NOON}
        )
        record_changed("contact", [row.pk])

    def member(self, store_code, unionid, phone):
        crm_member("M1", store_code=store_code, unionid=unionid, phone=phone)

    def employed(self, day, left, is_guide):
        """The OA tells of a colleague: the buyer, or Li."""
        number, phone, userid = ("E2", "", "guide_li") if is_guide else ("E1", PHONE, "")
        employee(number, phone, (NOON + timedelta(days=day)).date(), left=left, userid=userid)

    def oneid(self):
        oneid.drain()

    def rules(self, steps, day):
        """Put a version in force as activation does, and decide its orders again."""
        first = NOON.date() + timedelta(days=day)
        draft = ruleset_draft(steps, applies_from=first, note="", actor=None)
        RuleSet.objects.filter(state="active").update(state="former")
        RuleSet.objects.filter(pk=draft.pk).update(state="active", activated_at=NOON)
        orders_decide(Order.objects.values_list("pk", flat=True))

    def settle(self):
        settle()


@settings(
    max_examples=60,
    phases=[Phase.explicit, Phase.generate],
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(acts, min_size=1, max_size=14))
def test_guides_and_nobody_together_are_orders_less_refunds_and_no_arrival_matters(
    guide_li, guide_wang, company, history
):
    with transaction.atomic():
        # given any history of orders, refunds, changes, late touches and changed rules, while WeCom, the
        # CRM and the OA say bit by bit who the buyer is
        for guide in (guide_li, guide_wang):
            bound_since(guide, NOON - timedelta(days=100))
        tokens = {"": "", "li": token(guide_li), "wang": token(guide_wang), "bad": "x" * 27}
        world = World(tokens)
        AddEpisodeFactory(
            userid="guide_li", external_userid="wm1", started_at=NOON - timedelta(days=60)
        )
        AddEpisodeFactory(
            userid="guide_wang", external_userid="wm1", started_at=NOON - timedelta(days=50)
        )
        for act in history:
            world.play(act)
        oneid.drain()
        settle()

        # then Σ guides + unattributed = Σ orders − refunds, to the cent, also by the page's till
        assert sum(by_guide().values(), Decimal(0)) == money_of_orders()
        till = reconciliation(SYSTEM_SCOPE, date(2026, 10, 1), date(2026, 12, 31))
        assert till.is_even
        assert till.expected == money_of_orders()
        arrived = by_place()

        # and deciding all again posts nothing, and on an empty ledger gives the same sums
        posted = CreditLine.objects.count()
        assert orders_decide(Order.objects.values_list("pk", flat=True)) == 0
        assert CreditLine.objects.count() == posted
        assert arrived == afresh()
        transaction.set_rollback(True)


def afresh():
    """Return the sums as if all had been known before the first order was decided."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("TRUNCATE attribution_creditline")
        cursor.execute("TRUNCATE attribution_credit")
    orders_decide(Order.objects.values_list("pk", flat=True))
    return by_place()
