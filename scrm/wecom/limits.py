"""How often each API may be called, kept below WeCom's own limits (doc 90454, marks in wecom/README §6)."""

from collections.abc import Sequence

from scrm.wecom.ports import Limit

# WeCom's 10,000 a minute and 150,000 an hour per corp and API; we keep to this share of them.
WECOM_PER_MINUTE = 10_000
WECOM_PER_HOUR = 150_000
DEFAULT_PER_MINUTE = 8_000

# The part of a bucket the later lanes must leave: welcome may empty it, sync may use 60 %.
RESERVED = {"welcome": 0.0, "event": 0.1, "sync": 0.4}

# One probe a minute while WeCom refuses an API for its frequency.
BLOCK_SECONDS = 60.0

_OWN: dict[str, tuple[Limit, ...]] = {
    "get_jsapi_ticket": (Limit(80, 3600),),
    "ticket/get": (Limit(80, 3600),),
    "webhook/send": (Limit(20, 60),),
    "media/uploadimg": (Limit(800, 86_400),),
    "idconvert/unionid_to_external_userid": (Limit(8_000, 60), Limit(80_000, 3600)),
}


def limits_of(endpoint: str, per_minute: int = DEFAULT_PER_MINUTE) -> Sequence[Limit]:
    """Return the limits of an API; `per_minute` sets our share, the hour's limit follows it."""
    own = _OWN.get(endpoint)
    if own is not None:
        return own
    return (Limit(per_minute, 60), Limit(per_minute * WECOM_PER_HOUR // WECOM_PER_MINUTE, 3600))


def burst(limit: Limit) -> float:
    """Return how many calls may come at once: with the refill, no window exceeds the limit."""
    return limit.calls / 2


def refill(limit: Limit) -> float:
    """Return how many calls a second flow back."""
    return limit.calls / 2 / limit.seconds
