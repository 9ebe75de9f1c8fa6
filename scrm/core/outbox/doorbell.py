"""Rings for the worker, but not for every row."""

import threading
import time

# NOTIFY takes one lock for the whole database until its commit is on disk, so that ringing for every
# row would turn concurrent commits into a queue. The worker polls at least each second anyway.
SPACING = 0.05


class Doorbell:
    """Says whether this process should ring now: at most once per lane and `SPACING` seconds."""

    def __init__(self, spacing: float = SPACING) -> None:
        self._spacing = spacing
        self._last: dict[str, float] = {}
        self._lock = threading.Lock()

    def due(self, lane: str) -> bool:
        """Return True when the lane was silent for long enough, and remember this ring."""
        now = time.monotonic()
        with self._lock:
            if now - self._last.get(lane, -1.0) < self._spacing:
                return False
            self._last[lane] = now
            return True
