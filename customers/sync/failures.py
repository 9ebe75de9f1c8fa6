"""What an error of WeCom means for a sync: one member's own, the moment's, or everybody's."""

from dataclasses import dataclass

from scrm.wecom.errors import (
    CONCURRENCY_CODE,
    FREQUENCY_CODE,
    NO_RELATION_CODE,
    WeComAuth,
    WeComError,
    WeComQuota,
    WeComRetryable,
)
from scrm.wecom.paging import CURSOR_CODES

# No customer; no such member; out of the app's range; no such user id; not activated; no customer contact right;
# not verified by name.
MEMBER_CODES = frozenset({NO_RELATION_CODE, 40003, 40031, 41054, 60011, 60111, 84074, 40098, 40099})
# After so many single members in a row with one and the same other code, it is nobody's own.
MOST_ALIKE = 5
BLOCK_SECONDS = 60.0
__all__ = ["CURSOR_CODES", "NO_RELATION_CODE", "Moment", "moment_of"]


@dataclass(frozen=True)
class Moment:
    """An error that passes: how long nobody is to ask, and the code of its words."""

    seconds: float
    code: str
    crowded: bool = False


def moment_of(error: WeComError) -> Moment | None:
    """Return how an error passes; None for one that does not. Raises the error when it concerns every call."""
    if isinstance(error, WeComAuth):
        raise error
    if error.errcode == CONCURRENCY_CODE:
        return Moment(0, "crowded", crowded=True)
    if isinstance(error, WeComQuota):
        if error.errcode == FREQUENCY_CODE:
            return Moment(max(error.retry_after, BLOCK_SECONDS), "quota")
        if error.retry_after > BLOCK_SECONDS / 6:
            # The gateway knows of a block that another process met, or our share of the hour is used up.
            return Moment(error.retry_after, "quota")
        return Moment(0, "own_rate", crowded=True)
    if isinstance(error, WeComRetryable):
        return Moment(0, "no_answer")
    return None
