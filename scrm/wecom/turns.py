"""When a call may go out: its turn in the rate bucket, a place among those under way, a second try when WeCom is busy."""

import random
import time
from collections.abc import Callable
from typing import Any

from scrm.wecom.deadline import Deadline
from scrm.wecom.errors import (
    AGAIN_CODES,
    BUSY_CODE,
    CONCURRENCY_CODE,
    FREQUENCY_CODE,
    UNPROCESSED_CODES,
    WeComQuota,
)
from scrm.wecom.limits import BLOCK_SECONDS, DEFAULT_PER_MINUTE, limits_of
from scrm.wecom.ports import Places, RateBucket

# A call waits this long at most for its turn in the bucket before it reports WeComQuota.
PATIENCE_SECONDS = 1.0
# And this long for a place while WeCom takes fewer at once.
PLACE_PATIENCE_SECONDS = 3.0
# Pauses before the second and third try; each is spread by half, so that callers do not come back in step.
AGAIN_PAUSES = (0.2, 0.6)
# No further try when less than this would be left for it.
LEAST_SECONDS = 1.0

Answer = dict[str, Any]


class Turns:
    """The turns of one corp's calls in one lane.

    Args: `per_minute` is our share of WeCom's 10,000 calls a minute per API (doc 90454).
    """

    def __init__(
        self,
        bucket: RateBucket,
        places: Places,
        corp_id: str,
        lane: str,
        per_minute: int = DEFAULT_PER_MINUTE,
    ) -> None:
        self._bucket = bucket
        self._places = places
        self._corp_id = corp_id
        self._lane = lane
        self._per_minute = per_minute

    def run(
        self,
        endpoint: str,
        deadline: Deadline,
        attempt: Callable[[], Answer],
        *,
        write: bool = False,
    ) -> Answer:
        """Return WeCom's answer of at most three attempts; raises WeComQuota when no turn was free in time.

        A write is made again only where WeCom surely did nothing.
        """
        again = AGAIN_CODES if write else AGAIN_CODES | {BUSY_CODE}
        for pause in AGAIN_PAUSES:
            answer = self._once(endpoint, deadline, attempt)
            if answer["errcode"] not in again:
                return answer
            rest = pause * random.uniform(0.5, 1.5)  # noqa: S311 - spreads callers, no secret
            if not deadline.covers(rest + LEAST_SECONDS):
                return answer
            time.sleep(rest)
        return self._once(endpoint, deadline, attempt)

    def _once(self, endpoint: str, deadline: Deadline, attempt: Callable[[], Answer]) -> Answer:
        key = f"{self._corp_id}:{endpoint}"
        limits = limits_of(endpoint, self._per_minute)
        self._wait(
            lambda: self._bucket.take(key, self._lane, limits),
            deadline,
            PATIENCE_SECONDS,
            endpoint,
            "our own rate for this API is used up",
        )
        self._wait(
            lambda: self._places.enter(key, self._lane),
            deadline,
            PLACE_PATIENCE_SECONDS,
            endpoint,
            "WeCom takes fewer calls of this API at once",
        )
        try:
            answer = attempt()
            if answer["errcode"] == CONCURRENCY_CODE:
                self._places.crowded(key)
        finally:
            self._places.leave(key)
        if answer["errcode"] == FREQUENCY_CODE:
            self._bucket.block(key, BLOCK_SECONDS)
        elif answer["errcode"] not in UNPROCESSED_CODES:
            self._bucket.clear(key)
        return answer

    @staticmethod
    def _wait(
        ask: Callable[[], float], deadline: Deadline, patience: float, endpoint: str, words: str
    ) -> None:
        over = Deadline(deadline.left(patience))
        while wait := ask():
            if not over.covers(wait):
                raise WeComQuota(None, words, endpoint, retry_after=max(wait, PATIENCE_SECONDS))
            time.sleep(wait)
