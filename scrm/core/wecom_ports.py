"""The gateway's ports over PostgreSQL (tokens, lock) and Redis (rate buckets)."""

import hashlib
import logging
import math
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import redis
from django.db import DEFAULT_DB_ALIAS, InternalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.transaction import TransactionManagementError

from scrm.core.fields import EncryptedTextField
from scrm.core.gateway_models import WeComToken
from scrm.core.ids import uuid7
from scrm.wecom.limits import alone_share, burst, first_level, refill, reserved
from scrm.wecom.local import LocalBucket, Probes
from scrm.wecom.ports import Limit, LockTimeout, Token

logger = logging.getLogger(__name__)

_POLL_SECONDS = 0.03
# The lock's connection does little and must not hang: nobody gets a token meanwhile.
_STATEMENT_MS = 5000
# After a failure Redis is left alone for this long, so that calls do not wait for it one by one.
REDIS_REST_SECONDS = 5.0


class PostgresPorts:
    """Token store and lock in one: the holder of the lock reads and writes over the lock's connection.

    That connection is its own and in autocommit mode, so that a token is there for everybody at once, whatever
    transaction the caller is in; it lives as long as the lock, once in two hours.
    """

    def __init__(self) -> None:
        self._held = threading.local()

    def get(self, key: str) -> Token | None:
        """Return the stored token; none from within a transaction that has failed, until the lock is held."""
        try:
            return self._read(key)
        except (InternalError, TransactionManagementError):
            return None

    def _read(self, key: str) -> Token | None:
        sql = f"SELECT id, value, expires_at, fetched_at FROM {WeComToken._meta.db_table} WHERE key = %s"  # noqa: S608
        with self._connection().cursor() as cursor:
            cursor.execute(sql, [key])
            row = cursor.fetchone()
        if row is None:
            return None
        return Token(_value_field().open(row[0], bytes(row[1])), row[2], row[3])

    def put(self, key: str, token: Token) -> None:
        """Store the token; it replaces the row, whose id is part of the ciphertext."""
        table = WeComToken._meta.db_table
        sql = (
            f"INSERT INTO {table} (id, key, value, expires_at, fetched_at) VALUES (%s, %s, %s, %s, %s) "  # noqa: S608
            "ON CONFLICT (key) DO UPDATE SET id = excluded.id, value = excluded.value, "
            "expires_at = excluded.expires_at, fetched_at = excluded.fetched_at"
        )
        pk = uuid7()
        sealed = bytes(_value_field().seal(pk, token.value))
        with self._connection().cursor() as cursor:
            cursor.execute(sql, [pk, key, sealed, token.expires_at, token.fetched_at])

    @contextmanager
    def hold(self, key: str, timeout: float) -> Iterator[None]:
        """Hold the advisory lock of the key for the block; raises LockTimeout."""
        number = int.from_bytes(
            hashlib.sha256(f"wecom.token:{key}".encode()).digest()[:8], "big", signed=True
        )
        connection = connections.create_connection(DEFAULT_DB_ALIAS)
        try:
            connection.set_autocommit(True)
            with connection.cursor() as cursor:
                cursor.execute(f"SET statement_timeout = {_STATEMENT_MS}")
                cursor.execute(f"SET lock_timeout = {_STATEMENT_MS}")
            _acquire(connection, number, time.monotonic() + timeout)
            # The source of a ticket holds its lock while the source of the token takes another one.
            outer = self._outer()
            self._held.connection = connection
            try:
                yield
            finally:
                self._held.connection = outer
        finally:
            # Closing the session frees the lock, also when the connection is broken.
            connection.close()

    def _outer(self) -> BaseDatabaseWrapper | None:
        held: BaseDatabaseWrapper | None = getattr(self._held, "connection", None)
        return held

    def _connection(self) -> BaseDatabaseWrapper:
        return self._outer() or connections[DEFAULT_DB_ALIAS]


def _value_field() -> EncryptedTextField[str, str]:
    field = WeComToken._meta.get_field("value")
    if not isinstance(field, EncryptedTextField):
        raise TypeError("WeComToken.value must be encrypted")
    return field


def _acquire(connection: BaseDatabaseWrapper, number: int, until: float) -> None:
    with connection.cursor() as cursor:
        while True:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [number])
            row = cursor.fetchone()
            if row is not None and row[0]:
                return
            if time.monotonic() >= until:
                raise LockTimeout(str(number))
            time.sleep(_POLL_SECONDS)


