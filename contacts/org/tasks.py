"""Celery entries of the organisation."""

from celery import shared_task

from contacts.org.services import changes_due, run_change, sent_in_purge


@shared_task(name="contacts.store_change_apply")
def store_change_apply(job_id: str) -> None:
    """Apply an approved change of a store."""
    run_change(job_id)


@shared_task(name="contacts.store_changes_due")
def store_changes_due() -> None:
    """Start the changes whose day has come."""
    changes_due()


@shared_task(name="contacts.sent_in_purge")
def sent_in_purge_task() -> int:
    """Delete what was sent in more than a year ago."""
    return sent_in_purge()
