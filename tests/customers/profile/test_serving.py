"""How to serve: plain rules, each with its reason."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.utils.translation import override

from customers.profile.serving import Rule, ServeFacts, default_rules, serve_line

TODAY = date(2026, 11, 21)
# An ordinary customer: bought two months ago, nothing pending.
CALM = ServeFacts(
    today=TODAY, bought_on=TODAY - timedelta(days=60), orders=2, added_on=TODAY, is_member=True
)


def texts(facts: ServeFacts) -> list[str]:
    """Return the hints in English."""
    with override("en"):
        return [hint.text for hint in serve_line(facts)]


def test_nothing_special() -> None:
    assert texts(CALM) == []


@pytest.mark.parametrize(
    ("changes", "hint"),
    [
        ({"promised_on": TODAY}, "Keep the promise in the follow-up note."),
        (
            {"refunded_on": TODAY - timedelta(days=30)},
            "Ask whether the return went well before you offer anything.",
        ),
        (
            {"coupon": "Ten off", "coupon_until": TODAY + timedelta(days=7)},
            "Mention the coupon “Ten off”.",
        ),
        ({"bought_on": TODAY, "bought": "Coat"}, "Ask how “Coat” suits."),
        ({"bought_on": TODAY}, "Ask whether the purchase fits."),
        ({"bought_on": TODAY - timedelta(days=180)}, "Say hello again with something new."),
        (
            {"sizes": (("M", 2),), "colours": (("red", 1), ("blue", 1))},
            "Show what there is in M.",
        ),
        (
            {"bought_on": None, "orders": 0},
            "Introduce yourself and ask what they are looking for.",
        ),
        ({"is_member": False}, "Offer the membership."),
    ],
)
def test_each_rule(changes: dict[str, object], hint: str) -> None:
    assert texts(replace(CALM, **changes)) == [hint]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changes",
    [
        {"promised_on": TODAY + timedelta(days=1)},
        {"refunded_on": TODAY - timedelta(days=31)},
        {"coupon": "Old", "coupon_until": TODAY - timedelta(days=1)},
        {"coupon": "Later", "coupon_until": TODAY + timedelta(days=8)},
        {"sizes": (("M", 1),)},
        {"bought_on": None, "orders": 0, "is_member": False, "knows_sales": False},
    ],
)
def test_what_does_not_count(changes: dict[str, object]) -> None:
    assert texts(replace(CALM, **changes)) == []  # type: ignore[arg-type]


def test_at_most_three_the_most_pressing_first() -> None:
    busy = replace(
        CALM,
        promised_on=TODAY,
        refunded_on=TODAY,
        coupon="Ten off",
        coupon_until=TODAY,
        bought_on=TODAY,
        is_member=False,
    )

    assert len(texts(busy)) == 3
    assert texts(busy)[0] == "Keep the promise in the follow-up note."


def test_who_does_not_want_contact_gets_only_that() -> None:
    with override("en"):
        (hint,) = serve_line(replace(CALM, stopped="asked by phone", promised_on=TODAY))

    assert hint.text == "Do not contact this customer; answer when they write."
    assert hint.why == "asked by phone"


def test_rules_are_data_switched_off_moved_and_added() -> None:
    # given a buyer of today without a membership, with a tag the company has a rule for
    facts = replace(CALM, bought_on=TODAY, is_member=False, tags=frozenset({"VIP"}))
    known = {rule.code: rule for rule in default_rules()}
    own = Rule("", 1, when="tag", value="VIP", text="Offer tea.")
    others = Rule("", 2, when="level", value="gold", text="Never said.")
    worded = replace(known["enrol"], text="Ask them to join.")

    with override("en"):
        line = serve_line(facts, [worded, replace(known["fresh"], is_active=False), others, own])

    assert [(hint.text, hint.why) for hint in line] == [
        ("Offer tea.", "Has the tag “VIP”."),
        ("Ask them to join.", "No CRM member is known for this person."),
    ]
