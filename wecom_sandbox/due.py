"""What WeCom does by itself once enough time has passed."""

import logging
import sqlite3
import threading
from collections.abc import Callable

from wecom_sandbox.sandbox import Sandbox

logger = logging.getLogger(__name__)
Settler = Callable[[Sandbox], object]
_SETTLERS: list[Settler] = []
# A timer must not come a hair too early by the sandbox's clock.
_MARGIN = 0.02


def settles(settler: Settler) -> Settler:
    """Register the function: it does what is due by the sandbox's clock, and nothing twice."""
    _SETTLERS.append(settler)
    return settler


def settle(sandbox: Sandbox) -> None:
    """Do everything that is due; called after the clock was moved, and by reads that depend on it."""
    for settler in _SETTLERS:
        settler(sandbox)


def later(sandbox: Sandbox, settler: Settler, seconds: float) -> None:
    """Do what is due also when nobody asks or moves the clock.

    Args:
        sandbox: the corp.
        settler: what to do, a function registered by ``settles``.
        seconds: sandbox seconds from now.
    """

    def act() -> None:
        try:
            settler(sandbox)
        except sqlite3.ProgrammingError:
            # The sandbox was stopped meanwhile; what is left is done after its next start.
            logger.debug("a timer came after the end")

    timer = threading.Timer(sandbox.clock.real(seconds) + _MARGIN, act)
    timer.daemon = True
    timer.start()
