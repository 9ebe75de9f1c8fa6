"""Rate and concurrency limits per corp and API, with WeCom's block windows (doc 90454)."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase

from wecom_sandbox.clock import Clock
from wecom_sandbox.errors import WeComError

MINUTE = 60.0
DEFAULT_PER_MINUTE = 10_000
ROBOT_PER_MINUTE = 20


@dataclass
class Limit:
    """A limit set by hand: calls per minute and calls at once for APIs matching a pattern."""

    api: str
    per_minute: int | None = None
    concurrency: int | None = None
    block: float = MINUTE


@dataclass
class _Window:
    opened_at: float
    calls: int = 0
    blocked_until: float = 0.0


class Rates:
    """Counts calls in minute windows of sandbox time."""

    def __init__(self, clock: Clock) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._windows: dict[str, _Window] = {}
        self._running: dict[str, int] = {}
        self.limits: list[Limit] = []

    def limit_of(self, api: str) -> Limit:
        """The newest limit whose pattern matches, else WeCom's default."""
        for limit in reversed(self.limits):
            if fnmatchcase(api, limit.api):
                return limit
        return Limit(api, DEFAULT_PER_MINUTE)

    def take(self, api: str) -> None:
        """Count one call of an API; 45009 over the limit and until the block has passed."""
        limit = self.limit_of(api)
        if limit.per_minute is not None:
            self.count(api, limit.per_minute, limit.block)

    def count(self, key: str, per_minute: int, block: float) -> None:
        """Count one use of any key; 45009 over the limit and until the block has passed."""
        now = self._clock.now()
        with self._lock:
            window = self._windows.setdefault(key, _Window(now))
            if now < window.blocked_until:
                raise WeComError(45009)
            if now - window.opened_at >= MINUTE:
                window.opened_at, window.calls = now, 0
            window.calls += 1
            if window.calls > per_minute:
                window.blocked_until = now + block
                window.opened_at, window.calls = now + block, 0
                raise WeComError(45009)

    @contextmanager
    def running(self, api: str) -> Iterator[None]:
        """Hold one of the API's places while it runs; 45033 when none is free."""
        limit = self.limit_of(api)
        with self._lock:
            if limit.concurrency is not None and self._running.get(api, 0) >= limit.concurrency:
                raise WeComError(45033)
            self._running[api] = self._running.get(api, 0) + 1
        try:
            yield
        finally:
            with self._lock:
                self._running[api] -= 1

    def clear(self) -> None:
        """Forget limits and counts."""
        with self._lock:
            self._windows.clear()
            self.limits.clear()
