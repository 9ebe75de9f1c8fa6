"""The figures of entries told in plain Python, person by person: what PostgreSQL's counting must equal."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from attribution.entries.rates import Counts
from attribution.entries.visiting import KINDS

Group = TypeVar("Group", bound=Hashable)
Person = str


@dataclass(frozen=True)
class Seen:
    """One visit as the figures need it; identities that are not known are empty."""

    kind: str
    entry_id: int | None
    store_id: int | None
    unionid: str = ""
    external_userid: str = ""
    visitor_id: str = ""


@dataclass(frozen=True)
class Added:
    """One add through the code of an entry at a store."""

    entry_id: int
    store_id: int
    external_userid: str


@dataclass
class Figures:
    """People by step; each person counts once in each step, whatever surfaces and devices were used."""

    viewers: set[Person] = field(default_factory=set)
    entry_clickers: set[Person] = field(default_factory=set)
    leadin_viewers: set[Person] = field(default_factory=set)
    add_clickers: set[Person] = field(default_factory=set)
    added: set[Person] = field(default_factory=set)

    def counts(self) -> Counts:
        """Return how many they are."""
        return Counts(
            viewers=len(self.viewers),
            entry_clickers=len(self.entry_clickers),
            leadin_viewers=len(self.leadin_viewers),
            add_clickers=len(self.add_clickers),
            added=len(self.added),
            matched=len(self.added & self.leadin_viewers),
        )


@dataclass(frozen=True)
class Told:
    """Visits and adds with the person behind each: found once, grouped in several ways."""

    visits: list[tuple[Seen, Person]]
    adds: list[tuple[Added, Person]]


def told(visits: Iterable[Seen], adds: Iterable[Added], people: Mapping[str, Person]) -> Told:
    """Return who is behind each visit and add.

    `people` names the person behind "u:<unionid>" and "x:<external_userid>" where OneID knows one. A device
    (`visitor_id`) that was seen with exactly one person is that person also where it did not say so.
    """
    said = [(visit, _person(visit, people)) for visit in visits if visit.kind in KINDS]
    owners = _owners(said)
    return Told(
        visits=[
            (visit, person or owners.get(visit.visitor_id) or f"v:{visit.visitor_id}")
            for visit, person in said
        ],
        adds=[(add, _known(people, f"x:{add.external_userid}")) for add in adds],
    )


def grouped(found: Told, by: Callable[[Seen | Added], Group]) -> dict[Group, Figures]:
    """Return the figures by group; a person counts once in each group."""
    figures: dict[Group, Figures] = defaultdict(Figures)
    for visit, person in found.visits:
        _step(figures[by(visit)], visit.kind).add(person)
    for add, person in found.adds:
        figures[by(add)].added.add(person)
    return dict(figures)


def rates(
    visits: Iterable[Seen],
    adds: Iterable[Added],
    people: Mapping[str, Person],
    by: Callable[[Seen | Added], Group],
) -> dict[Group, Figures]:
    """Return the figures by group of visits and adds as they come; see `told` for who is who."""
    return grouped(told(visits, adds, people), by)


_STEPS = {
    "result_view": "viewers",
    "entry_click": "entry_clickers",
    "leadin_view": "leadin_viewers",
    "add_click": "add_clickers",
}


def _step(figures: Figures, kind: str) -> set[Person]:
    people: set[Person] = getattr(figures, _STEPS[kind])
    return people


def _known(people: Mapping[str, Person], identity: str) -> Person:
    return people.get(identity, identity)


def _person(visit: Seen, people: Mapping[str, Person]) -> Person:
    """Return who a visit says its visitor is; empty where only the device is known."""
    if visit.unionid:
        return _known(people, f"u:{visit.unionid}")
    return _known(people, f"x:{visit.external_userid}") if visit.external_userid else ""


def _owners(said: Iterable[tuple[Seen, Person]]) -> dict[str, Person]:
    """Return the one person of each device; a device that several people used belongs to none."""
    users: dict[str, set[Person]] = defaultdict(set)
    for visit, person in said:
        if person and visit.visitor_id:
            users[visit.visitor_id].add(person)
    return {device: next(iter(found)) for device, found in users.items() if len(found) == 1}
