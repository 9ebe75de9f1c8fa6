"""How many calls may be under way at once, and when the next may go out: more while WeCom takes them, half when it refuses."""

import time
from collections.abc import Callable

START, MOST = 4, 32
# Answers to calls that went out together tell one and the same thing.
STEP_SECONDS = 0.5
LONGEST_REST_SECONDS = 30.0


class Throttle:
    """Doubles a round until the first refusal, then one more a round; each refusal halves.

    It stands above the gateway's rate bucket and places, which keep to WeCom's limits call by call: what they
    cannot hide arrives here.
    """

    def __init__(
        self,
        *,
        start: int = START,
        most: int = MOST,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._places = float(start)
        self._most = most
        self._clock = clock
        self._is_slow = False
        self._stepped_at = float("-inf")
        self._rest_until = float("-inf")
        self._failures = 0

    @property
    def places(self) -> int:
        """How many calls may be under way."""
        return int(self._places)

    @property
    def rest(self) -> float:
        """Seconds until the next call may go out; 0 now."""
        return max(0.0, self._rest_until - self._clock())

    @property
    def failures(self) -> int:
        """How many calls failed since the last one that did not."""
        return self._failures

    def succeeded(self) -> None:
        """A call was answered: allow a little more."""
        self._failures = 0
        self._places = min(
            float(self._most), self._places + (1.0 if not self._is_slow else 1.0 / self._places)
        )

    def crowded(self) -> None:
        """Too many at once, for WeCom or for our own rate: half as many, once for all that went out together."""
        now = self._clock()
        self._is_slow = True
        if now - self._stepped_at >= STEP_SECONDS:
            self._stepped_at = now
            self._places = max(1.0, self._places / 2)

    def blocked(self, seconds: float) -> None:
        """WeCom takes no call for so long."""
        self.crowded()
        self._rest_until = max(self._rest_until, self._clock() + seconds)

    def failed(self) -> None:
        """No usable answer: the more rounds of them in a row, the longer the rest, at most half a minute."""
        self._failures += 1
        rounds = self._failures // self.places
        if rounds:
            self.blocked(min(LONGEST_REST_SECONDS, 0.25 * 2 ** min(rounds, 10)))
