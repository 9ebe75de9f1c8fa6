"""Celery entries of the OA synchronisation."""

from celery import shared_task

from contacts.oa_sync.services import files_purge, run_apply, run_plan


@shared_task(name="contacts.oa_sync_plan")
def oa_sync_plan(job_id: str) -> None:
    """Read the OA and plan."""
    run_plan(job_id)


@shared_task(name="contacts.oa_sync_apply")
def oa_sync_apply(job_id: str) -> None:
    """Apply an approved plan."""
    run_apply(job_id)


@shared_task(name="contacts.oa_files_purge")
def oa_files_purge() -> None:
    """Delete what was kept long enough."""
    files_purge()
