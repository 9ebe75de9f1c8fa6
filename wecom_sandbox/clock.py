"""One clock for the whole sandbox: it scales token life, welcome codes, deadlines and rate windows."""

import threading
import time


class Clock:
    """A clock that can run faster than the world and can be pushed forward, never back.

    Args:
        speed: sandbox seconds per real second, above 0.
        start: first reading, Unix seconds; the world's time when None.
    """

    def __init__(self, speed: float = 1.0, start: float | None = None) -> None:
        self._lock = threading.Lock()
        self._speed = speed
        self._real_anchor = time.monotonic()
        self._anchor = time.time() if start is None else start

    @property
    def speed(self) -> float:
        """Sandbox seconds per real second."""
        return self._speed

    def now(self) -> float:
        """Sandbox time, Unix seconds."""
        return self._anchor + (time.monotonic() - self._real_anchor) * self._speed

    def seconds(self) -> int:
        """Sandbox time in whole Unix seconds, as WeCom's fields carry it."""
        return int(self.now())

    def real(self, sandbox_seconds: float) -> float:
        """Real seconds in which that many sandbox seconds pass."""
        return sandbox_seconds / self._speed

    def set_speed(self, speed: float) -> None:
        """Go on from the present reading at another speed; ValueError when not above 0."""
        if speed <= 0:
            raise ValueError("speed must be above 0")
        with self._lock:
            self._anchor, self._real_anchor = self.now(), time.monotonic()
            self._speed = speed

    def advance(self, seconds: float) -> None:
        """Jump forward; ValueError when negative."""
        if seconds < 0:
            raise ValueError("the clock never runs back")
        with self._lock:
            self._anchor += seconds

    def restart(self, speed: float) -> None:
        """Back to the world's time (a reset of the whole sandbox)."""
        with self._lock:
            self._anchor, self._real_anchor, self._speed = time.time(), time.monotonic(), speed
