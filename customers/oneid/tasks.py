"""The clock of OneID."""

from contextlib import suppress
from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from customers.oneid.audit import audit, audit_report, figures
from customers.oneid.services import IndexesMoving, audit_start, reconcile_pending
from scrm.core.exceptions import Conflict
from scrm.core.jobs.services import running
from scrm.core.keys.selectors import indexes_moving

# A backlog of half a million records; what is left then waits for the next tick.
BATCHES_A_TICK = 100
# An audit that meets a change of key looks again after this.
KEYS_PATIENCE = timedelta(minutes=10)


@shared_task(name="customers.oneid_reconcile")
def oneid_reconcile() -> None:
    """Work on noted changes, 5,000 at a time, each batch in its own transaction."""
    for _batch in range(BATCHES_A_TICK):
        if indexes_moving() or reconcile_pending() is None:
            return


@shared_task(name="customers.oneid_audit")
def oneid_audit(job_id: str) -> None:
    """Rebuild all persons and put right what differs."""
    with running(job_id) as run:

        def pulse(words: str) -> None:
            run.check_cancelled()
            run.advance(message=words)

        try:
            done = audit(run.job.pk, pulse)
        except IndexesMoving as refusal:
            run.pause(refusal.message, until=timezone.now() + KEYS_PATIENCE)
        run.result(**figures(done))
        run.advance(processed=done.records, succeeded=done.records, message="")
        audit_report(done, run.job.pk)


@shared_task(name="customers.oneid_nightly")
def oneid_nightly() -> None:
    """Start the audit of the night, unless somebody did."""
    with suppress(Conflict):
        audit_start(actor=None)
