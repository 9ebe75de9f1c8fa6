"""Scheduled work of the inbox; events themselves never pass through Celery (ADR-0005)."""

from celery import shared_task

from scrm.inbox import services


@shared_task(name="inbox.purge")
def purge() -> None:
    """Forget payloads older than 30 days; harmless when two run at once."""
    services.purge()
