"""Tells the rooms above that a code means another store now."""

from django.conf import settings

from scrm.core.jobs import services as jobs


def codes_changed() -> None:
    """Have what came under a CRM id, or under a merged store's code, join its store once this is committed."""
    jobs.enqueue(settings.STORE_CODES_TASK)
