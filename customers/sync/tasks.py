"""Celery entries of the sync."""

import structlog
from celery import shared_task

from customers.sync import services
from customers.sync.opening import links_read
from scrm.core import credentials
from scrm.core.exceptions import Conflict

logger = structlog.get_logger(__name__)


@shared_task(name="customers.sync")
def sync(job_id: str) -> None:
    """Read and compare all customers."""
    services.sync_run(job_id)


@shared_task(name="customers.sync_nightly")
def sync_nightly() -> None:
    """Compare every night, whatever WeCom told: callbacks may be lost."""
    services.purge()
    if not credentials.corp_id():
        return
    try:
        services.sync_start(actor=None)
    except Conflict:
        logger.info("customers.sync.under_way")


@shared_task(name="customers.opened_read")
def opened_read() -> None:
    """Ask WeCom which customers of acquisition links have written."""
    if credentials.corp_id():
        links_read()
