"""When a call may go out: places after 45033, second tries when busy, long limits without the shared bucket."""

import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from scrm.wecom.client import WeComClient
from scrm.wecom.deadline import Deadline
from scrm.wecom.errors import WeComError, WeComQuota, WeComRetryable, WeComUnknownOutcome
from scrm.wecom.limits import alone_share, limits_of
from scrm.wecom.local import LocalBucket, LocalPlaces
from scrm.wecom.ports import Limit
from scrm.wecom.turns import Turns
from tests.scrm.wecom.conftest import Server, new_client, says
from tests.scrm.wecom.test_buckets import Clock

FOLLOWERS = "externalcontact/get_follow_user_list"
KEY = "corp:api"
GOOD = {"errcode": 0, "follow_user": []}


class Narrow:
    """WeCom that takes so many calls at once, and refuses the others with 45033."""

    def __init__(self, places: int, seconds: float = 0.02) -> None:
        self.places, self.seconds = places, seconds
        self.running, self.refused, self.answered = 0, 0, 0
        self.most = 0
        self._guard = threading.Lock()

    def __call__(self) -> dict[str, int]:
        with self._guard:
            if self.running >= self.places:
                self.refused += 1
                return {"errcode": 45033}
            self.running += 1
            self.most = max(self.most, self.running)
        time.sleep(self.seconds)
        with self._guard:
            self.running -= 1
            self.answered += 1
        return {"errcode": 0}


def entered(places: LocalPlaces, lane: str) -> int:
    """Return how many places a lane gets at once."""
    count = 0
    while places.enter(KEY, lane) == 0.0:
        count += 1
        assert count < 1000, "unlimited"
    return count


def crowd(places: LocalPlaces, running: int) -> None:
    """Have so many calls under way when WeCom says 45033, and let them end."""
    for _ in range(running):
        assert places.enter(KEY, "event") == 0.0
    places.crowded(KEY)
    for _ in range(running):
        places.leave(KEY)


def test_nothing_is_limited_until_wecom_says_so() -> None:
    places = LocalPlaces(clock=Clock())
    for _ in range(500):
        assert places.enter(KEY, "sync") == 0.0
    places.crowded(KEY)

    assert places.enter(KEY, "welcome") > 0
    assert places.enter("corp:other", "sync") == 0.0


def test_half_of_what_was_under_way_is_let_in_and_lanes_leave_their_share() -> None:
    clock = Clock()
    places = LocalPlaces(clock=clock)
    crowd(places, 40)

    assert entered(places, "sync") == 12
    assert entered(places, "event") == 6
    assert entered(places, "welcome") == 2


def test_one_place_is_always_there_for_every_lane() -> None:
    places = LocalPlaces(clock=Clock())
    crowd(places, 1)

    assert places.enter(KEY, "sync") == 0.0
    assert places.enter(KEY, "welcome") > 0


def test_places_grow_back_and_the_memory_ends() -> None:
    clock = Clock()
    places = LocalPlaces(clock=clock)
    crowd(places, 40)
    clock.now += 20
    assert entered(places, "welcome") == 40
    for _ in range(40):
        places.leave(KEY)
    clock.now += 600

    with pytest.raises(AssertionError, match="unlimited"):
        entered(places, "welcome")


def test_answers_to_calls_of_one_moment_halve_once() -> None:
    clock = Clock()
    places = LocalPlaces(clock=clock)
    for _ in range(64):
        places.enter(KEY, "event")
    for _ in range(32):
        places.crowded(KEY)
    for _ in range(64):
        places.leave(KEY)

    assert entered(places, "welcome") == 32


def test_callers_settle_below_a_narrow_api_and_all_get_their_answer() -> None:
    # given WeCom takes 6 calls at once, and 24 threads with 15 calls each
    wecom, bucket, places = Narrow(6), LocalBucket(), LocalPlaces()
    turns = Turns(bucket, places, "corp", "welcome")
    outcomes: Counter[int] = Counter()

    def work(_number: int) -> None:
        for _call in range(15):
            outcomes[turns.run("user/get", Deadline(), wecom)["errcode"]] += 1

    with ThreadPoolExecutor(24) as pool:
        list(pool.map(work, range(24)))

    # then nearly all come through, and refusals are the price of finding the width only
    assert sum(outcomes.values()) == 360
    assert outcomes[0] >= 355
    assert wecom.refused <= 60
    assert places.running("corp:user/get") == 0


