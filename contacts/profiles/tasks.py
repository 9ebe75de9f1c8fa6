"""Celery entries of the cards."""

from celery import shared_task

from contacts.profiles.services import cards_check, cards_push, check_start, sweep
from scrm.core import credentials
from scrm.core.exceptions import Conflict


@shared_task(name="contacts.profiles_push")
def profiles_push(job_id: str) -> None:
    """Write cards to WeCom."""
    cards_push(job_id)


@shared_task(name="contacts.profiles_check")
def profiles_check(job_id: str) -> None:
    """Compare cards with WeCom."""
    cards_check(job_id)


@shared_task(name="contacts.profiles_sweep")
def profiles_sweep() -> None:
    """Find cards that are not up to date: new accounts, bindings, names, campaigns that begin or end."""
    if credentials.corp_id():
        sweep()


@shared_task(name="contacts.profiles_watch")
def profiles_watch() -> None:
    """Compare every night."""
    if not credentials.corp_id():
        return
    try:
        check_start(actor=None)
    except Conflict:
        return
