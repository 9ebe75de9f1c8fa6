"""Work of entries in the background."""

from celery import shared_task

from attribution.entries.codes import codes_make, codes_sweep
from attribution.entries.services import visits_forget, visits_place
from scrm.core.jobs.services import running


@shared_task(name="attribution.entry_codes_make")
def entry_codes_make(job_id: str) -> None:
    """Make the codes of the stores that were checked, one after the other."""
    with running(job_id) as run:
        codes_make(run)


@shared_task(name="attribution.entry_codes_sweep")
def entry_codes_sweep() -> int:
    """Bring the codes of shown entries to the accounts that are bound now; nothing while another does."""
    return codes_sweep()


@shared_task(name="attribution.entry_visits_place")
def entry_visits_place() -> int:
    """Give visits that named an order before it came the order's store."""
    return visits_place()


@shared_task(name="attribution.entry_visits_purge")
def entry_visits_purge() -> int:
    """Forget old visits."""
    return visits_forget()
