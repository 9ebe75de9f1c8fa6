"""Tasks of the kernel, gathered."""

from celery import shared_task

from scrm.core import purging
from scrm.core.approvals.tasks import approvals_expire
from scrm.core.audit.tasks import audit_seal
from scrm.core.jobs.tasks import jobs_sweep
from scrm.core.keys.tasks import keys_rotate

__all__ = ["approvals_expire", "audit_seal", "jobs_sweep", "keys_rotate", "purge"]


@shared_task(name="core.purge")
def purge() -> None:
    """Delete what the kernel keeps only for a while."""
    purging.purge()
