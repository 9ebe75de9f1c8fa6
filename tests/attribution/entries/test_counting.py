"""The figures in PostgreSQL equal the pure ones, whoever came on whatever device, at any store and entry."""

import random
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Any

import pytest

from attribution.adds.models import AddEpisode
from attribution.entries.counting import people_counted
from attribution.entries.figures import board
from attribution.entries.models import EntryStore, EntryVisit
from attribution.entries.rates import Counts
from contacts.org.selectors import stores_visible_to
from contacts.roles.selectors import scope_for
from customers.oneid.models import Person as OneIdPerson
from customers.oneid.models import PersonLink, RecordKey
from customers.relations.models import ExternalContact
from scrm.core.ids import uuid7
from scrm.core.scope import SYSTEM_SCOPE, Scope
from tests.attribution.entries.recounting import Added, Person, Seen, grouped, told
from tests.factories.attribution import AddEpisodeFactory, EntryFactory, EntryStoreFactory
from tests.factories.customers import ContactFactory

pytestmark = pytest.mark.django_db
CHUNK = 5_000
START, END = datetime(2026, 11, 10, tzinfo=UTC), datetime(2026, 11, 12, tzinfo=UTC)


def visits_between(scope: Scope, start: datetime, end: datetime) -> list[Seen]:
    """Return the different visits of a time at the stores of the scope, one a visitor, step and store."""
    visits = EntryVisit.objects.filter(occurred_at__gte=start, occurred_at__lt=end)
    if not scope.everything:
        visits = visits.filter(store__in=stores_visible_to(scope))
    rows = visits.order_by().values_list(
        "kind", "entry_id", "store_id", "unionid", "external_userid", "visitor_id"
    )
    return [Seen(*row) for row in rows.distinct().iterator(chunk_size=CHUNK)]


def adds_between(scope: Scope, start: datetime, end: datetime) -> list[Added]:
    """Return the adds of a time through codes of entries at the stores of the scope."""
    adds = AddEpisode.objects.filter(
        started_at__gte=start, started_at__lt=end, live_code__entry_store__isnull=False
    )
    if not scope.everything:
        adds = adds.filter(live_code__entry_store__store__in=stores_visible_to(scope))
    rows = adds.order_by().values_list(
        "live_code__entry_store__entry_id", "live_code__entry_store__store_id", "external_userid"
    )
    return [Added(*row) for row in rows.distinct().iterator(chunk_size=CHUNK)]


def people_of(visits: Iterable[Seen], adds: Iterable[Added]) -> dict[str, Person]:
    """Return the person behind each "u:<unionid>" and "x:<external_userid>", as OneID has it.

    A contact OneID has not looked at yet is known by its unionid; an identity of several persons is left out.
    """
    unionids = {visit.unionid for visit in visits}
    external = {visit.external_userid for visit in visits} | {add.external_userid for add in adds}
    union_of: dict[str, str] = {}
    for chunk in _chunks(external - {""}):
        contacts = ExternalContact.objects.filter(external_userid__in=chunk).exclude(unionid="")
        union_of |= dict(contacts.values_list("external_userid", "unionid"))
    by_union = dict(_joined(RecordKey.Kind.UNIONID, {*unionids, *union_of.values()} - {""}, "u"))
    by_contact = dict(_joined(RecordKey.Kind.EXTERNAL_USERID, external - {""}, "x"))
    known = {
        f"x:{one}": by_union.get(f"u:{union}", f"u:{union}") for one, union in union_of.items()
    }
    return known | by_union | by_contact


def _joined(kind: str, values: Iterable[str], mark: str) -> Iterator[tuple[str, Person]]:
    for chunk in _chunks(values):
        owners: dict[str, set[str]] = defaultdict(set)
        keys = RecordKey.objects.filter(kind=kind, value__in=chunk)
        pairs = list(keys.values_list("value", "record_id"))
        links = PersonLink.objects.filter(record_id__in=[record for _value, record in pairs])
        person_of = dict(links.values_list("record_id", "person_id"))
        for value, record in pairs:
            if record in person_of:
                owners[value].add(str(person_of[record]))
        yield from (
            (f"{mark}:{value}", next(iter(ids))) for value, ids in owners.items() if len(ids) == 1
        )


def _chunks(values: Iterable[str]) -> Iterator[list[str]]:
    rest = iter(values)
    while chunk := list(islice(rest, CHUNK)):
        yield chunk


