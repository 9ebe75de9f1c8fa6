"""Counts refused callbacks by address, in this process only; a signed callback is never held back."""

import threading
import time

WINDOW = 60.0
ALLOWED = 60
MAX_ADDRESSES = 10_000


class Refusals:
    """How often each address was refused in the current minute.

    The signature is always checked first: behind a proxy WeCom and an attacker share one address.
    """

    def __init__(self, *, allowed: int = ALLOWED, window: float = WINDOW) -> None:
        self._allowed = allowed
        self._window = window
        self._counts: dict[str, int] = {}
        self._began = 0.0
        self._lock = threading.Lock()

    def too_many(self, address: str) -> bool:
        """Count one refusal; True when the address had more than its share, so that we stop logging it."""
        now = time.monotonic()
        with self._lock:
            if now - self._began > self._window or len(self._counts) >= MAX_ADDRESSES:
                self._counts.clear()
                self._began = now
            count = self._counts.get(address, 0) + 1
            self._counts[address] = count
            return count > self._allowed
