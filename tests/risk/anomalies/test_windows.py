"""The busiest window does not depend on the order in which events came."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from risk.anomalies.windows import busiest

NOON = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)


def at(*seconds: int) -> list[datetime]:
    return [NOON + timedelta(seconds=each) for each in seconds]


def test_the_window_is_half_open() -> None:
    found = busiest(at(0, 59, 60, 61), 60)
    assert found is not None
    assert (found.count, found.first, found.last) == (3, *at(59, 61))
    assert busiest([], 60) is None


@given(st.lists(st.integers(0, 400), min_size=1, max_size=80), st.integers(1, 120))
def test_it_finds_what_counting_finds(seconds: list[int], length: int) -> None:
    found = busiest(at(*sorted(seconds)), length)

    assert found is not None
    assert found.count == max(
        sum(start <= each < start + length for each in seconds) for start in seconds
    )
