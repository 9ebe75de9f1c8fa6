"""Places after WeCom's 45033, shared by all processes through Redis."""

import time
import uuid

import pytest
import redis
from django.conf import settings

from scrm.core import wecom_places
from scrm.core.wecom_places import RedisPlaces
from scrm.core.wecom_ports import KNOWN_SINCE, RedisBucket
from scrm.wecom.ports import Limit


@pytest.fixture
def key() -> str:
    return f"corp:{uuid.uuid4().hex}"


def process() -> RedisPlaces:
    """Another process: nothing in common but Redis."""
    return RedisPlaces(settings.REDIS_URL)


def fill(places: RedisPlaces, key: str, lane: str = "welcome") -> int:
    """Take places until there is none; how many there were."""
    count = 0
    while places.enter(key, lane) == 0.0:
        # A ticket belongs to a thread; this one plays many.
        places._held.tickets = {}
        count += 1
        assert count < 500, "unlimited"
    return count


def crowd(places: RedisPlaces, key: str, running: int) -> None:
    for _ in range(running):
        places.enter(key, "event")
    places.crowded(key)
    for _ in range(running):
        places.leave(key)


def test_places_are_counted_over_processes(key: str) -> None:
    one, other = process(), process()
    crowd(one, key, 20)
    # The other one joins with the first refusal of its own.
    crowd(other, key, 1)

    assert one.enter(key, "sync") == 0.0
    assert fill(other, key) == 9
    assert one.enter(key, "welcome") > 0
    one.leave(key)
    assert other.enter(key, "welcome") == 0.0


def test_a_process_that_joins_brings_its_part_and_further_refusals_wait(key: str) -> None:
    one, other = process(), process()
    crowd(one, key, 16)
    crowd(other, key, 16)
    one.crowded(key)
    other.crowded(key)

    assert fill(one, key) == 16


def test_a_later_refusal_narrows_further_and_time_widens(key: str) -> None:
    places = process()
    crowd(places, key, 40)
    time.sleep(0.6)
    for _ in range(20):
        places.enter(key, "welcome")
        places._held.tickets = {}
    places.crowded(key)

    client = redis.Redis.from_url(settings.REDIS_URL)
    narrowed = float(client.hget(f"wecom:places:{key}", "places"))
    assert 13.9 <= narrowed <= 14.7
    client.hincrbyfloat(f"wecom:places:{key}", "since", -20)
    client.delete(f"wecom:running:{key}")
    assert fill(places, key) in (28, 29)


def test_a_killed_process_gives_its_places_back(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wecom_places, "PLACE_SECONDS", 0.3)
    dead, alive = process(), process()
    crowd(dead, key, 4)
    crowd(alive, key, 1)
    assert fill(dead, key) == 2
    assert alive.enter(key, "event") > 0

    time.sleep(0.35)

    assert alive.enter(key, "event") == 0.0


def test_without_redis_a_process_counts_for_itself(key: str) -> None:
    places = RedisPlaces("redis://127.0.0.1:1/0")
    started = time.monotonic()
    crowd(places, key, 10)

    assert fill(places, key) == 5
    assert places.enter(f"{key}:other", "sync") == 0.0
    assert time.monotonic() - started < 5.0


def test_when_redis_has_forgotten_everything_is_open_again(key: str) -> None:
    places = process()
    crowd(places, key, 4)
    redis.Redis.from_url(settings.REDIS_URL).delete(f"wecom:places:{key}")

    with pytest.raises(AssertionError, match="unlimited"):
        fill(places, key)


def test_a_wiped_redis_gives_a_part_of_an_hour_only(key: str) -> None:
    client, hour = redis.Redis.from_url(settings.REDIS_URL), (Limit(800, 3600),)

    def taken(since: float) -> int:
        client.set(KNOWN_SINCE, since)
        client.delete(f"wecom:rate:{key}:3600")
        bucket, count = RedisBucket(settings.REDIS_URL), 0
        while bucket.take(key, "welcome", hour) == 0.0:
            count += 1
        return count

    try:
        assert taken(time.time()) == 180
        # A bucket nobody used for hours is full, and its row is gone.
        assert taken(time.time() - 7200) == 400
    finally:
        client.delete(KNOWN_SINCE)


def test_blocks_can_be_read_by_people(key: str) -> None:
    one, other = RedisBucket(settings.REDIS_URL), RedisBucket(settings.REDIS_URL)
    hour = (Limit(800, 60),)
    one.block(key, 0.3)

    assert 0 < other.blocked()[key] <= 0.3
    time.sleep(0.35)
    assert key not in other.blocked()
    # The probe renews it until one is answered.
    assert other.take(key, "event", hour) == 0.0
    assert key in one.blocked()
    other.clear(key)
    assert key not in one.blocked()
    assert RedisBucket("redis://127.0.0.1:1/0").blocked() == {}
