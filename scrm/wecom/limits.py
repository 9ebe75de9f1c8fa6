"""How often each API may be called, kept below WeCom's own limits (doc 90454, marks in wecom/README §6)."""

import math
from collections.abc import Sequence

from scrm.wecom.ports import Limit

# WeCom's 10,000 a minute and 150,000 an hour per corp and API; we keep to this share of them.
WECOM_PER_MINUTE = 10_000
WECOM_PER_HOUR = 150_000
DEFAULT_PER_MINUTE = 8_000

# The part of a bucket the later lanes must leave: welcome may empty it, sync may use 60 %.
RESERVED = {"welcome": 0.0, "event": 0.1, "sync": 0.4}

# Limits over this long a window are kept to without fail: WeCom's answer to them is a block of an hour and more.
LONG_SECONDS = 3600
# What a process without the shared bucket allows itself: of short limits a quarter; of long ones so little that
# all processes together stay below WeCom's limit, whatever the shared bucket had granted before.
ALONE_SHARE = 0.25
ALONE_LONG_SHARE = 1 / 64
ALONE_LEAST = 8
# A bucket nobody knows the past of (a fresh one, a wiped Redis) begins with this part of a long limit's burst: enough
# for every lane, and with all that went before still below what WeCom allows.
WARY_SHARE = 0.45

# How many calls may be under way at once, after WeCom said 45033: half of them, then a bit more each second.
CROWDED_SHARE = 0.5
STILL_CROWDED_SHARE = 0.7
ROOM_A_SECOND = 0.05
LEAST_ROOM_A_SECOND = 0.5
CROWDED_REST_SECONDS = 0.5
CROWDED_MEMORY_SECONDS = 600.0
PLACE_POLL_SECONDS = 0.02

# One probe a minute while WeCom refuses an API for its frequency.
BLOCK_SECONDS = 60.0

# Only the full sync calls these, for minutes without a pause: a small burst, so that it comes near to WeCom's own
# limit, of which it takes this part; nobody else needs a part kept free.
SWEEPS = frozenset({"externalcontact/batch/get_by_user"})
SWEEP_SHARE, SWEEP_BURST = 0.98, 0.05

_DAY, _MONTH = 86_400, 30 * 86_400
_OWN: dict[str, tuple[Limit, ...]] = {
    "get_jsapi_ticket": (Limit(80, 3600),),
    "ticket/get": (Limit(80, 3600),),
    "webhook/send": (Limit(16, 60),),
    "media/uploadimg": (Limit(800, _DAY), Limit(2_400, _MONTH)),
    "idconvert/unionid_to_external_userid": (
        Limit(8_000, 60),
        Limit(80_000, 3600),
        Limit(384_000, _DAY),
        Limit(6_000_000, _MONTH),
    ),
    # Some 2,000 wrong ones an hour block the sender's address. In quarters of an hour: a token is never far.
    "gettoken": (Limit(400, 900),),
}


def limits_of(endpoint: str, per_minute: int = DEFAULT_PER_MINUTE) -> Sequence[Limit]:
    """Return the limits of an API; `per_minute` sets our share, the hour's limit follows it."""
    own = _OWN.get(endpoint)
    if own is not None:
        return own
    an_hour = per_minute * WECOM_PER_HOUR // WECOM_PER_MINUTE
    if endpoint in SWEEPS:
        a_minute = int(per_minute * WECOM_PER_MINUTE / DEFAULT_PER_MINUTE * SWEEP_SHARE)
        return (
            Limit(a_minute, 60, burst=SWEEP_BURST, lanes=False),
            Limit(an_hour, 3600, lanes=False),
        )
    return (Limit(per_minute, 60), Limit(an_hour, 3600))


def burst(limit: Limit) -> float:
    """Return how many calls may come at once: with the refill, no window exceeds the limit."""
    return limit.calls * limit.burst


def refill(limit: Limit) -> float:
    """Return how many calls a second flow back."""
    return limit.calls * (1 - limit.burst) / limit.seconds


def reserved(limit: Limit, lane: str) -> float:
    """Return the part of the bucket a lane leaves to the earlier ones."""
    return RESERVED[lane] if limit.lanes else 0.0


def alone_share(limit: Limit) -> float:
    """Return the part of a limit that a process takes which cannot ask the others."""
    if limit.seconds < LONG_SECONDS:
        return ALONE_SHARE
    return min(ALONE_SHARE, max(ALONE_LONG_SHARE, ALONE_LEAST / limit.calls))


def first_level(limit: Limit) -> float:
    """Return the part of its burst a bucket without a past begins with."""
    return WARY_SHARE if limit.seconds >= LONG_SECONDS else 1.0


def places_for(lane: str, places: float) -> int:
    """Return how many of the places a lane may use: the later lanes' part stays free, one is always there."""
    return max(1, math.ceil(int(places + 1e-6) * (1 - RESERVED[lane]) - 1e-6))


def places_after(places: float, seconds: float) -> float:
    """Return the places there are so long after the last 45033: a few more each second."""
    return places + seconds * max(LEAST_ROOM_A_SECOND, ROOM_A_SECOND * places)
