"""Lanes share a bucket: sync leaves 40 % for events, events leave 10 % for welcomes."""

from scrm.wecom.limits import burst, limits_of, refill
from scrm.wecom.local import LocalBucket
from scrm.wecom.ports import Limit

TEN = (Limit(20, 60),)  # a burst of ten


class Clock:
    """A clock that stands still until told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def taken(bucket: LocalBucket, lane: str) -> int:
    """Return how many calls a lane gets at once."""
    count = 0
    while bucket.take("corp:api", lane, TEN) == 0.0:
        count += 1
    return count


def test_each_lane_leaves_the_share_of_the_more_urgent_ones() -> None:
    bucket = LocalBucket(clock=Clock())

    assert taken(bucket, "sync") == 6
    assert taken(bucket, "event") == 3
    assert taken(bucket, "welcome") == 1


def test_a_bucket_refills_and_tells_how_long_to_wait() -> None:
    clock = Clock()
    bucket = LocalBucket(clock=clock)
    taken(bucket, "welcome")

    assert bucket.take("corp:api", "welcome", TEN) == 6.0
    assert bucket.take("corp:other", "welcome", TEN) == 0.0
    clock.now += 6.0
    assert bucket.take("corp:api", "welcome", TEN) == 0.0
    assert bucket.take("corp:api", "welcome", TEN) == 6.0


def test_no_window_ever_exceeds_the_limit() -> None:
    for limit in limits_of("externalcontact/get"):
        assert burst(limit) + refill(limit) * limit.seconds == limit.calls
    assert [limit.calls for limit in limits_of("externalcontact/get")] == [8000, 120_000]


def test_a_block_lets_one_probe_through_each_minute_until_one_is_answered() -> None:
    clock = Clock()
    bucket = LocalBucket(clock=clock)
    bucket.block("corp:api", 60)

    assert bucket.take("corp:api", "welcome", TEN) == 60
    clock.now += 60
    assert bucket.take("corp:api", "welcome", TEN) == 0.0
    assert bucket.take("corp:api", "welcome", TEN) == 60
    bucket.clear("corp:api")
    assert bucket.take("corp:api", "welcome", TEN) == 0.0