def pure(scope: Scope, entry: int | None) -> tuple[Counts, dict[Any, Any], int]:
    """Return total, the counts by hook, entry and store, and the people without an entry, as `recounting` has them."""
    visits, adds = visits_between(scope, START, END), adds_between(scope, START, END)
    found = told(visits, adds, people_of(visits, adds))
    without = {who for one, who in found.visits if one.entry_id is None}
    found.visits[:] = [
        pair for pair in found.visits if pair[0].entry_id in ({entry} if entry else HOOKS)
    ]
    found.adds[:] = [pair for pair in found.adds if not entry or pair[0].entry_id == entry]
    groups = {
        name: {
            key: figures.counts() for key, figures in grouped(found, by).items() if key is not None
        }
        for name, by in (
            ("hook", lambda one: HOOKS[one.entry_id]),
            ("entry", lambda one: one.entry_id),
            ("store", lambda one: one.store_id),
        )
    }
    total = grouped(found, lambda _one: "all")
    return total["all"].counts() if total else Counts(), groups, len(without)


HOOKS: dict[Any, str] = {}


@pytest.fixture
def places(company: Any) -> list[EntryStore]:
    """Three entries, two of one hook, at two stores each, one store outside the branch."""
    HOOKS.clear()
    rows = []
    for code, hook in (("a", "benefit"), ("b", "benefit"), ("c", "service")):
        entry = EntryFactory(code=code, hook=hook)
        HOOKS[entry.pk] = hook
        rows += [
            EntryStoreFactory(entry=entry, store=store)
            for store in (company.store_a, company.store_south)
        ]
    return rows


def known_people() -> None:
    """Contacts with and without a unionid, persons of OneID with several identities, and one identity of two."""
    for number in range(12):
        ContactFactory(external_userid=f"x{number}", unionid=f"u{number}" if number % 3 else "")
    persons = [OneIdPerson.objects.create() for _turn in range(6)]
    joined = [
        ("unionid", "u1", 0), ("external_userid", "x1", 0), ("external_userid", "x2", 0), ("unionid", "u20", 0),
        ("unionid", "u4", 1), ("unionid", "u5", 1), ("external_userid", "x3", 2), ("unionid", "u7", 3),
        ("unionid", "u7", 4), ("external_userid", "x8", 4), ("external_userid", "x8", 5), ("unionid", "u8", 5),
    ]  # fmt: skip
    for kind, value, person in joined:
        record = uuid7()
        PersonLink.objects.create(record_kind="contact", record_id=record, person=persons[person])
        RecordKey.objects.create(record_kind="contact", record_id=record, kind=kind, value=value)


@pytest.mark.parametrize("seed", range(12))
def test_postgresql_counts_as_the_pure_figures_do(
    places: list[EntryStore], branch_ops: Any, seed: int
) -> None:
    # given people who say who they are in every mixture, on own and shared devices
    chance = random.Random(seed)
    known_people()
    kinds = EntryVisit.Kind.values
    visits = []
    for number in range(chance.randrange(5, 150)):
        kind, at = chance.choice(kinds), chance.choice(places)
        without = kind == "result_view" and chance.random() < 0.2
        visits.append(
            EntryVisit(
                key=str(number), kind=kind, entry=None if without else at.entry,
                store=None if chance.random() < 0.1 else at.store,
                occurred_at=START + timedelta(hours=chance.randrange(-4, 52)),
                unionid=chance.choice(["", "", f"u{chance.randrange(24)}"]),
                external_userid=chance.choice(["", "", f"x{chance.randrange(16)}"]),
                visitor_id=f"d{chance.randrange(15)}",
            )
        )  # fmt: skip
    EntryVisit.objects.bulk_create(visits)
    for number in range(chance.randrange(25)):
        AddEpisodeFactory(
            external_userid=f"x{chance.randrange(18)}", userid=f"g{number}",
            live_code=chance.choice(places).live_code,
            started_at=START + timedelta(hours=chance.randrange(-4, 52)),
        )  # fmt: skip

    # then both ways of counting agree, over the company, within a branch, and of one entry
    for scope in (SYSTEM_SCOPE, scope_for(branch_ops)):
        for entry in (None, places[chance.randrange(6)].entry):
            found = people_counted(scope, START, END, entry=entry)
            groups = {"hook": found.by_hook, "entry": found.by_entry, "store": found.by_store}
            assert (found.total, groups, found.without_entry) == pure(
                scope, entry.pk if entry else None
            )


def test_a_page_takes_as_many_statements_for_one_visit_as_for_many(
    places: list[EntryStore], django_assert_max_num_queries: Any
) -> None:
    EntryVisit.objects.bulk_create(
        EntryVisit(
            key=str(n), kind="result_view", entry=places[0].entry, store=places[0].store,
            occurred_at=START, visitor_id=f"d{n}",
        )
        for n in range(300)
    )  # fmt: skip

    with django_assert_max_num_queries(13):
        assert board(SYSTEM_SCOPE, date(2026, 11, 10), date(2026, 11, 10)).total.viewers == 300


def test_more_clicks_than_views_make_no_rate() -> None:
    assert Counts(viewers=0, entry_clickers=1).entry_click_rate is None
    assert Counts(viewers=1, entry_clickers=2).entry_click_rate is None
    assert Counts(viewers=4, entry_clickers=1).entry_click_rate == 25.0
