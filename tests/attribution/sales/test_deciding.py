"""The pure decision: every rule, what ends the matter, and that order of arrival cannot matter."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attribution.sales.deciding import (
    AddFact,
    CarriedParameter,
    OrderFacts,
    Step,
    TouchFact,
    decide,
)

PAID = datetime(2026, 11, 21, 4, tzinfo=UTC)
RULES = (
    Step("order_parameter"),
    Step("last_touch", 15),
    Step("first_touch", 30),
    Step("bound_guide"),
    Step("store_owner"),
)


def touched(member: int, days: float, name: str = "") -> TouchFact:
    # An event's id names one event: never two guides.
    return TouchFact(PAID - timedelta(days=days), f"{name}{member}", "product_view", member)


def added(member: int, days: float, store: int | None = 7, lasted: float | None = None) -> AddFact:
    began = PAID - timedelta(days=days)
    return AddFact(began, member, store, None if lasted is None else began + timedelta(days=lasted))


def test_the_first_rule_that_finds_a_guide_wins_and_the_others_are_named():
    # given an order with a parameter, touches of two guides, a bound guide and a store
    facts = OrderFacts(
        PAID,
        parameter=CarriedParameter("", 5, 1, 7),
        home_store_id=7,
        touches=(touched(2, 1), touched(3, 2), touched(2, 3)),
        adds=(added(4, 200),),
        owners=(4, 5, 6, 8),
    )

    # when it is decided
    decision = decide(facts, RULES)

    # then the parameter's guide has it, and five others are kept with their rule, each once
    assert (decision.member_id, decision.rule, decision.evidence) == (
        1,
        "order_parameter",
        {"parameter_id": 5},
    )
    assert [(each["member_id"], each["rule"]) for each in decision.losers] == [
        (2, "last_touch"),
        (3, "last_touch"),
        (4, "bound_guide"),
        (5, "store_owner"),
        (6, "store_owner"),
    ]


@pytest.mark.parametrize("state", ["tampered", "expired"])
def test_a_parameter_that_does_not_hold_gives_the_order_to_nobody_whatever_else_is_known(state):
    # given an order with such a parameter, and a guide whom every other rule would find
    facts = OrderFacts(
        PAID,
        parameter=CarriedParameter(state),
        home_store_id=7,
        touches=(touched(2, 1),),
        adds=(added(2, 9),),
        owners=(2,),
    )

    # when it is decided, also by rules that do not ask for the order's parameter
    decisions = [decide(facts, RULES), decide(facts, RULES[1:])]

    # then it is nobody's, and the guide stands among those who had a claim
    for decision in decisions:
        assert (decision.member_id, decision.rule, decision.reason) == (None, "", state)
        assert [each["member_id"] for each in decision.losers] == [2]


def test_what_a_colleague_buys_is_nobodys():
    decision = decide(OrderFacts(PAID, is_staff=True, touches=(touched(2, 1),)), RULES)
    assert (decision.member_id, decision.reason) == (None, "staff")


def test_without_any_claim_the_order_says_so():
    decision = decide(OrderFacts(PAID), RULES)
    assert (decision.member_id, decision.reason, decision.losers) == (None, "nobody", ())


@pytest.mark.parametrize(
    # The last one lies in the second of the payment: tills know no fractions.
    ("days", "found"),
    [(0, 2), (15, 2), (15.0001, None), (-0.0001, None), (-0.9 / 86_400, 2)],
)
def test_a_touch_counts_inside_of_the_window_up_to_the_payment(days, found):
    facts = OrderFacts(PAID, touches=(touched(2, days),))
    assert decide(facts, [Step("last_touch", 15)]).member_id == found


def test_last_and_first_touch_pick_the_ends_and_a_window_of_zero_has_no_limit():
    facts = OrderFacts(PAID, touches=(touched(2, 400), touched(3, 5), touched(4, 1)))
    assert decide(facts, [Step("last_touch", 0)]).member_id == 4
    assert decide(facts, [Step("first_touch", 0)]).member_id == 2
    assert decide(facts, [Step("first_touch", 30)]).member_id == 3


def test_the_bound_guide_is_the_first_add_in_the_buyers_store_that_still_lasts():
    # given adds: in another store, one that ended, two that last, one after the payment
    adds = (
        added(1, 90, store=8),
        added(2, 80, lasted=10),
        added(3, 70),
        added(4, 60),
        added(5, -1),
    )

    # then the older of the lasting ones in the store is the bound guide
    decision = decide(OrderFacts(PAID, home_store_id=7, adds=adds), [Step("bound_guide")])
    assert decision.member_id == 3
    assert [each["member_id"] for each in decision.losers] == [4]

    # and without a store nobody is bound
    assert decide(OrderFacts(PAID, adds=adds), [Step("bound_guide")]).member_id is None


touches = st.builds(
    touched, st.integers(1, 6), st.sampled_from([-1, 0, 1, 1, 2, 14, 15, 16, 40]),
    st.sampled_from(["a", "b", "c", "d"]),
)  # fmt: skip
adds = st.builds(
    added, st.integers(1, 6), st.sampled_from([-1, 1, 5, 9]), st.sampled_from([7, 8, None]),
    st.sampled_from([None, 0.5, 20]),
)  # fmt: skip


@given(
    st.lists(touches, max_size=8),
    st.lists(adds, max_size=5),
    st.permutations(RULES),
    st.randoms(use_true_random=False),
)
def test_the_decision_depends_on_the_facts_and_not_on_their_order(some, others, rules, chance):
    # given facts in two orders
    mixed, mixed_adds = list(some), list(others)
    chance.shuffle(mixed)
    chance.shuffle(mixed_adds)

    # when each is decided
    one = decide(OrderFacts(PAID, home_store_id=7, touches=some, adds=others, owners=(9,)), rules)
    two = decide(
        OrderFacts(PAID, home_store_id=7, touches=mixed, adds=mixed_adds, owners=(9,)), rules
    )

    # then the guide and the rule are the same, nobody stands twice, and at most five lose
    assert (one.member_id, one.rule, one.reason) == (two.member_id, two.rule, two.reason)
    assert [each["member_id"] for each in one.losers] == [each["member_id"] for each in two.losers]
    named = [one.member_id, *(each["member_id"] for each in one.losers)]
    assert len(named) == len(set(named)) <= 6
