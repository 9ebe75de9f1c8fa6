"""The clock and the jobs of the customer list."""

from celery import shared_task

from customers.lists.exporting import export_write, exports_purge
from customers.lists.refreshing import rebuild, search_drain
from scrm.core.jobs.services import running

# A backlog of 20,000 customers takes 20 batches; what is left then waits for the next tick.
BATCHES_A_TICK = 20


@shared_task(name="customers.search_refresh")
def search_refresh() -> None:
    """Bring the search up to date, 1,000 noted changes at a time, each batch in its own transaction."""
    for _batch in range(BATCHES_A_TICK):
        if not search_drain():
            return


@shared_task(name="customers.search_rebuild")
def search_rebuild(job_id: str) -> None:
    """Write the search entries of everybody."""
    with running(job_id) as run:
        rebuild(run)


@shared_task(name="customers.customers_export")
def customers_export(job_id: str) -> None:
    """Write a customer file."""
    with running(job_id) as run:
        export_write(run)


@shared_task(name="customers.exports_purge")
def customer_exports_purge() -> None:
    """Delete the bytes of files that are older than a day."""
    exports_purge()
