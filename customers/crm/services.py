"""Writes of CRM members, in chunks and set by set."""

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from customers.crm.facts import assets_upsert, services_upsert, tags_upsert
from customers.crm.members import members_upsert
from customers.crm.models import MemberImport
from customers.crm.orders import orders_upsert, refunds_upsert
from customers.crm.rows import ReadRow, fields_of, read_row
from customers.results import UpsertResult
from scrm.core.audit import services as audit
from scrm.core.excel import Table, read_table
from scrm.core.exceptions import Conflict
from scrm.core.jobs import services as jobs
from scrm.core.jobs.models import JobRun

__all__ = [
    "UpsertResult",
    "assets_upsert",
    "import_create",
    "import_preview",
    "import_start",
    "members_upsert",
    "orders_upsert",
    "refunds_upsert",
    "services_upsert",
    "tags_upsert",
]

IMPORT = "crm.import"
CHUNK = 1000
PREVIEW_ROWS = 20


# --- files ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class NumberedRow:
    """A row of a file: its number there, its cells as sent, and what became of them."""

    number: int
    cells: dict[str, str]
    read: ReadRow


@dataclass(frozen=True)
class Preview:
    """The first rows of a file with every error, and how its columns were understood."""

    headers: list[str]
    fields: dict[str, str]
    ignored: list[str]
    rows: list[NumberedRow]


def import_create(*, filename: str, content: bytes, actor: Any) -> MemberImport:
    """Keep an uploaded member file, encrypted, after a first look; raises ValidationFailed."""
    upload = MemberImport(filename=filename[:200], content=content, created_by=actor)
    import_preview(upload)
    upload.save(force_insert=True)
    return upload


def import_preview(upload: MemberImport) -> Preview:
    """Read the first rows of a file; raises ValidationFailed when it cannot be used at all."""
    table, fields = _open(upload)
    rows = list(islice(_rows(table, fields), PREVIEW_ROWS))
    ignored = [header for header in table.headers if header not in fields]
    return Preview(headers=table.headers, fields=fields, ignored=ignored, rows=rows)


def import_start(upload: MemberImport, *, actor: Any) -> JobRun:
    """Start importing a file; raises Conflict when it was started before or another one is under way."""
    with transaction.atomic():
        row = (
            MemberImport.objects.select_for_update(of=("self",)).defer("content").get(pk=upload.pk)
        )
        if row.job_id is not None:
            raise Conflict(
                _("This file was imported already; see its job."),
                code="import_started",
                job_id=str(row.job_id),
            )
        job = jobs.start(
            kind=IMPORT,
            task="customers.members_import",
            actor=actor,
            params={"import_id": str(row.pk)},
            title=gettext_noop("Import members"),
        )
        MemberImport.objects.filter(pk=row.pk).update(job_id=job.pk)
        audit.record(
            actor=actor,
            action="crm.import",
            target=f"member_import:{row.pk}",
            after={"job": str(job.pk)},
        )
    return job


def import_chunks(upload: MemberImport, *, after: int) -> Iterator[list[NumberedRow]]:
    """Yield the rows of a file behind row number `after`, 1,000 at a time.

    A member number that comes twice counts once: its later rows are errors that name the first.
    """
    table, fields = _open(upload)
    rows = (row for row in _without_repeats(_rows(table, fields)) if row.number > after)
    while chunk := list(islice(rows, CHUNK)):
        yield chunk


def import_headers(upload: MemberImport) -> list[str]:
    """Return the headers of a file as sent."""
    return _open(upload)[0].headers


def import_forget(upload_id: UUID) -> None:
    """Delete the bytes of a file; what it was called and how it went stays."""
    MemberImport.objects.filter(pk=upload_id).update(content=None)


def _open(upload: MemberImport) -> tuple[Table, dict[str, str]]:
    table = read_table(io.BytesIO(upload.content or b""), filename=upload.filename)
    return table, fields_of(table.headers)


def _rows(table: Table, fields: dict[str, str]) -> Iterator[NumberedRow]:
    for row in table.rows:
        cells = {field: row.values.get(header, "") for header, field in fields.items()}
        yield NumberedRow(row.number, row.values, read_row(cells))


def _without_repeats(rows: Iterable[NumberedRow]) -> Iterator[NumberedRow]:
    first: dict[str, int] = {}
    for row in rows:
        member_no = row.read.row.member_no if row.read.row else ""
        if member_no in first:
            words = _("The same member number as row %(number)d.") % {"number": first[member_no]}
            yield NumberedRow(row.number, row.cells, ReadRow(None, {"member_no": words}))
            continue
        if member_no:
            first[member_no] = row.number
        yield row
