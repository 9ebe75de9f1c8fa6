"""Celery entries of accounts."""

from celery import shared_task

from scrm.accounts.sessions.services import ended_purge


@shared_task(name="accounts.sessions_purge")
def sessions_purge() -> None:
    """Forget sessions and log-ins that have ended."""
    ended_purge()
