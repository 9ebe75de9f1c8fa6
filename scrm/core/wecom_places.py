"""Places for calls under way at once, shared by all processes through Redis once WeCom has said 45033."""

import logging
import os
import socket
import threading
import time
import uuid
from typing import Any

import redis

from scrm.wecom.limits import (
    CROWDED_MEMORY_SECONDS,
    CROWDED_REST_SECONDS,
    CROWDED_SHARE,
    LEAST_ROOM_A_SECOND,
    PLACE_POLL_SECONDS,
    RESERVED,
    ROOM_A_SECOND,
    STILL_CROWDED_SHARE,
)
from scrm.wecom.local import LocalPlaces

logger = logging.getLogger(__name__)

# A call is over in 8 s, an upload in 60: a process that died gives its place back after this.
PLACE_SECONDS = 65.0
# After a failure Redis is left alone for this long, so that calls do not wait for it one by one.
REDIS_REST_SECONDS = 5.0

_NOW = "local t = redis.call('TIME')\nlocal now = tonumber(t[1]) + tonumber(t[2]) / 1000000\n"

# The places there are so long after the last 45033; the same sum as limits.places_after.
_AFTER = f"""
local function after(places, seconds)
  return places + math.max(0, seconds) * math.max({LEAST_ROOM_A_SECOND}, {ROOM_A_SECOND} * places)
end
"""

# KEYS: places, those who hold one. ARGV: ticket, part this lane may use, life of a place.
# Returns 0 when granted, 1 when full, -1 when nothing is known of this API any more.
_ENTER = (
    _NOW
    + _AFTER
    + """
local state = redis.call('HMGET', KEYS[1], 'places', 'since')
if not state[1] then return -1 end
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
local allowed = math.floor(after(tonumber(state[1]), now - tonumber(state[2])) + 0.000001)
local mine = math.max(1, math.ceil(allowed * tonumber(ARGV[2]) - 0.000001))
if redis.call('ZCARD', KEYS[2]) >= mine then return 1 end
redis.call('ZADD', KEYS[2], now + tonumber(ARGV[3]), ARGV[1])
redis.call('EXPIRE', KEYS[2], math.ceil(tonumber(ARGV[3])))
return 0
"""
)

# KEYS: places, those who hold one. ARGV: calls this process had under way, whether this is its first 45033, rest,
# first share, later share, memory. A process that joins brings its part; the answers to calls sent before the last
# step take no further one.
_CROWDED = (
    _NOW
    + _AFTER
    + """
local state = redis.call('HMGET', KEYS[1], 'places', 'since')
local places, since = tonumber(ARGV[1]) * tonumber(ARGV[4]), now
if state[1] then
  local age = math.max(0, now - tonumber(state[2]))
  if ARGV[2] == '1' then
    places, since = tonumber(state[1]) + places, tonumber(state[2])
  elseif age < tonumber(ARGV[3]) then
    return 0
  else
    local allowed = after(tonumber(state[1]), age)
    local used = math.min(allowed, math.max(redis.call('ZCARD', KEYS[2]), 1))
    places = used * tonumber(ARGV[5])
  end
end
redis.call('HSET', KEYS[1], 'places', tostring(math.max(1, places)), 'since', tostring(since))
redis.call('EXPIRE', KEYS[1], math.ceil(tonumber(ARGV[6])))
return 1
"""
)


class RedisPlaces:
    """Counts in memory while nothing is crowded; asks Redis only for APIs of which this process met a 45033.

    A process that has not met one yet meets it with its next call and joins: that call is tried again by itself.
    """

    def __init__(self, url: str) -> None:
        self._client: Any = redis.Redis.from_url(
            url, socket_connect_timeout=0.3, socket_timeout=0.3
        )
        self._enter = self._client.register_script(_ENTER)
        self._crowded = self._client.register_script(_CROWDED)
        self._alone = LocalPlaces()
        self._known: set[str] = set()
        self._held = threading.local()
        self._host = f"{socket.gethostname()}:{os.getpid()}"
        self._rest_until = 0.0

    def enter(self, key: str, lane: str) -> float:
        """Take a place; return 0.0 when granted, else the seconds to wait."""
        if key in self._known and time.monotonic() >= self._rest_until:
            ticket = f"{self._host}:{uuid.uuid4().hex}"
            answer = self._ask(key, lane, ticket)
            if answer > 0:
                return PLACE_POLL_SECONDS
            if answer == 0:
                self._tickets()[key] = ticket
        wait = self._alone.enter(key, lane)
        if wait:
            self._give_back(key)
        return wait

    def leave(self, key: str) -> None:
        """Give the place back."""
        self._alone.leave(key)
        self._give_back(key)

    def crowded(self, key: str) -> None:
        """Allow fewer at once, in all processes."""
        running = self._alone.running(key)
        arguments = [
            running,
            int(key not in self._known),
            CROWDED_REST_SECONDS,
            CROWDED_SHARE,
            STILL_CROWDED_SHARE,
            CROWDED_MEMORY_SECONDS,
        ]
        try:
            self._crowded(keys=_keys(key), args=arguments)
        except redis.RedisError as failure:
            self._rest(failure)
            self._alone.crowded(key)
        else:
            self._known.add(key)
        logger.warning("wecom.crowded key=%s running=%d", key, running)

    def _ask(self, key: str, lane: str, ticket: str) -> int:
        arguments: list[str | float] = [ticket, 1 - RESERVED[lane], PLACE_SECONDS]
        try:
            answer = int(self._enter(keys=_keys(key), args=arguments))
        except redis.RedisError as failure:
            self._rest(failure)
            return -1
        if answer < 0:
            self._known.discard(key)
        return answer

    def _give_back(self, key: str) -> None:
        ticket = self._tickets().pop(key, None)
        if ticket is None:
            return
        try:
            self._client.zrem(_keys(key)[1], ticket)
        except redis.RedisError as failure:
            # The place frees itself after its time.
            self._rest(failure)

    def _tickets(self) -> dict[str, str]:
        held: dict[str, str] | None = getattr(self._held, "tickets", None)
        if held is None:
            held = self._held.tickets = {}
        return held

    def _rest(self, failure: redis.RedisError) -> None:
        logger.warning("wecom.places.alone reason=%s", failure.__class__.__name__)
        self._rest_until = time.monotonic() + REDIS_REST_SECONDS


def _keys(key: str) -> list[str]:
    return [f"wecom:places:{key}", f"wecom:running:{key}"]
