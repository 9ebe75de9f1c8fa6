"""The busiest window of a series of moments."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True)
class Busiest:
    """The window with most moments: how many, from the first to the last."""

    count: int
    first: datetime
    last: datetime


def busiest(moments: Sequence[datetime], seconds: int) -> Busiest | None:
    """Return the busiest half-open window of this length over ascending moments; the earliest of equals.

    Order of arrival does not matter: the caller gives all moments around the new one.
    """
    best: Busiest | None = None
    start = 0
    span = timedelta(seconds=seconds)
    for end, last in enumerate(moments):
        while last - moments[start] >= span:
            start += 1
        count = end - start + 1
        if best is None or count > best.count:
            best = Busiest(count, moments[start], last)
    return best
