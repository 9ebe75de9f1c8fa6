"""The ports within one process: for tools, tests, and where the shared bucket cannot be reached."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from scrm.wecom.limits import RESERVED, burst, refill
from scrm.wecom.ports import Limit, LockTimeout, Token


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


class LocalBucket:
    """Token buckets in memory; `share` is the part of each limit this process may use."""

    def __init__(self, share: float = 1.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._share = share
        self._clock = clock
        self._levels: dict[tuple[str, int], tuple[float, float]] = {}
        self._blocks: dict[str, tuple[float, float]] = {}
        self._guard = threading.Lock()

    def take(self, key: str, lane: str, limits: Sequence[Limit]) -> float:
        """Take one call; return 0.0 when granted, else the seconds to wait."""
        with self._guard:
            now = self._clock()
            waiting = self._blocked(key, now)
            if waiting:
                return waiting
            levels = [self._level(key, limit, now) for limit in limits]
            waits = [
                self._wait(limit, level, lane) for limit, level in zip(limits, levels, strict=True)
            ]
            if any(waits):
                return max(waits)
            for limit, level in zip(limits, levels, strict=True):
                self._levels[key, limit.seconds] = (level - 1, now)
            return 0.0

    def block(self, key: str, seconds: float) -> None:
        """Refuse the key for `seconds`, afterwards let one probe through each `seconds`."""
        with self._guard:
            self._blocks[key] = (self._clock() + seconds, seconds)

    def clear(self, key: str) -> None:
        """End the block."""
        if key in self._blocks:
            with self._guard:
                self._blocks.pop(key, None)

    def _blocked(self, key: str, now: float) -> float:
        until, seconds = self._blocks.get(key, (0.0, 0.0))
        if now < until:
            return until - now
        if seconds:
            self._blocks[key] = (now + seconds, seconds)
        return 0.0

    def _level(self, key: str, limit: Limit, now: float) -> float:
        full = burst(limit) * self._share
        level, at = self._levels.get((key, limit.seconds), (full, now))
        return min(full, level + (now - at) * refill(limit) * self._share)

    def _wait(self, limit: Limit, level: float, lane: str) -> float:
        floor = burst(limit) * self._share * RESERVED[lane] + 1
        missing = floor - level
        # A rounding crumb is no reason to wait.
        return missing / (refill(limit) * self._share) if missing > 1e-6 else 0.0
