"""The ledger's arithmetic: whatever stood there, the missing lines make it right, and only they."""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from attribution.sales.ledger import Piece, Place, lines_missing

NOON = datetime(2026, 11, 21, 4, tzinfo=UTC)
DAY = date(2026, 11, 21)


def sale(amount: str, day: int = 0) -> Piece:
    return Piece("sale", "", Decimal(amount), NOON + timedelta(days=day), DAY + timedelta(days=day))


def back(number: str, amount: str, day: int = 1) -> Piece:
    moment, on = NOON + timedelta(days=day), DAY + timedelta(days=day)
    return Piece("refund", number, -Decimal(amount), moment, on)


def added_up(posted: dict[Place, Decimal], lines: list) -> dict[Place, Decimal]:
    sums = defaultdict(Decimal, posted)
    for line in lines:
        sums[line.place] += line.amount
    return {place: amount for place, amount in sums.items() if amount}


def test_a_sale_and_its_refund_are_posted_once():
    # given an empty ledger
    pieces = [sale("100.00"), back("R1", "30.00")]
    lines = lines_missing(pieces, member_id=1, store_id=7, posted={})

    # then two lines come, on their own days, and none the second time
    assert [
        (line.place.kind, line.amount, line.place.business_day, line.cause) for line in lines
    ] == [
        ("sale", Decimal("100.00"), DAY, "new"),
        ("refund", Decimal("-30.00"), DAY + timedelta(days=1), "new"),
    ]
    posted = added_up({}, lines)
    assert lines_missing(pieces, member_id=1, store_id=7, posted=posted) == []


def test_another_guide_and_another_amount_are_told_apart():
    # given a posted sale of guide 1
    posted = added_up({}, lines_missing([sale("100.00")], member_id=1, store_id=7, posted={}))

    # when the amount changes, only the difference is posted
    more = lines_missing([sale("120.00")], member_id=1, store_id=7, posted=posted)
    assert [(line.amount, line.cause) for line in more] == [(Decimal("20.00"), "changed")]

    # when it goes to guide 2, it is taken back from one and given to the other
    moved = lines_missing([sale("100.00")], member_id=2, store_id=7, posted=posted)
    assert [(line.place.member_id, line.amount, line.cause) for line in moved] == [
        (1, Decimal("-100.00"), "moved"),
        (2, Decimal("100.00"), "moved"),
    ]


def test_a_refund_that_went_to_another_order_is_taken_back():
    posted = added_up(
        {}, lines_missing([sale("9.00"), back("R1", "4.00")], member_id=1, store_id=7, posted={})
    )
    lines = lines_missing([sale("9.00")], member_id=1, store_id=7, posted=posted)
    assert [(line.place.source, line.amount, line.cause) for line in lines] == [
        ("R1", Decimal("4.00"), "changed")
    ]


money = st.decimals(min_value=0, max_value=1000, places=2)
states = st.tuples(
    money,
    st.integers(-3, 3),
    st.dictionaries(
        st.sampled_from(["R1", "R2", "R3"]), st.tuples(money, st.integers(0, 5)), max_size=3
    ),
    st.sampled_from([None, 1, 2]),
    st.sampled_from([None, 7]),
)


@given(st.lists(states, min_size=1, max_size=6))
def test_whatever_an_order_went_through_the_sums_are_those_of_its_last_state(history):
    # given an order that went through some states, posted after each
    posted: dict[Place, Decimal] = {}
    for amount, day, refunds, member, store in history:
        pieces = [sale(str(amount), day)] + [
            back(number, str(value), on) for number, (value, on) in refunds.items()
        ]
        lines = lines_missing(pieces, member_id=member, store_id=store, posted=posted)
        posted = added_up(posted, lines)

    # then the sums by place are as if only the last state had ever been
    straight = added_up({}, lines_missing(pieces, member_id=member, store_id=store, posted={}))
    assert posted == straight
    assert sum(posted.values(), Decimal(0)) == sum(piece.amount for piece in pieces)
