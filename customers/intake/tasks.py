"""Bulk work on facts, and the clock of the sources."""

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from customers.intake.importing import run_import
from customers.intake.models import FactFile
from customers.intake.pulling import run_read
from customers.intake.services import IMPORT
from customers.intake.sources import sources_due_start
from scrm.core.jobs.models import ACTIVE_STATES, JobRun

# A file nobody imported is not kept longer than this.
KEEP_FILES = timedelta(days=1)


@shared_task(name="customers.intake_import")
def intake_import(job_id: str) -> None:
    """Import a file of facts; resumes behind the last committed row."""
    run_import(job_id)


@shared_task(name="customers.intake_read")
def intake_read(job_id: str) -> None:
    """Read a source whole and start its imports."""
    run_read(job_id)


@shared_task(name="customers.intake_sources_due")
def intake_sources_due() -> None:
    """Start reading the sources whose time has come."""
    sources_due_start()


@shared_task(name="customers.intake_files_purge")
def intake_files_purge() -> None:
    """Forget the bytes of files that were never imported, or whose job broke off; one under way keeps its own."""
    at_work = JobRun.objects.filter(kind=IMPORT, state__in=ACTIVE_STATES)
    old = FactFile.objects.filter(
        created_at__lt=timezone.now() - KEEP_FILES, content__isnull=False
    ).exclude(job_id__in=at_work.values("pk"))
    old.update(content=None)
