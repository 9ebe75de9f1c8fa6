"""Writes to WeCom that are safe to repeat: what an unknown outcome means, and a refusal of a single account."""

from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

from django.utils import timezone

from scrm.core.gateway import words
from scrm.core.jobs import services as jobs
from scrm.wecom.errors import (
    WeComError,
    WeComPermanent,
    WeComPermission,
    WeComUnknownOutcome,
)

T = TypeVar("T")
# How long to wait when WeCom twice left it open whether it wrote.
PATIENCE = timedelta(seconds=10)
# A member or department out of the secret's range, or made by somebody else: about one of them, not the call (doc 90313).
OUT_OF_RANGE = frozenset({50002, 60011, 301002})


def repeated(write: Callable[[], T], job: jobs.Run) -> T:
    """Write; where the outcome is unknown once more, and where it still is the job waits. Raises WeComError.

    Only for writes that find what was done before to exist already.
    """
    try:
        try:
            return write()
        except WeComUnknownOutcome:
            return write()
    except WeComUnknownOutcome as failure:
        job.pause(words(failure), until=timezone.now() + PATIENCE)
        raise


def is_about_one(failure: WeComError) -> bool:
    """Return whether WeCom refuses this one account or department, and not the secret or the app."""
    if isinstance(failure, WeComPermission):
        return failure.errcode in OUT_OF_RANGE
    return isinstance(failure, WeComPermanent)
