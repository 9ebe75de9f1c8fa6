"""One token a credential and expiry, over all threads and processes.

Process memory first, then the shared store; only the holder of the shared lock asks WeCom, and only after
it has looked into the store once more. Repeated gettoken calls give the same token (doc 91039), and too many
wrong ones get the caller blocked, so a refused credential is not tried again for a while.
"""

import threading
import time
from collections.abc import Callable

from scrm.wecom.deadline import Deadline
from scrm.wecom.errors import WeComAuth, WeComError, WeComRetryable
from scrm.wecom.ports import Lock, LockTimeout, Token, TokenStore

# Renew this long before the end, so that no call starts with a token that dies on the way. WeCom may give the same
# one again, with what is left of its life: such a short one is used to its end.
EARLY_SECONDS = 60.0
DEFAULT_LIFE = 7200
LEAST_LIFE = 1
# A credential WeCom has just refused is not offered again for this long.
REFUSED_SECONDS = 5.0
_LOCK_SECONDS = 6.0


class TokenSource:
    """Gives the current token of one credential; safe to share between threads."""

    def __init__(
        self, key: str, store: TokenStore, lock: Lock, fetch: Callable[[Deadline], Token]
    ) -> None:
        self._key = key
        self._store = store
        self._lock = lock
        self._fetch = fetch
        self._memory: Token | None = None
        self._guard = threading.Lock()
        self._refused_until = 0.0
        self._refusal: WeComError | None = None

    def current(self, deadline: Deadline) -> str:
        """Return a living token; raises WeComAuth, WeComRetryable."""
        return self.token(deadline).value

    def token(self, deadline: Deadline) -> Token:
        """Return the living token with its age; raises WeComAuth, WeComRetryable."""
        token = self._memory
        if token is not None and _alive(token):
            return token
        return self._renewed(None, deadline)

    def replace(self, refused: str, deadline: Deadline) -> Token:
        """Return another token than the one WeCom has just refused; asks WeCom only when nobody else has."""
        return self._renewed(refused, deadline)

    def give_up(self, failure: WeComError) -> None:
        """Remember that even a fresh token was refused: no other one is asked for during a few seconds."""
        self._refusal = failure
        self._refused_until = time.monotonic() + REFUSED_SECONDS

    def _renewed(self, refused: str | None, deadline: Deadline) -> Token:
        try:
            return self._another(refused, deadline)
        except (LockTimeout, TimeoutError):
            pass
        raise WeComRetryable(None, "waiting for a token took too long", "gettoken", retry_after=1.0)

    def _another(self, refused: str | None, deadline: Deadline) -> Token:
        self._check_refusal()
        # Threads of this process queue here, so that only one of them polls the shared lock.
        if not self._guard.acquire(timeout=deadline.left(_LOCK_SECONDS)):
            raise LockTimeout(self._key)
        try:
            self._check_refusal()
            found = self._usable(self._memory, refused) or self._usable(
                self._store.get(self._key), refused
            )
            if found is None:
                found = self._fetched(refused, deadline)
            self._memory = found
            return found
        finally:
            self._guard.release()

    def _fetched(self, refused: str | None, deadline: Deadline) -> Token:
        with self._lock.hold(self._key, deadline.left(_LOCK_SECONDS)):
            found = self._usable(self._store.get(self._key), refused)
            if found is not None:
                return found
            token = self._ask(deadline)
            self._store.put(self._key, token)
            return token

    def _ask(self, deadline: Deadline) -> Token:
        try:
            return self._fetch(deadline)
        except WeComAuth as failure:
            self.give_up(failure)
            raise

    def _check_refusal(self) -> None:
        if self._refusal is not None and time.monotonic() < self._refused_until:
            known = self._refusal
            raise WeComAuth(
                known.errcode, known.errmsg, known.endpoint, known.hint, retry_after=REFUSED_SECONDS
            )

    @staticmethod
    def _usable(token: Token | None, refused: str | None) -> Token | None:
        if token is None or token.value == refused or not _alive(token):
            return None
        return token


def _alive(token: Token) -> bool:
    life = token.expires_at - token.fetched_at
    early = EARLY_SECONDS if life > 2 * EARLY_SECONDS else 0.0
    return time.time() < token.expires_at - early


def lasting(value: str, expires_in: object, started: float) -> Token:
    """Return a token asked for at `started`, with the life WeCom told; one without any serves for a second."""
    told = isinstance(expires_in, int) and not isinstance(expires_in, bool)
    life = max(int(str(expires_in)), LEAST_LIFE) if told else DEFAULT_LIFE
    return Token(value, started + life, started)
