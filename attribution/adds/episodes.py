"""The one rule that turns a pair's events into episodes; pure, so that no order of arrival can matter."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from operator import attrgetter

ADD, HALF_ADD = "add", "half_add"
ADDITIONS = frozenset({ADD, HALF_ADD})
HANDED_ON = "transferred"
DELETIONS = frozenset({"del_by_member", "del_by_customer", HANDED_ON})


@dataclass(frozen=True, order=True)
class Fact:
    """One event of a pair: when (whole seconds of WeCom's clock), what, from which source."""

    occurred_at: datetime
    kind: str
    state: str = ""


@dataclass(frozen=True)
class Episode:
    """One making of the relation; `ended_at` is None while it lives, `confirmed_at` None while only half-added.

    `handed_on` tells that it ended because the customer went to another member: no loss.
    """

    started_at: datetime
    state: str
    confirmed_at: datetime | None = None
    ended_at: datetime | None = None
    handed_on: bool = False


def episodes_of(facts: Iterable[Fact]) -> list[Episode]:
    """Return the episodes of a pair, oldest first.

    An addition begins one unless one is open; a further addition (half, then full) belongs to the open one,
    and gives its source when the first had none. A deletion ends it. Within one second an open episode is
    first ended and then begun anew; without an open one it is begun and then ended.
    """
    episodes: list[Episode] = []
    is_open = False
    for moment, group in groupby(sorted(set(facts)), key=attrgetter("occurred_at")):
        same_second = list(group)
        added = [fact for fact in same_second if fact.kind in ADDITIONS]
        deletions = [fact.kind for fact in same_second if fact.kind in DELETIONS]
        deleted, handed_on = bool(deletions), HANDED_ON in deletions
        was_open = is_open
        if deleted and was_open:
            episodes[-1] = replace(episodes[-1], ended_at=moment, handed_on=handed_on)
            is_open = False
        if added:
            if not is_open:
                episodes.append(Episode(moment, ""))
                is_open = True
            episodes[-1] = _joined(episodes[-1], added, moment)
        if deleted and not was_open and is_open:
            episodes[-1] = replace(episodes[-1], ended_at=moment, handed_on=handed_on)
            is_open = False
    return episodes


def _joined(episode: Episode, added: list[Fact], moment: datetime) -> Episode:
    state = episode.state or next((fact.state for fact in added if fact.state), "")
    confirmed = episode.confirmed_at or (
        moment if any(fact.kind == ADD for fact in added) else None
    )
    return replace(episode, state=state, confirmed_at=confirmed)
