"""Scheduled work on roles."""

from celery import shared_task

from contacts.roles.services import leavers_revoke
from scrm.accounts.partner_keys.answering import unanswered_limit


@shared_task(name="contacts.leavers_revoke")
def roles_of_leavers_revoke() -> None:
    """End the access of who may not work any more; then limit the keys of who lost the right to make them."""
    leavers_revoke()
    unanswered_limit()
