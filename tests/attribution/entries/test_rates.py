"""The rates, and the plain figures the counting is compared with, against a recount by brute force."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from attribution.entries.rates import Counts
from tests.attribution.entries.recounting import Added, Figures, Seen, rates

STEPS = {
    "result_view": "viewers",
    "entry_click": "entry_clickers",
    "leadin_view": "leadin_viewers",
    "add_click": "add_clickers",
}
# A machine under load draws slowly; that is no fault of the figures.
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
SEEN = st.builds(
    Seen,
    kind=st.sampled_from(sorted(STEPS)),
    entry_id=st.integers(1, 3),
    store_id=st.integers(1, 3),
    unionid=st.sampled_from(["", "ua", "ub", "uc"]),
    external_userid=st.sampled_from(["", "xa", "xb", "xz"]),
    visitor_id=st.sampled_from(["d1", "d2", "d3"]),
)
ADDED = st.builds(
    Added, entry_id=st.integers(1, 3), store_id=st.integers(1, 3),
    external_userid=st.sampled_from(["xa", "xb", "xz"]),
)  # fmt: skip
PEOPLE = {"u:ua": "anna", "x:xa": "anna", "u:ub": "ben", "x:xb": "ben", "u:uc": "carl"}


def names_in(visit: Seen) -> list[str]:
    """Return who a visit says it is: the unionid, or else the external_userid."""
    said = [f"u:{visit.unionid}"] if visit.unionid else [f"x:{visit.external_userid}"]
    return [PEOPLE.get(name, name) for name in said if len(name) > 2]


def recount(visits: list[Seen], adds: list[Added], entry: int) -> dict[str, set[str]]:
    """Return the people of each step of one entry, found without any of the code under test."""
    found: dict[str, set[str]] = {name: set() for name in [*STEPS.values(), "added"]}
    for visit in visits:
        on_device = {
            n for other in visits if other.visitor_id == visit.visitor_id for n in names_in(other)
        }
        alone = list(on_device) if len(on_device) == 1 else [f"v:{visit.visitor_id}"]
        if visit.entry_id == entry:
            found[STEPS[visit.kind]].add((names_in(visit) or alone)[0])
    for add in adds:
        if add.entry_id == entry:
            found["added"].add(PEOPLE.get(f"x:{add.external_userid}", f"x:{add.external_userid}"))
    return found


@PATIENT
@given(st.lists(SEEN, max_size=25), st.lists(ADDED, max_size=8))
def test_figures_equal_a_recount(visits: list[Seen], adds: list[Added]) -> None:
    found = rates(visits, adds, PEOPLE, lambda one: one.entry_id)

    for entry in (1, 2, 3):
        figures = found.get(entry, Figures())
        expected = recount(visits, adds, entry)
        assert {name: getattr(figures, name) for name in expected} == expected
        counts = figures.counts()
        assert {name: getattr(counts, name) for name in expected} == {
            name: len(people) for name, people in expected.items()
        }
        assert counts.unmatched == len(expected["added"] - expected["leadin_viewers"])


@PATIENT
@given(st.lists(SEEN, max_size=25), st.lists(ADDED, max_size=8))
def test_the_order_and_repeats_change_nothing(visits: list[Seen], adds: list[Added]) -> None:
    by: Any = lambda one: one.store_id  # noqa: E731

    assert rates(visits, adds, PEOPLE, by) == rates(
        [*reversed(visits), *visits], adds * 2, PEOPLE, by
    )


def test_rates_are_percent_with_one_decimal_and_nothing_without_visitors() -> None:
    figures = Figures(
        viewers=set("abc"), entry_clickers={"a"}, leadin_viewers=set("abcdef"), add_clickers=set("ab"),
        added={"a", "b", "z"},
    ).counts()  # fmt: skip

    assert (figures.entry_click_rate, figures.add_click_rate, figures.add_rate) == (
        33.3,
        33.3,
        50.0,
    )
    assert figures.unmatched_share == 33.3
    assert Counts().entry_click_rate is None
    assert Counts().unmatched_share is None


def test_a_person_on_two_devices_counts_once_and_a_shared_device_joins_nobody() -> None:
    visits = [
        Seen("leadin_view", 1, 1, unionid="ua", visitor_id="phone"),
        Seen("leadin_view", 1, 1, visitor_id="phone"),
        Seen("leadin_view", 1, 1, external_userid="xa", visitor_id="tablet"),
        Seen("leadin_view", 1, 1, unionid="ub", visitor_id="tablet"),
        Seen("leadin_view", 1, 1, visitor_id="tablet"),
    ]

    found = rates(visits, [Added(1, 1, "xa")], PEOPLE, lambda _one: "all")["all"]

    assert found.leadin_viewers == {"anna", "ben", "v:tablet"}
    assert found.counts().matched == 1
