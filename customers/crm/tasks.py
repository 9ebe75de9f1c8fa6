"""Bulk work on members."""

from collections.abc import Iterator, Mapping
from datetime import timedelta

from celery import shared_task
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from customers.crm.models import CrmMember, MemberImport
from customers.crm.services import (
    IMPORT,
    import_chunks,
    import_forget,
    import_headers,
    members_upsert,
)
from customers.crm.stores import store_codes_join
from scrm.core.excel import error_workbook
from scrm.core.exceptions import Conflict
from scrm.core.jobs.models import ACTIVE_STATES, JobRun
from scrm.core.jobs.services import Run, running

# A file nobody imported is not kept longer than this.
KEEP_FILES = timedelta(days=1)
# More error rows than this help nobody; the counts stay exact.
ERROR_ROWS = 20_000


@shared_task(name="customers.members_import")
def members_import(job_id: str) -> None:
    """Import a member file chunk by chunk; resumes behind the last committed row."""
    with running(job_id) as run:
        upload = MemberImport.objects.get(pk=run.params["import_id"])
        if upload.content is None:
            if run.job.result:
                return  # killed between its last step and its end
            raise Conflict(
                _("The file was not imported within a day and is deleted. Send it again."),
                code="file_gone",
            )
        done = run.cursor or {"row": 0, "created": 0, "updated": 0, "unchanged": 0, "failed": 0}
        for chunk in import_chunks(upload, after=done["row"]):
            run.check_cancelled()
            good = [row.read.row for row in chunk if row.read.row is not None]
            with transaction.atomic():
                counts = members_upsert(good, source=CrmMember.Source.IMPORT)
                done["row"] = chunk[-1].number
                done["created"] += counts.created
                done["updated"] += counts.updated
                done["unchanged"] += counts.unchanged
                done["failed"] += len(chunk) - len(good)
                run.advance(
                    processed=len(chunk),
                    succeeded=counts.created + counts.updated,
                    skipped=counts.unchanged,
                    failed=len(chunk) - len(good),
                    cursor=done,
                )
        run.result(**{name: done[name] for name in ("created", "updated", "unchanged", "failed")})
        if done["failed"]:
            _attach_errors(run, upload)
        import_forget(upload.pk)


def _attach_errors(run: Run, upload: MemberImport) -> None:
    workbook = error_workbook(import_headers(upload), _failed_rows(upload))
    run.attach_errors(workbook, filename="member-import-errors.xlsx")


def _failed_rows(upload: MemberImport) -> Iterator[tuple[Mapping[str, object], str]]:
    """Read the file once more for the rows that failed: they are kept nowhere else."""
    left = ERROR_ROWS
    for chunk in import_chunks(upload, after=0):
        for row in chunk:
            if row.read.row is None and left:
                left -= 1
                yield row.cells, row.read.words


@shared_task(name="customers.member_files_purge")
def member_files_purge() -> None:
    """Forget the bytes of member files that were never imported, or whose job broke off; one under way keeps its own."""
    at_work = JobRun.objects.filter(kind=IMPORT, state__in=ACTIVE_STATES)
    old = MemberImport.objects.filter(
        created_at__lt=timezone.now() - KEEP_FILES, content__isnull=False
    ).exclude(job_id__in=at_work.values("pk"))
    old.update(content=None)


@shared_task(name="customers.store_codes_join")
def store_codes_join_task() -> tuple[int, int]:
    """Bring members and orders to the stores their codes mean now."""
    return store_codes_join()
