"""Bulk reads of tags."""

from contextlib import suppress

from celery import shared_task

from customers.tags import services
from customers.tags.marking import run_marking
from scrm.core.exceptions import Conflict
from scrm.core.jobs.services import running


@shared_task(name="customers.tags_sync")
def tags_sync(job_id: str) -> None:
    """Read all corp tags; one call, so there is nothing to resume."""
    with running(job_id) as run:
        counts = services.tags_sync()
        run.advance(processed=counts.tags, succeeded=counts.tags, total=counts.tags)
        run.result(groups=counts.groups, tags=counts.tags, removed=counts.removed)


@shared_task(name="customers.tags_mark")
def tags_mark(job_id: str) -> None:
    """Tag many relations."""
    run_marking(job_id)


@shared_task(name="customers.tags_nightly")
def tags_nightly() -> None:
    """Make the mirror equal to WeCom once a night: an event may have been lost."""
    with suppress(Conflict):  # somebody asked for it just now
        services.sync_start(actor=None)
