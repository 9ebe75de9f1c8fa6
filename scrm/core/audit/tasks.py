"""Clock of the audit."""

from celery import shared_task

from scrm.core.audit import sealing


@shared_task(name="core.audit_seal")
def audit_seal() -> None:
    """Chain the rows committed since the last time."""
    sealing.seal_all()
