"""Lanes share a bucket: sync leaves 40 % for events, events leave 10 % for welcomes."""

import threading
from bisect import bisect_left

from scrm.wecom.limits import limits_of
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
    # given a caller that takes whatever it gets, each second of an hour and a half
    limits = (Limit(20, 60), Limit(300, 3600))
    clock = Clock()
    bucket = LocalBucket(clock=clock)
    times: list[float] = []
    for _second in range(5400):
        while bucket.take("corp:api", "welcome", limits) == 0.0:
            times.append(clock.now)
        clock.now += 1

    # then no minute and no hour, wherever it begins, holds more than its limit
    for limit in limits:
        held = [
            bisect_left(times, begin + limit.seconds) - place for place, begin in enumerate(times)
        ]
        assert limit.calls * 0.7 <= max(held) <= limit.calls
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


def test_only_the_probe_ends_a_block() -> None:
    # given a call that was let out before the block, and one that never was
    clock = Clock()
    bucket = LocalBucket(clock=clock)
    assert bucket.take("corp:api", "welcome", TEN) == 0.0
    bucket.block("corp:api", 60)

    # when their answers come in
    bucket.clear("corp:api")

    # then it holds
    assert bucket.take("corp:api", "welcome", TEN) == 60
    clock.now += 60
    assert bucket.take("corp:api", "welcome", TEN) == 0.0
    other = threading.Thread(target=bucket.clear, args=("corp:api",))
    other.start()
    other.join()
    assert bucket.take("corp:api", "welcome", TEN) == 60


def test_a_refusal_for_the_lane_leaves_the_probe_to_others() -> None:
    clock = Clock()
    bucket = LocalBucket(clock=clock)
    taken(bucket, "event")
    bucket.block("corp:api", 0.1)
    clock.now += 0.2

    assert bucket.take("corp:api", "sync", TEN) > 1
    assert bucket.take("corp:api", "welcome", TEN) == 0.0


def test_what_wecom_limits_by_day_and_month_is_limited_so() -> None:
    day, month = 86_400, 30 * 86_400
    assert {limit.seconds: limit.calls for limit in limits_of("media/uploadimg")} == {
        day: 800,
        month: 2_400,
    }
    converting = limits_of("idconvert/unionid_to_external_userid")
    assert {limit.seconds: limit.calls for limit in converting}[day] == 384_000
    assert {limit.seconds: limit.calls for limit in converting}[month] == 6_000_000
    assert sum(limit.calls for limit in limits_of("webhook/send")) == 16
    assert limits_of("gettoken")[0].calls * 3600 / limits_of("gettoken")[0].seconds == 1600