# KEYS: block, since when this Redis is known, all blocks together, one bucket a limit. ARGV: floor, full, refill a second, level of a
# bucket without a past – for each bucket. A row that is gone has filled up; unless Redis was wiped, as `since` tells.
# Time is Redis's own, so that all hosts agree. Returns the wait in milliseconds, 0 when granted, -1 when granted
# as the probe of a block, whichever process set it.
_TAKE = """
local t = redis.call('TIME')
local now = tonumber(t[1]) + tonumber(t[2]) / 1000000
local block = redis.call('HMGET', KEYS[1], 'until', 'seconds')
if block[1] and now < tonumber(block[1]) then return math.ceil((tonumber(block[1]) - now) * 1000) end
redis.call('SET', KEYS[2], tostring(now), 'NX')
local age = math.max(0, now - tonumber(redis.call('GET', KEYS[2])))
local wait, levels = 0, {}
for i = 4, #KEYS do
  local a = (i - 4) * 4
  local floor, full, rate = tonumber(ARGV[a + 1]), tonumber(ARGV[a + 2]), tonumber(ARGV[a + 3])
  local state = redis.call('HMGET', KEYS[i], 'level', 'at')
  local level = math.min(full, tonumber(ARGV[a + 4]) + age * rate)
  if state[1] then level = math.min(full, tonumber(state[1]) + math.max(0, now - tonumber(state[2])) * rate) end
  levels[i] = level
  local missing = floor + 1 - level
  if missing > 0.000001 then wait = math.max(wait, missing / rate) end
end
if wait > 0 then return math.ceil(wait * 1000) end
for i = 4, #KEYS do
  local a = (i - 4) * 4
  redis.call('HSET', KEYS[i], 'level', tostring(levels[i] - 1), 'at', tostring(now))
  redis.call('EXPIRE', KEYS[i], math.ceil(tonumber(ARGV[a + 2]) / tonumber(ARGV[a + 3])) + 1)
end
if not block[1] then return 0 end
redis.call('HSET', KEYS[1], 'until', tostring(now + tonumber(block[2])))
redis.call('HSET', KEYS[3], string.sub(KEYS[1], 13), tostring(now + tonumber(block[2])))
redis.call('EXPIRE', KEYS[1], math.ceil(tonumber(block[2]) * 10))
return -1
"""


KNOWN_SINCE = "wecom:rates:since"
# Every API that WeCom refuses for its frequency, and until when, for people to read.
BLOCKED = "wecom:blocked"


class RedisBucket:
    """Rate buckets shared by all hosts; on Redis's failure each process goes on with a part of every limit."""

    def __init__(self, url: str) -> None:
        self._client: Any = redis.Redis.from_url(
            url, socket_connect_timeout=0.3, socket_timeout=0.3
        )
        self._take = self._client.register_script(_TAKE)
        self._probes = Probes()
        self._alone = LocalBucket(share=alone_share, probes=self._probes)
        self._rest_until = 0.0
        # Blocks Redis has not been told of, for it was away: their end by our clock, and their seconds.
        self._untold: dict[str, tuple[float, float]] = {}

    def take(self, key: str, lane: str, limits: Sequence[Limit]) -> float:
        """Take one call; return 0.0 when granted, else the seconds to wait."""
        if self._resting() or not self._told(key):
            return self._alone.take(key, lane, limits)
        keys = [
            f"wecom:block:{key}",
            KNOWN_SINCE,
            BLOCKED,
            *(f"wecom:rate:{key}:{limit.seconds}" for limit in limits),
        ]
        arguments: list[float] = []
        for limit in limits:
            full = burst(limit)
            arguments += [
                full * reserved(limit, lane),
                full,
                refill(limit),
                full * first_level(limit),
            ]
        try:
            wait = int(self._take(keys=keys, args=arguments))
        except redis.RedisError as failure:
            self._rest(failure)
            return self._alone.take(key, lane, limits)
        if wait > 0:
            return wait / 1000
        self._probes.note(key, probe=wait < 0)
        return 0.0

    def block(self, key: str, seconds: float) -> None:
        """Refuse the key for `seconds`, afterwards let one probe through each `seconds`."""
        self._alone.block(key, seconds)
        self._untold[key] = (time.monotonic() + seconds, seconds)
        if not self._resting():
            self._told(key)

    def _told(self, key: str) -> bool:
        """Say whether Redis knows of our block of the key; it is told now if it does not."""
        until, seconds = self._untold.get(key, (0.0, 0.0))
        if not seconds:
            return True
        rest = max(0.0, until - time.monotonic())
        try:
            moment = self._client.time()
            end = moment[0] + moment[1] / 1_000_000 + rest
            self._client.hset(f"wecom:block:{key}", mapping={"until": end, "seconds": seconds})
            self._client.expire(f"wecom:block:{key}", math.ceil(rest + seconds * 10))
            self._client.hset(BLOCKED, key, end)
        except redis.RedisError as failure:
            self._rest(failure)
            return False
        self._untold.pop(key, None)
        return True

    def clear(self, key: str) -> None:
        """End the block if the calling thread's last call was its probe; costs nothing otherwise."""
        if not self._probes.taken(key):
            return
        self._untold.pop(key, None)
        self._alone.unblock(key)
        if self._resting():
            return
        try:
            self._client.delete(f"wecom:block:{key}")
            self._client.hdel(BLOCKED, key)
        except redis.RedisError as failure:
            self._rest(failure)

    def blocked(self) -> dict[str, float]:
        """Return the keys that are refused now, with the seconds until the next probe; empty without Redis."""
        if self._resting():
            return {}
        try:
            moment = self._client.time()
            rows = self._client.hgetall(BLOCKED)
        except redis.RedisError as failure:
            self._rest(failure)
            return {}
        now = moment[0] + moment[1] / 1_000_000
        left = {key.decode(): float(until) - now for key, until in rows.items()}
        # Nobody has asked again since: whether it still holds is not known.
        return {key: seconds for key, seconds in left.items() if seconds > 0}

    def _resting(self) -> bool:
        return time.monotonic() < self._rest_until

    def _rest(self, failure: redis.RedisError) -> None:
        logger.warning("wecom.bucket.alone reason=%s", failure.__class__.__name__)
        self._rest_until = time.monotonic() + REDIS_REST_SECONDS
