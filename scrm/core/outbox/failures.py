"""What an error means for the work at hand: wait, try again, give up, or nobody knows."""

from dataclasses import dataclass
from enum import Enum

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.utils.translation import gettext as _

from scrm.core.exceptions import ExternalFailure, RateLimited, ScrmError
from scrm.wecom.errors import (
    BUSY_CODE,
    WeComError,
    WeComPermanent,
    WeComQuota,
    WeComRetryable,
    WeComUnknownOutcome,
)

# Seconds before the next try, by the number of tries before it; the last one repeats.
TRY_DELAYS = (2.0, 10.0, 60.0, 300.0)
WAIT_DELAYS = (1.0, 2.0, 5.0, 15.0, 60.0, 120.0, 300.0)
# A wait never uses up a try, but nobody waits for ever.
LONGEST_WAIT = 24 * 3600


class ConnectionLost(Exception):  # noqa: N818 -- an outcome: the worker reconnects, the lease lapses
    """The database went away in the middle of a piece of work."""


class Verdict(Enum):
    """The four things a failed attempt can mean."""

    WAIT = "nothing was done; the cause passes by itself"
    TRY = "it failed; a few tries may help"
    REFUSED = "it will always fail as it is"
    UNKNOWN = "it may have been done"


@dataclass(frozen=True, slots=True)
class Failure:
    """A failed attempt: what follows, after how many seconds at the earliest (0 = our own rhythm), in words."""

    verdict: Verdict
    retry_after: float
    words: str

    def delay(self, tries: int) -> float:
        """Return the seconds to the next attempt when `tries` of this sort went before."""
        steps = TRY_DELAYS if self.verdict is Verdict.TRY else WAIT_DELAYS
        return max(self.retry_after, steps[min(tries, len(steps) - 1)])


def judge(error: Exception) -> Failure:
    """Sort an error of a handler or sender; an error nobody foresaw is worth a few tries."""
    match error:
        case WeComRetryable(errcode=code) if code == BUSY_CODE:
            # WeCom says so for lasting causes too: not tried for ever.
            return Failure(Verdict.TRY, error.retry_after, _words(error))
        case WeComRetryable() | WeComQuota():
            return Failure(Verdict.WAIT, error.retry_after, _words(error))
        case WeComUnknownOutcome():
            return Failure(Verdict.UNKNOWN, 0, _words(error))
        case WeComPermanent():
            return Failure(Verdict.REFUSED, 0, _words(error))
        case WeComError():
            # Secret, scope, IP list: a person mends it in the meantime, or decides later.
            return Failure(Verdict.TRY, error.retry_after, _words(error))
        case RateLimited():
            return Failure(Verdict.WAIT, 0, error.message)
        case ExternalFailure():
            return Failure(Verdict.TRY, 0, error.message)
        case ScrmError():
            return Failure(Verdict.REFUSED, 0, error.message)
        case OperationalError() | InterfaceError():
            return Failure(Verdict.WAIT, 0, _("The database was not available."))
    return Failure(Verdict.TRY, 0, unforeseen(error))


def unforeseen(error: Exception) -> str:
    """Return words for a fault in our own code: its place, never its text (which may quote a customer)."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = (
        "" if trace is None else f"{trace.tb_frame.f_globals.get('__name__', '')}:{trace.tb_lineno}"
    )
    return _(
        "Unexpected fault %(type)s at %(place)s; the log of the inbox worker has the details."
    ) % {
        "type": type(error).__name__,
        "place": place,
    }


def _words(error: WeComError) -> str:
    return error.words(settings.LANGUAGE_CODE)
