"""What a figure of the home page is, and how one is made."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.utils import timezone

from scrm.core.scope import Scope

TREND_DAYS = 7


@dataclass(frozen=True)
class Figure:
    """A number with its words; `waiting` counts what somebody has to act on."""

    label: str
    definition: str
    value: int
    note: str = ""
    url_name: str = ""
    # The filters of that page that leave exactly the rows counted here.
    query: Mapping[str, str] = field(default_factory=dict)
    waiting: int = 0
    waiting_text: str = ""
    # One number a day, the last one is today's.
    trend: tuple[int, ...] = ()
    # The value in other words than a whole number: an amount of money.
    text: str = ""


@dataclass(frozen=True)
class Provider:
    """How one figure is made, who may see it, and whether it is a card or only a to-do."""

    key: str
    permission: str
    build: Callable[[Scope], Figure]
    is_card: bool = True


def today() -> datetime:
    """The last local midnight: a business day ends there."""
    return timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)


def trend_days() -> list[date]:
    """The last seven business days, today last."""
    last = today().date()
    return [last - timedelta(days=number) for number in reversed(range(TREND_DAYS))]
