"""Celery entry of changes of keys."""

from celery import shared_task

from scrm.core.keys import services


@shared_task(name="core.keys_rotate")
def keys_rotate(job_id: str) -> None:
    """Put every row under the key that writes."""
    services.run(job_id)
