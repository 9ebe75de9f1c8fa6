"""The clock of the timeline."""

from celery import shared_task

from customers.timeline.services import collect

# A file of 100,000 members takes 100 batches; what is left then waits for the next tick.
BATCHES_A_TICK = 100


@shared_task(name="customers.timeline_collect")
def timeline_collect() -> None:
    """Add what the retailer's systems told, 1,000 changes at a time, each batch in its own transaction."""
    for _batch in range(BATCHES_A_TICK):
        if collect() is None:
            return
