"""Counts by key over a short window, in Redis; without Redis in this process only, never not at all."""

import threading
import time

import structlog
from django.core.cache import cache
from redis.exceptions import RedisError

logger = structlog.get_logger(__name__)
MOST_KEYS = 10_000


class _Local:
    """The count of one process, while Redis is away."""

    def __init__(self) -> None:
        self._counts: dict[str, tuple[int, float]] = {}
        self._lock = threading.Lock()

    def add(self, key: str, seconds: int) -> int:
        now = time.monotonic()
        with self._lock:
            if len(self._counts) >= MOST_KEYS:
                self._counts.clear()
            count, until = self._counts.get(key, (0, now + seconds))
            if until <= now:
                count, until = 0, now + seconds
            self._counts[key] = (count + 1, until)
            return count + 1

    def forget(self, key: str) -> None:
        with self._lock:
            self._counts.pop(key, None)


_local = _Local()


def counted(name: str, key: str, seconds: int) -> int:
    """Count one more of `name` (`<room>.<what>`) by `key` and return how many there were in the window.

    key is whom the limit holds for: an address, a user. The window begins with the first one.
    """
    full = f"limits:{name}:{key}"
    try:
        cache.add(full, 0, timeout=seconds)
        return int(cache.incr(full))
    except ValueError:
        # The window ended between the two calls.
        return 1
    except RedisError as failure:
        logger.warning("limits.without_redis", error=type(failure).__name__)
        return _local.add(full, seconds)


def uncounted(name: str, key: str) -> None:
    """Begin again with the count of `name` by `key`."""
    full = f"limits:{name}:{key}"
    try:
        cache.delete(full)
    except RedisError as failure:
        logger.warning("limits.without_redis", error=type(failure).__name__)
    _local.forget(full)
