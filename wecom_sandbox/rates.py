"""How often APIs may be called, and how long WeCom blocks who calls them more often (doc 90454)."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

from wecom_sandbox.china_time import DAY, day_start
from wecom_sandbox.clock import Clock
from wecom_sandbox.errors import WeComError

MINUTE, HOUR, MONTH = 60.0, 3600.0, 30.0 * DAY
DEFAULT_PER_MINUTE, DEFAULT_PER_HOUR = 10_000, 150_000
IP_PER_MINUTE, IP_PER_HOUR = 20_000, 600_000
ROBOT_PER_MINUTE = 20
WRONG_GETTOKEN_PER_HOUR = 2_000
DEBUG_PER_MINUTE = 5
Span = Literal["minute", "hour", "day", "month"]
# Sending is limited by the app's own quota; of OAuth codes only bad ones are counted (doc 90454).
_NOT_COUNTED = frozenset({"message/send"})
_COUNTED_WHEN_REFUSED = frozenset({"auth/getuserinfo"})
# API: (whose uses are counted together, span, most).
_SPECIAL: dict[str, tuple[tuple[Literal["corp", "app"], Span, int], ...]] = {
    "get_jsapi_ticket": (("corp", "hour", 400), ("app", "hour", 100)),
    "ticket/get": (("corp", "hour", 400), ("app", "hour", 100)),
    "media/uploadimg": (("corp", "day", 1_000), ("corp", "month", 3_000)),
}


@dataclass
class Limit:
    """A limit set by hand for APIs matching a pattern; None for no limit of that kind."""

    api: str
    per_minute: int | None = None
    concurrency: int | None = None
    block: float = MINUTE
    per_hour: int | None = None
    ip_per_minute: int | None = IP_PER_MINUTE


@dataclass
class _Window:
    opened_at: float
    calls: int = 0
    blocked_until: float = 0.0


class Rates:
    """Counts uses in windows of sandbox time."""

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
        return Limit(api, DEFAULT_PER_MINUTE, per_hour=DEFAULT_PER_HOUR)

    def take(self, api: str, app: str = "", ip: str = "") -> None:
        """Count one call of an API for the corp, the caller's address and, where WeCom does, the app.

        45009 over a limit and until its block has passed: 60 s, 60 min, the rest of the day, 30 days.
        """
        if api in _COUNTED_WHEN_REFUSED:
            return
        limit = self.limit_of(api)
        if api not in _NOT_COUNTED or limit in self.limits:
            self._take_base(api, limit, ip)
        for owner, span, most in _SPECIAL.get(api, ()):
            self.use(f"{api}:{owner}:{app if owner == 'app' else ''}", span, most)

    def take_refused(self, api: str, ip: str) -> None:
        """Count a call of an API that is only counted when it fails; nothing for others."""
        if api in _COUNTED_WHEN_REFUSED:
            self._take_base(api, self.limit_of(api), ip)

    def use(self, key: str, span: Span, most: int) -> None:
        """Count one use of any key in a span; 45009 over the limit and until the block has passed."""
        now = self._clock.now()
        if span == "minute":
            self._count(key, most, now - MINUTE, now + MINUTE)
        elif span == "hour":
            self._count(key, most, now - HOUR, now + HOUR)
        elif span == "day":
            start = day_start(now)
            self._count(f"{key}:{span}", most, start, start + DAY, opened_at=start)
        else:
            self._count(f"{key}:{span}", most, now - MONTH, now + MONTH)

    def count(self, key: str, per_minute: int, block: float) -> None:
        """Count one use of any key in a minute; over the limit 45009 for ``block`` seconds."""
        now = self._clock.now()
        self._count(key, per_minute, now - MINUTE, now + block)

    def refuse_blocked(self, key: str) -> None:
        """45009 while a key is blocked; counts nothing."""
        window = self._windows.get(key)
        if window is not None and self._clock.now() < window.blocked_until:
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

    def _take_base(self, api: str, limit: Limit, ip: str) -> None:
        if limit.per_minute is not None:
            self.count(api, limit.per_minute, limit.block)
        if limit.per_hour is not None:
            self.use(f"{api}:hour", "hour", limit.per_hour)
        if ip and limit.ip_per_minute is not None:
            self.use(f"{api}@{ip}", "minute", limit.ip_per_minute)
            self.use(f"{api}@{ip}:hour", "hour", IP_PER_HOUR)

    def _count(
        self, key: str, most: int, since: float, blocked_until: float, opened_at: float | None = None
    ) -> None:  # fmt: skip
        """Count a use in the key's window; one opened before ``since`` (or at it) is over.

        Args:
            key: what is counted.
            most: uses the window allows.
            since: windows opened until then are over; of a natural day, those opened before.
            blocked_until: when the block would end.
            opened_at: when the window begins; now when None.
        """
        now = self._clock.now()
        with self._lock:
            window = self._windows.setdefault(key, _Window(now if opened_at is None else opened_at))
            if now < window.blocked_until:
                raise WeComError(45009)
            over = window.opened_at < since if opened_at is not None else window.opened_at <= since
            if over or window.blocked_until:
                window.opened_at = now if opened_at is None else opened_at
                window.calls, window.blocked_until = 0, 0.0
            window.calls += 1
            if window.calls > most:
                window.blocked_until = blocked_until
                raise WeComError(45009)