def test_a_lasting_45033_is_tried_three_times_and_then_told(
    server: Server, client: WeComClient
) -> None:
    server.does(FOLLOWERS, says({"errcode": 45033, "errmsg": "api concurrent out of limit"}))
    started = time.monotonic()

    with pytest.raises(WeComRetryable) as caught:
        client.external_contact.get_follow_user_list()

    assert (caught.value.errcode, server.count(FOLLOWERS)) == (45033, 3)
    assert 0.3 < time.monotonic() - started < 3


@pytest.mark.parametrize("code", [-1, 6000, 45033])
def test_a_busy_moment_is_no_failure(server: Server, client: WeComClient, code: int) -> None:
    server.does(FOLLOWERS, says({"errcode": code, "errmsg": "x"}), says(GOOD))

    assert client.external_contact.get_follow_user_list() == ()
    assert server.count(FOLLOWERS) == 2


def test_no_further_try_when_the_time_is_nearly_over() -> None:
    asked = []
    turns = Turns(LocalBucket(), LocalPlaces(), "corp", "event")

    answer = turns.run("user/get", Deadline(0.5), lambda: asked.append(1) or {"errcode": -1})

    assert (answer, len(asked)) == ({"errcode": -1}, 1)


def test_who_finds_no_place_says_so_within_its_patience() -> None:
    places = LocalPlaces(clock=Clock())
    assert places.enter("corp:user/get", "event") == 0.0
    places.crowded("corp:user/get")
    turns = Turns(LocalBucket(), places, "corp", "event")
    started = time.monotonic()

    with pytest.raises(WeComQuota) as caught:
        turns.run("user/get", Deadline(), lambda: {"errcode": 0})

    assert caught.value.retry_after >= 1
    assert 2.5 < time.monotonic() - started < 4


def test_a_broken_call_gives_its_place_back() -> None:
    places = LocalPlaces()
    turns = Turns(LocalBucket(), places, "corp", "event")

    def broken() -> dict[str, int]:
        raise WeComRetryable(None, "reset", "user/get")

    with pytest.raises(WeComRetryable):
        turns.run("user/get", Deadline(), broken)

    assert places.running("corp:user/get") == 0


def test_a_block_of_one_api_leaves_all_others_of_the_corp(server: Server) -> None:
    bucket = LocalBucket()
    client = new_client(server.base_url, bucket=bucket)
    server.does("user/get", says({"errcode": 45009, "errmsg": "freq"}))
    server.does(FOLLOWERS, says(GOOD))

    with pytest.raises(WeComQuota):
        client.user.get("li")

    for lane in ("welcome", "event", "sync"):
        with pytest.raises(WeComQuota):
            client.in_lane(lane).user.get("li")
        assert client.in_lane(lane).external_contact.get_follow_user_list() == ()
    assert server.count("user/get") == 1


# --- the hour's limit ---------------------------------------------------------------------------------------

HOUR = 3600


def most_in_an_hour(moments: list[tuple[float, int]]) -> int:
    """Return the most calls in any hour of (moment, calls)."""
    return max(
        sum(count for moment, count in moments if start <= moment < start + HOUR)
        for start, _count in moments
    )


def greedy(
    bucket: LocalBucket, clock: Clock, seconds: int, every: int = 60
) -> list[tuple[float, int]]:
    """Take all the bucket gives, every so often."""
    found = []
    limits = limits_of("externalcontact/get")
    for _ in range(0, seconds, every):
        count = 0
        while bucket.take(KEY, "welcome", limits) == 0.0:
            count += 1
        found.append((clock.now, count))
        clock.now += every
    return found


def test_a_greedy_caller_never_meets_wecoms_hour_limit() -> None:
    clock = Clock()

    taken = greedy(LocalBucket(clock=clock), clock, 2 * HOUR)

    assert 60_000 < most_in_an_hour(taken) <= 120_000 < 150_000


