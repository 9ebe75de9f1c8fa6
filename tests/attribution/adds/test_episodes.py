"""Episodes are a function of the facts: no order, repetition or arrival changes them."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attribution.adds.episodes import Episode, Fact, episodes_of

NOON = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)


def at(second: int) -> datetime:
    return NOON + timedelta(seconds=second)


def told(*facts: tuple[int, str] | tuple[int, str, str]) -> list[Fact]:
    return [Fact(at(fact[0]), *fact[1:]) for fact in facts]


def spans(episodes: list[Episode]) -> list[tuple[int, int | None]]:
    """Return begin and end in seconds after noon."""

    def seconds(moment: datetime | None) -> int | None:
        return None if moment is None else int((moment - NOON).total_seconds())

    return [(seconds(episode.started_at) or 0, seconds(episode.ended_at)) for episode in episodes]


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ([], []),
        ([(1, "add")], [(1, None)]),
        ([(1, "half_add")], [(1, None)]),
        ([(1, "half_add"), (5, "add")], [(1, None)]),
        ([(1, "half_add"), (1, "add")], [(1, None)]),
        ([(1, "add"), (9, "del_by_customer")], [(1, 9)]),
        ([(1, "add"), (9, "del_by_member"), (20, "add")], [(1, 9), (20, None)]),
        ([(1, "add"), (9, "del_by_customer"), (9, "del_by_member")], [(1, 9)]),
        # Deleted and added again within one second.
        ([(1, "add"), (9, "del_by_customer"), (9, "add")], [(1, 9), (9, None)]),
        # Added and deleted within one second.
        ([(9, "add"), (9, "del_by_customer")], [(9, 9)]),
        # A deletion of which we never saw the beginning.
        ([(1, "del_by_customer"), (5, "add")], [(5, None)]),
        ([(5, "transfer_fail")], []),
    ],
)
def test_additions_open_and_deletions_close(
    facts: list[tuple[int, str]], expected: list[tuple[int, int | None]]
) -> None:
    assert spans(episodes_of(told(*facts))) == expected


def test_the_source_is_the_first_one_told_and_the_full_add_confirms() -> None:
    (episode,) = episodes_of(told((1, "half_add"), (3, "half_add", "code-a"), (5, "add", "code-b")))

    assert episode.state == "code-a"
    assert episode.confirmed_at == at(5)


KINDS = st.sampled_from(["add", "half_add", "del_by_member", "del_by_customer", "transfer_fail"])
HISTORIES = st.lists(
    st.builds(Fact, st.integers(0, 6).map(at), KINDS, st.sampled_from(["", "a", "b"])), max_size=12
)


@given(HISTORIES, st.randoms(use_true_random=False))
def test_no_order_and_no_repetition_changes_the_episodes(history: list[Fact], dice: object) -> None:
    expected = episodes_of(history)
    shuffled = [*history, *history]
    dice.shuffle(shuffled)  # type: ignore[attr-defined]

    assert episodes_of(shuffled) == expected


@given(HISTORIES)
def test_episodes_never_overlap_and_only_the_last_may_be_open(history: list[Fact]) -> None:
    episodes = episodes_of(history)

    for earlier, later in pairwise(episodes):
        assert earlier.ended_at is not None
        assert earlier.ended_at <= later.started_at
        assert earlier.started_at < later.started_at
