"""Levels, hysteresis and forecast as plain arithmetic."""

from collections.abc import Sequence
from dataclasses import dataclass

FORECAST_DAYS = 14


@dataclass(frozen=True)
class Limits:
    """`levels` in percent, ascending; a level is left `release` points below; `swap` takes off the codes."""

    limit: int
    levels: Sequence[int]
    swap: int
    release: int = 5


def level_of(used: int, held: int, limits: Limits) -> int:
    """Return the level an account stands at: the highest reached, or the one held until usage falls below it.

    >>> level_of(68, 70, Limits(100, (70, 85, 95), 95)), level_of(65, 70, Limits(100, (70, 85, 95), 95))
    (70, 0)
    """
    reached = max((each for each in limits.levels if _at_least(used, each, limits)), default=0)
    kept = max(
        (
            each
            for each in limits.levels
            if each <= held and _above(used, each - limits.release, limits)
        ),
        default=0,
    )
    return max(reached, kept)


def is_full(used: int, was_full: bool, limits: Limits) -> bool:  # noqa: FBT001 - a fact, not an option
    """Return whether the codes should leave an account out; it comes back `release` points below."""
    if _at_least(used, limits.swap, limits):
        return True
    return was_full and _above(used, limits.swap - limits.release, limits)


def places_left(used: int, limits: Limits) -> int:
    """Return how many customers fit before an account counts as full.

    >>> places_left(90, Limits(100, (70, 85, 95), 95)), places_left(99, Limits(100, (70, 85, 95), 95))
    (5, 0)
    """
    return max(0, -(-limits.swap * limits.limit // 100) - used)


def days_left(used: int, recent_adds: int, limit: int) -> int | None:
    """Return in how many days an account is full at the pace of the last 14 days; None without a pace."""
    if used >= limit:
        return 0
    if not recent_adds:
        return None
    return -(-(limit - used) * FORECAST_DAYS // recent_adds)


def _at_least(used: int, percent: int, limits: Limits) -> bool:
    return used * 100 >= percent * limits.limit


def _above(used: int, percent: int, limits: Limits) -> bool:
    return used * 100 > percent * limits.limit
