"""What the gateway needs from outside: a place for tokens, a lock, a rate bucket."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from scrm.wecom.secret import Secret

LANES = ("welcome", "event", "sync")


@dataclass(frozen=True)
class Token:
    """A credential with its end of life; `value` never shows in a repr.

    `expires_at` and `fetched_at` are Unix seconds.
    """

    value: str = field(repr=False)
    expires_at: float
    fetched_at: float

    def __post_init__(self) -> None:
        """Hide the value wherever it goes from here."""
        object.__setattr__(self, "value", Secret(self.value))


@dataclass(frozen=True)
class Limit:
    """At most `calls` in any `seconds`, to one API of one corp.

    `burst` is the part of them that may come at once, the rest flows in evenly: the smaller it is, the
    nearer lasting work comes to the limit. `lanes`: the later lanes leave the earlier ones their part.
    """

    calls: int
    seconds: int
    burst: float = 0.5
    lanes: bool = True


class TokenStore(Protocol):
    """Keeps tokens for all processes."""

    def get(self, key: str) -> Token | None:
        """Return the stored token, also an expired one; None when there is none."""

    def put(self, key: str, token: Token) -> None:
        """Store the token so that every process sees it once this returns."""


class LockTimeout(Exception):  # noqa: N818 - named as the builtin TimeoutError is
    """The lock was not free within the time given."""


class Lock(Protocol):
    """A mutual exclusion over all processes."""

    def hold(self, key: str, timeout: float) -> AbstractContextManager[None]:
        """Hold the lock for the block; raises LockTimeout after `timeout` seconds."""


class RateBucket(Protocol):
    """Token buckets, one a key; lanes leave the later lanes' share untouched."""

    def take(self, key: str, lane: str, limits: Sequence[Limit]) -> float:
        """Take one call; return 0.0 when granted, else the seconds to wait."""

    def block(self, key: str, seconds: float) -> None:
        """Refuse the key for `seconds`, afterwards let one probe through each `seconds`."""

    def clear(self, key: str) -> None:
        """End the block if the calling thread's last call was its probe: WeCom has processed it.

        What was asked before the block came, or by others, says nothing about it.
        """


class Places(Protocol):
    """How many calls of a key may be under way at once; unlimited until WeCom says it is crowded (45033)."""

    def enter(self, key: str, lane: str) -> float:
        """Take a place for the calling thread; return 0.0 when granted, else the seconds to wait."""

    def leave(self, key: str) -> None:
        """Give the calling thread's place back."""

    def crowded(self, key: str) -> None:
        """Allow fewer at once from now on: WeCom has just refused a call for there being too many."""
