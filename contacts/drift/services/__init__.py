"""Writes of drift: comparing, deciding, watching."""

from contacts.drift.services.checking import check_start, drift_check, member_is_suspicious
from contacts.drift.services.deciding import (
    MOST_AT_ONCE,
    DryCount,
    drift_restore,
    findings_accept,
    restore_counted,
    restore_start,
)
from contacts.drift.services.watching import check_soon, due_take, secrets_note, secrets_watch

__all__ = [
    "MOST_AT_ONCE",
    "DryCount",
    "check_soon",
    "check_start",
    "drift_check",
    "drift_restore",
    "due_take",
    "findings_accept",
    "member_is_suspicious",
    "restore_counted",
    "restore_start",
    "secrets_note",
    "secrets_watch",
]
