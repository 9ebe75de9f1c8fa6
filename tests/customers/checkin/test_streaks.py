"""Streaks over midnight in Shanghai, one check-in a day, points in the same transaction."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from customers.checkin import selectors, services
from customers.checkin.models import Checkin, StreakBonus
from customers.points import ledger
from customers.points.models import PointsAccount, PointsTransaction
from scrm.core.exceptions import Conflict, ValidationFailed
from tests.factories.groups import CampaignFactory, GroupFactory, PlaceFactory, rich

# The first second of 21 November in Shanghai.
MIDNIGHT = datetime(2026, 11, 20, 16, 0, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def days(count: float) -> datetime:
    return MIDNIGHT + timedelta(days=count)


@pytest.fixture
def place() -> Any:
    """A group of a campaign with a bonus on the third day."""
    made = PlaceFactory()
    StreakBonus.objects.create(campaign=made.campaign, days=3, points=7)
    return made


def streaks(place: Any, account: PointsAccount, *moments: datetime) -> list[tuple[int, int]]:
    found = [services.check_in(place, account, now=moment).checkin for moment in moments]
    return [(one.streak, one.points + one.bonus) for one in found]


def test_the_day_changes_at_midnight_in_shanghai_to_the_second(place: Any) -> None:
    account = rich("u1", 0)
    before, after = MIDNIGHT - timedelta(seconds=1), MIDNIGHT

    assert streaks(place, account, before, after) == [(1, 5), (2, 5)]

    found = list(Checkin.objects.order_by("day").values_list("day", flat=True))
    assert found == [date(2026, 11, 20), date(2026, 11, 21)]


def test_a_second_tap_of_the_day_finds_the_first(place: Any) -> None:
    account = rich("u1", 0)
    first = services.check_in(place, account, now=MIDNIGHT)
    second = services.check_in(place, account, now=MIDNIGHT + timedelta(hours=23, minutes=59))

    account.refresh_from_db()
    assert (first.is_new, second.is_new, first.checkin) == (True, False, second.checkin)
    assert (account.balance, PointsTransaction.objects.count()) == (5, 1)


def test_a_bonus_comes_on_its_day_and_again_after_a_gap(place: Any) -> None:
    account = rich("u1", 0)

    found = streaks(place, account, *(days(n) for n in (0, 1, 2, 3, 5, 6, 7)))

    assert found == [(1, 5), (2, 5), (3, 12), (4, 5), (1, 5), (2, 5), (3, 12)]
    account.refresh_from_db()
    assert (account.balance, ledger.faults()) == (49, [])


def test_a_streak_is_one_campaigns_and_one_customers(place: Any) -> None:
    account, other = rich("u1", 0), rich("u2", 0)
    second = PlaceFactory(campaign=CampaignFactory(name="b"), group=place.group)

    assert streaks(place, account, days(0), days(1)) == [(1, 5), (2, 5)]
    assert streaks(second, account, days(1)) == [(1, 5)]
    assert streaks(place, other, days(1)) == [(1, 5)]


@pytest.mark.parametrize(
    ("moment", "state", "code"),
    [
        (datetime(2026, 10, 31, 15, 59, 59, tzinfo=UTC), "open", "early"),
        (datetime(2026, 11, 30, 16, 0, tzinfo=UTC), "open", "over"),
        (MIDNIGHT, "stopped", "closed"),
        (MIDNIGHT, "draft", "closed"),
    ],
)
def test_outside_of_its_days_nothing_is_counted(moment: datetime, state: str, code: str) -> None:
    place, account = PlaceFactory(campaign=CampaignFactory(state=state)), rich("u1", 0)

    with pytest.raises(Conflict) as refused:
        services.check_in(place, account, now=moment)

    account.refresh_from_db()
    assert (refused.value.code, account.balance, Checkin.objects.count()) == (code, 0, 0)


def test_the_first_and_the_last_second_count() -> None:
    place, account = PlaceFactory(), rich("u1", 0)
    first = datetime(2026, 10, 31, 16, 0, tzinfo=UTC)
    last = datetime(2026, 11, 30, 15, 59, 59, tzinfo=UTC)

    assert streaks(place, account, first, last) == [(1, 5), (1, 5)]


def test_the_standing_of_today_and_tomorrow(place: Any) -> None:
    account = rich("u1", 0)
    streaks(place, account, days(0), days(1))
    today = date(2026, 11, 22)

    now = selectors.standing_of(place.campaign, account, today)
    assert (now.today is not None, now.streak, now.next_days, now.next_points) == (True, 2, 1, 7)
    tomorrow = selectors.standing_of(place.campaign, account, today + timedelta(days=1))
    assert (tomorrow.today, tomorrow.streak, tomorrow.total) == (None, 2, 2)
    later = selectors.standing_of(place.campaign, account, today + timedelta(days=2))
    assert (later.streak, later.next_days) == (0, 3)
    assert selectors.standing_of(place.campaign, None, today).total == 0


def test_the_board_hides_names_and_shows_ones_own_place(place: Any) -> None:
    # given twelve customers of the group and one of another
    for number in range(12):
        account = rich(f"u{number}", 0, name=f"顾客{number}")
        streaks(place, account, *(days(n) for n in range(3 if number else 1)))
    elsewhere = PlaceFactory(campaign=place.campaign, group=GroupFactory())
    streaks(elsewhere, rich("x", 0, name="别处"), days(0))
    me = PointsAccount.objects.get(unionid="u0")

    board = selectors.leaders_of(place, me)

    assert [line.place for line in board] == [*range(1, 11), 12]
    assert {line.name for line in board} == {"顾***"}
    assert [line.is_me for line in board] == [False] * 10 + [True]


def test_a_campaign_needs_a_group(hq_ops: Any) -> None:
    values = {
        "name": "a",
        "words": "",
        "starts_on": date(2026, 11, 1),
        "ends_on": date(2026, 11, 2),
        "points": 5,
    }

    with pytest.raises(ValidationFailed):
        services.campaign_save(None, values, groups=[], bonuses=[], actor=hq_ops)


def test_a_changed_campaign_keeps_addresses_and_check_ins(place: Any, hq_ops: Any) -> None:
    account = rich("u1", 0)
    streaks(place, account, days(0))
    campaign, new = place.campaign, GroupFactory()
    values = {name: getattr(campaign, name) for name in ("name", "words", "starts_on", "ends_on")}

    services.campaign_save(
        campaign, values | {"points": 9}, groups=[place.group, new], bonuses=[(2, 4)], actor=hq_ops
    )

    campaign.refresh_from_db()
    place.refresh_from_db()
    assert campaign.places.count() == 2
    place.campaign.refresh_from_db()
    assert streaks(place, account, days(1)) == [(2, 13)]


def test_a_clock_that_is_still_in_yesterday_breaks_no_streak(place: Any) -> None:
    # given a check-in of the new day, on a server whose clock is right
    account = rich("u1", 0)
    streaks(place, account, days(-1), days(0))

    # when a tap meets a server that is a second behind, or two days
    for moment in (MIDNIGHT - timedelta(seconds=1), days(-2)):
        late = services.check_in(place, account, now=moment)
        assert (late.is_new, late.checkin.day) == (False, date(2026, 11, 21))

    # then nothing was counted, and tomorrow goes on
    account.refresh_from_db()
    assert (account.balance, Checkin.objects.count()) == (10, 2)
    assert streaks(place, account, days(1)) == [(3, 12)]


@pytest.mark.django_db(transaction=True)
def test_two_taps_at_midnight_are_one_row_of_days(place: Any) -> None:
    for number in range(10):
        account, gate = rich(f"u{number}", 0), threading.Barrier(2)

        def tap(moment: datetime, account: Any = account, gate: Any = gate) -> None:
            try:
                connection.ensure_connection()
                gate.wait(30)
                services.check_in(place, account, now=moment)
            finally:
                connection.close()

        with ThreadPoolExecutor(2) as pool:
            list(pool.map(tap, (MIDNIGHT - timedelta(seconds=1), MIDNIGHT)))

        # then whichever came first: a row of two days, or the new day alone
        found = list(account.checkins.order_by("day").values_list("day", "streak"))
        two = [(date(2026, 11, 20), 1), (date(2026, 11, 21), 2)]
        assert found in (two, [(date(2026, 11, 21), 1)])


@pytest.mark.django_db(transaction=True)
def test_twenty_taps_at_once_are_one_check_in(place: Any) -> None:
    account, gate = rich("u1", 0), threading.Barrier(20)

    def tap(_number: int) -> bool:
        gate.wait(30)
        try:
            return services.check_in(place, account, now=MIDNIGHT).is_new
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as pool:
        said = list(pool.map(tap, range(20)))

    account.refresh_from_db()
    assert (said.count(True), account.balance, Checkin.objects.count()) == (1, 5, 1)
