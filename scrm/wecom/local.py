"""The ports within one process: for tools, tests, and where the shared bucket cannot be reached."""

import math
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from scrm.wecom.limits import (
    CROWDED_MEMORY_SECONDS,
    CROWDED_REST_SECONDS,
    CROWDED_SHARE,
    PLACE_POLL_SECONDS,
    STILL_CROWDED_SHARE,
    burst,
    first_level,
    places_after,
    places_for,
    refill,
    reserved,
)
from scrm.wecom.ports import Limit, LockTimeout, Token

Share = Callable[[Limit], float]


class LocalTokens:
    """A token store in memory."""

    def __init__(self) -> None:
        self._tokens: dict[str, Token] = {}

    def get(self, key: str) -> Token | None:
        """Return the stored token."""
        return self._tokens.get(key)

    def put(self, key: str, token: Token) -> None:
        """Store the token."""
        self._tokens[key] = token


class LocalLock:
    """A lock among the threads of this process."""

    def __init__(self) -> None:
        self._locks: dict[str, threading.Lock] = {}
        self._guard = threading.Lock()

    @contextmanager
    def hold(self, key: str, timeout: float) -> Iterator[None]:
        """Hold the lock for the block; raises LockTimeout."""
        with self._guard:
            lock = self._locks.setdefault(key, threading.Lock())
        if not lock.acquire(timeout=timeout):
            raise LockTimeout(key)
        try:
            yield
        finally:
            lock.release()


class Probes:
    """Of which keys the calling thread's last granted call was the probe of a block."""

    def __init__(self) -> None:
        self._held = threading.local()

    def note(self, key: str, *, probe: bool) -> None:
        """Note a call that was granted to the calling thread."""
        keys: set[str] | None = getattr(self._held, "keys", None)
        if keys is None:
            keys = self._held.keys = set()
        if probe:
            keys.add(key)
        else:
            keys.discard(key)

    def taken(self, key: str) -> bool:
        """Say whether it was the probe, and forget it."""
        keys: set[str] = getattr(self._held, "keys", set())
        if key not in keys:
            return False
        keys.discard(key)
        return True


def whole(_limit: Limit) -> float:
    """Leave a limit to this process alone."""
    return 1.0


class LocalBucket:
    """Token buckets in memory; `share` gives the part of a limit this process may use."""

    def __init__(
        self,
        share: Share = whole,
        clock: Callable[[], float] = time.monotonic,
        probes: Probes | None = None,
    ) -> None:
        self._share = share
        self._probes = probes or Probes()
        self._clock = clock
        self._levels: dict[tuple[str, int], tuple[float, float]] = {}
        self._blocks: dict[str, tuple[float, float]] = {}
        self._guard = threading.Lock()

    def take(self, key: str, lane: str, limits: Sequence[Limit]) -> float:
        """Take one call; return 0.0 when granted, else the seconds to wait."""
        with self._guard:
            now = self._clock()
            until, seconds = self._blocks.get(key, (0.0, 0.0))
            if now < until:
                return until - now
            levels = [self._level(key, limit, now) for limit in limits]
            waits = [
                self._wait(limit, level, lane) for limit, level in zip(limits, levels, strict=True)
            ]
            if any(waits):
                return max(waits)
            for limit, level in zip(limits, levels, strict=True):
                self._levels[key, limit.seconds] = (level - 1, now)
            if seconds:
                self._blocks[key] = (now + seconds, seconds)
            self._probes.note(key, probe=bool(seconds))
            return 0.0

    def block(self, key: str, seconds: float) -> None:
        """Refuse the key for `seconds`, afterwards let one probe through each `seconds`."""
        with self._guard:
            self._blocks[key] = (self._clock() + seconds, seconds)

    def clear(self, key: str) -> None:
        """End the block if the calling thread's last call was its probe."""
        if self._probes.taken(key):
            self.unblock(key)

    def unblock(self, key: str) -> None:
        """End the block, whoever ended it."""
        with self._guard:
            self._blocks.pop(key, None)

    def _level(self, key: str, limit: Limit, now: float) -> float:
        full = self._full(limit)
        begin = max(1.0, full * first_level(limit))
        level, at = self._levels.get((key, limit.seconds), (begin, now))
        return min(full, level + (now - at) * refill(limit) * self._share(limit))

    def _full(self, limit: Limit) -> float:
        # Less than one call would never be granted.
        return max(1.0, burst(limit) * self._share(limit))

    def _wait(self, limit: Limit, level: float, lane: str) -> float:
        full = self._full(limit)
        missing = min(full, full * reserved(limit, lane) + 1) - level
        # A rounding crumb is no reason to wait.
        return missing / (refill(limit) * self._share(limit)) if missing > 1e-6 else 0.0


@dataclass
class _Crowd:
    """What is known of one key: calls under way, and the places allowed since the last 45033."""

    running: int = 0
    places: float = 0.0
    since: float = 0.0

    def allowed(self, now: float) -> float:
        """Return the places there are now; infinity while nothing is known."""
        if not self.places or now - self.since > CROWDED_MEMORY_SECONDS:
            return math.inf
        return places_after(self.places, now - self.since)


class LocalPlaces:
    """Places among the threads of this process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._crowds: dict[str, _Crowd] = {}
        self._guard = threading.Lock()

    def running(self, key: str) -> int:
        """Return how many calls of the key this process has under way."""
        crowd = self._crowds.get(key)
        return crowd.running if crowd else 0

    def enter(self, key: str, lane: str) -> float:
        """Take a place; return 0.0 when granted, else the seconds to wait."""
        with self._guard:
            crowd = self._crowds.setdefault(key, _Crowd())
            allowed = crowd.allowed(self._clock())
            if allowed < math.inf and crowd.running >= places_for(lane, allowed):
                return PLACE_POLL_SECONDS
            crowd.running += 1
            return 0.0

    def leave(self, key: str) -> None:
        """Give the place back."""
        with self._guard:
            crowd = self._crowds[key]
            crowd.running = max(0, crowd.running - 1)

    def crowded(self, key: str) -> None:
        """Allow fewer at once; the answers to calls sent before the last such step take no further one."""
        with self._guard:
            crowd = self._crowds.setdefault(key, _Crowd())
            now = self._clock()
            allowed = crowd.allowed(now)
            if allowed == math.inf:
                crowd.places = max(1.0, crowd.running * CROWDED_SHARE)
            elif now - crowd.since < CROWDED_REST_SECONDS:
                return
            else:
                # Threads that wait elsewhere leave places empty: what was really under way was too much.
                used = min(allowed, float(max(crowd.running, 1)))
                crowd.places = max(1.0, used * STILL_CROWDED_SHARE)
            crowd.since = now
