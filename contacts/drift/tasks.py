"""Celery entries of drift."""

import structlog
from celery import shared_task

from contacts.drift import services
from scrm.core import credentials
from scrm.core.exceptions import Conflict

logger = structlog.get_logger(__name__)


@shared_task(name="contacts.drift_check")
def drift_check(job_id: str) -> None:
    """Compare the address book with WeCom."""
    services.drift_check(job_id)


@shared_task(name="contacts.drift_restore")
def drift_restore(job_id: str) -> None:
    """Write our values back to WeCom."""
    services.drift_restore(job_id)


@shared_task(name="contacts.drift_watch")
def drift_watch() -> None:
    """Start the comparison that WeCom's events asked for, once it is due."""
    if credentials.corp_id() and services.due_take():
        _start()


@shared_task(name="contacts.drift_nightly")
def drift_nightly() -> None:
    """Compare every night, whatever WeCom told: callbacks may be lost. Look at the age of the secrets too."""
    services.secrets_watch()
    if credentials.corp_id():
        _start()


def _start() -> None:
    try:
        services.check_start(actor=None)
    except Conflict:
        # The one under way may have read before the change: look again later.
        services.check_soon()
        logger.info("contacts.drift.check_under_way")