def test_sixteen_processes_without_redis_stay_below_the_hour_limit_after_all_redis_gave() -> None:
    # given Redis gave all it may in one hour, and is away during the next
    clock = Clock()
    shared = greedy(LocalBucket(clock=clock), clock, HOUR)
    alone = greedy(LocalBucket(share=alone_share, clock=clock), clock, HOUR)

    # when each of sixteen processes goes on alone
    together = [(moment, 16 * count) for moment, count in alone]

    # then
    assert sum(count for _moment, count in together) > 16 * 1000
    assert most_in_an_hour(shared + together) < 150_000


def test_a_wiped_bucket_begins_with_a_part_of_a_long_limit_and_all_of_a_short_one() -> None:
    clock = Clock()
    hour, minute = (Limit(1000, HOUR),), (Limit(1000, 60),)
    bucket = LocalBucket(clock=clock)

    def takes(limits: tuple[Limit, ...]) -> int:
        count = 0
        while bucket.take(f"{KEY}:{limits[0].seconds}", "welcome", limits) == 0.0:
            count += 1
        return count

    assert (takes(hour), takes(minute)) == (225, 500)


def test_a_small_limit_is_usable_without_redis() -> None:
    bucket = LocalBucket(share=alone_share, clock=Clock())

    assert bucket.take(KEY, "event", limits_of("get_jsapi_ticket")) == 0.0
    assert alone_share(Limit(8000, 60)) == 0.25
    assert 16 * alone_share(Limit(120_000, HOUR)) == 0.25


# --- what a refused call means for the next one ------------------------------------------------------------

REMARK = "externalcontact/remark"


def test_a_write_wecom_was_too_busy_for_is_sent_once(server: Server, client: WeComClient) -> None:
    server.does(REMARK, says({"errcode": -1, "errmsg": "system busy"}))

    with pytest.raises(WeComUnknownOutcome) as caught:
        client.external_contact.remark("li", "wm", remark="x")

    assert (caught.value.errcode, server.count(REMARK)) == (-1, 1)
    assert "may or may not" in caught.value.words("en")
    assert caught.value.words("zh").endswith("[-1]")


@pytest.mark.parametrize("code", [6000, 45033])
def test_a_write_wecom_surely_did_not_do_is_sent_again(
    server: Server, client: WeComClient, code: int
) -> None:
    server.does(REMARK, says({"errcode": code, "errmsg": "x"}), says({"errcode": 0}))

    client.external_contact.remark("li", "wm", remark="x")

    assert server.count(REMARK) == 2


@pytest.mark.parametrize(
    ("probe", "ends"), [(-1, False), (40014, False), (6000, False), (60111, True), (0, True)]
)
def test_only_a_probe_wecom_processed_ends_a_block(server: Server, probe: int, ends: bool) -> None:
    # given a block of a minute, which is over
    clock = Clock()
    client = new_client(server.base_url, bucket=LocalBucket(clock=clock))
    server.does("user/get", says({"errcode": 45009, "errmsg": "f"}))
    with pytest.raises(WeComQuota):
        client.user.get("li")
    clock.now += 60

    # when its probe is answered
    server.does("user/get", says({"errcode": probe, "errmsg": "x", "userid": "li"}))
    with suppress(WeComError):
        client.user.get("li")
    asked = server.count("user/get")

    # then the next call goes out, or waits for the next probe
    with suppress(WeComError):
        client.user.get("li")
    assert server.count("user/get") - asked == int(ends)


def test_a_success_that_began_before_the_block_does_not_end_it(server: Server) -> None:
    # given a call under way when another one is refused
    client = new_client(server.base_url)
    begun, refused, answers = threading.Event(), threading.Event(), []

    def act(connection, path: str) -> None:  # type: ignore[no-untyped-def]
        answers.append(1)
        if len(answers) == 1:
            begun.set()
            refused.wait(5)
            says({"errcode": 0, "userid": "li"})(connection, path)
        else:
            says({"errcode": 45009, "errmsg": "f"})(connection, path)

    server.does("user/get", act)
    early = threading.Thread(target=client.user.get, args=("li",))
    early.start()
    assert begun.wait(5)
    with pytest.raises(WeComQuota):
        client.user.get("li")

    # when the early one succeeds
    refused.set()
    early.join()

    # then the block holds
    with pytest.raises(WeComQuota):
        client.user.get("li")
    assert server.count("user/get") == 2
