"""Celery entries of the OA synchronisation."""

from celery import shared_task

from contacts.oa_sync.services import files_purge, plans_watch, run_apply, run_plan
from contacts.oa_sync.sources.reading import run_read
from contacts.oa_sync.sources.services import connectors_read_due


@shared_task(name="contacts.oa_source_read")
def oa_source_read(job_id: str) -> None:
    """Read a connected OA and start its plan."""
    run_read(job_id)


@shared_task(name="contacts.oa_sources_read")
def oa_sources_read() -> None:
    """Start reading the connected OAs whose time has come."""
    connectors_read_due()


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


@shared_task(name="contacts.oa_plans_watch")
def oa_plans_watch() -> None:
    """Let plans expire that no longer fit what WeCom has."""
    plans_watch()
