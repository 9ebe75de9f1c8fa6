"""Tasks of the feed."""

from celery import shared_task

from contacts.feed import services


@shared_task(name="contacts.feed_purge")
def feed_purge() -> None:
    """Forget what was done long ago."""
    services.purge()
