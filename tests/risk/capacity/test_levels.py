"""Levels are told once, and again only after usage fell five points below."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk.capacity.levels import Limits, days_left, is_full, level_of
from risk.capacity.wording import alert_words

LIMITS = Limits(limit=1000, levels=(70, 85, 95), swap=95)


@pytest.mark.parametrize(
    ("used", "held", "level"),
    [
        (699, 0, 0),
        (700, 0, 70),
        (849, 70, 70),
        (850, 70, 85),
        (950, 0, 95),
        (1200, 85, 95),
        (801, 85, 85),
        (800, 85, 70),
        (651, 70, 70),
        (650, 70, 0),
        (901, 95, 95),
        (900, 95, 85),
    ],
)
def test_a_level_is_reached_at_once_and_left_five_points_below(
    used: int, held: int, level: int
) -> None:
    assert level_of(used, held, LIMITS) == level


@given(st.lists(st.integers(0, 1100), max_size=60))
def test_between_two_alerts_of_a_level_usage_was_five_points_below(series: list[int]) -> None:
    held, lowest = 0, dict.fromkeys(LIMITS.levels, 0)
    told: set[int] = set()
    for used in series:
        level = level_of(used, held, LIMITS)
        for each in LIMITS.levels:
            lowest[each] = min(lowest[each], used) if each in told else used
        if level > held:
            assert used >= level * 10
            if level in told:
                assert lowest[level] <= (level - 5) * 10
            told.add(level)
            lowest[level] = used
        held = level


def test_a_full_account_comes_back_five_points_below() -> None:
    assert [is_full(used, False, LIMITS) for used in (949, 950)] == [False, True]
    assert [is_full(used, True, LIMITS) for used in (901, 900)] == [True, False]


@pytest.mark.parametrize(
    ("used", "recent", "days"), [(0, 0, None), (1000, 5, 0), (300, 140, 70), (999, 1000, 1)]
)
def test_the_forecast_is_the_pace_of_14_days(used: int, recent: int, days: int | None) -> None:
    assert days_left(used, recent, 1000) == days


def test_the_words_are_the_agreed_ones() -> None:
    words = alert_words("zh-hans", name="李娜", userid="guide_li", percent=70)
    assert words == "李娜(账号:guide_li)客户容量已达到70%,请及时处理。"
    assert alert_words("zh-hans", name="{userid}{percent}", userid="x", percent=85) == (
        "{userid}{percent}(账号:x)客户容量已达到85%,请及时处理。"
    )
    assert alert_words("en", name="Li Na", userid="li", percent=95) == (
        "Li Na (account: li) has reached 95% of its customer capacity. Please act in time."
    )
