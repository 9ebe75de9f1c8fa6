"""Scheduled work on roles."""

from celery import shared_task

from contacts.roles.services import leavers_revoke


@shared_task(name="contacts.leavers_revoke")
def roles_of_leavers_revoke() -> None:
    """Take back the roles of members who left."""
    leavers_revoke()
