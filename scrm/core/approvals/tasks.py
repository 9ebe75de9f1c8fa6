"""Clock of approvals."""

from celery import shared_task

from scrm.core.approvals import services


@shared_task(name="core.approvals_expire")
def approvals_expire() -> None:
    """End what nobody decided on, or did not use, in time."""
    services.expire_due()
