"""The clock of OneID."""

from celery import shared_task

from customers.oneid.services import reconcile_pending

# A backlog of 20,000 records takes 20 batches; what is left then waits for the next tick.
BATCHES_A_TICK = 100


@shared_task(name="customers.oneid_reconcile")
def oneid_reconcile() -> None:
    """Work on noted changes, 1,000 at a time, each batch in its own transaction."""
    for _batch in range(BATCHES_A_TICK):
        done = reconcile_pending()
        if done is None:
            return
