"""The job that imports a file of facts: chunk by chunk, resumable, with what failed as the same rows + reason."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from customers.intake.kinds import KINDS, Kind
from customers.intake.models import FactFile
from customers.intake.services import Item, file_chunks, file_forget, file_headers
from customers.results import FAILED, UpsertResult
from scrm.core.excel import error_workbook
from scrm.core.exceptions import Conflict
from scrm.core.jobs.services import Run, running

# More error rows than this help nobody; the counts stay exact.
ERROR_ROWS = 20_000
COUNTS = ("created", "updated", "unchanged", "failed")


def run_import(job_id: UUID | str) -> None:
    """Import one file; the body of the job, safe to repeat: it resumes behind the last committed row."""
    with running(job_id) as run:
        upload = FactFile.objects.get(pk=run.params["file_id"])
        if upload.content is None:
            if run.job.result:
                return  # killed between its last step and its end
            raise Conflict(
                _("The file was not imported within a day and is deleted. Send it again."),
                code="file_gone",
            )
        kind = KINDS[upload.kind]
        done: dict[str, Any] = run.cursor or {"row": 0, **dict.fromkeys(COUNTS, 0), "late": {}}
        for chunk in file_chunks(upload, after=done["row"]):
            run.check_cancelled()
            with transaction.atomic():
                _store(run, kind, chunk, done)
        run.result(**{name: done[name] for name in COUNTS})
        if done["failed"]:
            workbook = error_workbook(file_headers(upload), _failed_rows(upload, done["late"]))
            run.attach_errors(workbook, filename=f"{upload.kind}-errors.xlsx")
        file_forget(upload.pk)


def _store(run: Run, kind: Kind, chunk: Sequence[Item], done: dict[str, Any]) -> None:
    good = [item for item in chunk if item.row is not None]
    counts = kind.store([item.row for item in good])
    late = _late(good, counts)
    failed = len(chunk) - len(good) + len(late)
    done["row"] = chunk[-1].numbers[-1]
    done["late"] |= late
    done["failed"] += failed
    for name in ("created", "updated", "unchanged"):
        done[name] += getattr(counts, name)
    run.advance(
        processed=len(chunk),
        succeeded=counts.created + counts.updated,
        skipped=counts.unchanged,
        failed=failed,
        cursor=done,
    )


def _late(good: Sequence[Item], counts: UpsertResult) -> dict[str, str]:
    """Return what could not be stored beside the others, by the number of its first row."""
    return {
        str(item.numbers[0]): counts.refused.get(item.key, "")
        for item, outcome in zip(good, counts.outcomes, strict=True)
        if outcome == FAILED
    }


def _failed_rows(
    upload: FactFile, late: Mapping[str, str]
) -> Iterator[tuple[Mapping[str, object], str]]:
    """Read the file once more for the rows that failed: they are kept nowhere else."""
    left = ERROR_ROWS
    for chunk in file_chunks(upload, after=0):
        for item in chunk:
            words = item.words if item.row is None else late.get(str(item.numbers[0]), "")
            if item.row is not None and str(item.numbers[0]) not in late:
                continue
            for cells in item.cells[:left]:
                yield cells, words
            left -= min(left, len(item.cells))
