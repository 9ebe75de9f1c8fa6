"""Celery entries of the roster."""

from celery import shared_task

from contacts.roster.services import accounts_run, accounts_sweep, people_remind, roster_purge
from scrm.core import credentials


@shared_task(name="contacts.roster_accounts")
def roster_accounts(job_id: str) -> None:
    """Make and end accounts."""
    accounts_run(job_id)


@shared_task(name="contacts.roster_sweep")
def roster_sweep() -> None:
    """Start what waits: accounts of approved people, and the end of those whose last day is over."""
    if credentials.corp_id():
        accounts_sweep()


@shared_task(name="contacts.roster_remind")
def roster_remind() -> None:
    """Remind sponsors and headquarters; forget who is long gone."""
    people_remind()
    roster_purge()
