"""Bulk reads of tags."""

from celery import shared_task

from customers.tags import services
from scrm.core.jobs.services import running


@shared_task(name="customers.tags_sync")
def tags_sync(job_id: str) -> None:
    """Read all corp tags; one call, so there is nothing to resume."""
    with running(job_id) as run:
        counts = services.tags_sync()
        run.advance(processed=counts.tags, succeeded=counts.tags, total=counts.tags)
        run.result(groups=counts.groups, tags=counts.tags, removed=counts.removed)
