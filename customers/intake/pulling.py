"""Asks a source for its records and hands them on as files, which are imported like any other file.

A reading that breaks off half-way leaves no file: what was not read to its end is never taken for the whole.
"""

import csv
import hashlib
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from customers.intake.kinds import KINDS, LINE_FIELDS, Kind
from customers.intake.models import FactFile, PullSource
from customers.intake.services import file_start
from customers.intake.sources import is_as_stored
from scrm.core.alerts.services import raise_alert
from scrm.core.exceptions import Conflict, ScrmError, ValidationFailed
from scrm.core.feeds.paths import find, leaves, parse, text_of
from scrm.core.feeds.records import Feed, Record, SourceMoved
from scrm.core.feeds.rest import ROLE_OF_ONE, RestFeed, RestSettings
from scrm.core.jobs import services as jobs
from scrm.core.jobs.models import JobRun, JobState

# One file of a reading; below what a file may have (scrm/core/excel/reading.py).
ROWS_A_FILE = 50_000
# The clocks of two systems differ, and a record may be stamped before it can be read.
OVERLAP = timedelta(minutes=10)
TRIED = 20
TRIES = 3


@dataclass(frozen=True)
class Tried:
    """What a first look at a source found: which fields hold something, what is wrong; never a value."""

    records: int
    filled: Mapping[str, int]
    paths: list[str]
    problems: list[str] = field(default_factory=list)


def feed_of(source: PullSource, *, since: bool = True) -> Feed:
    """Return the feed of a source; it opens nothing before records are asked for."""
    fixed = {}
    if since and source.since_param and source.read_from and not _is_unfinished(source):
        fixed[source.since_param] = (source.read_from - OVERLAP).isoformat(timespec="seconds")
    return RestFeed(
        RestSettings(
            **source.options,
            secret=source.secret,
            fixed=fixed,
            allowed=tuple(settings.CRM_HOSTS),
            allowed_by="SCRM_CRM_HOSTS",
            grows=True,
        )
    )


def mapping_check(kind: Kind, mapping: Mapping[str, str]) -> None:
    """Raise ValidationFailed for a path that cannot be read, or a needed field without one."""
    missing = [name for name in kind.needed if not mapping.get(name)]
    if missing:
        raise ValidationFailed(
            _("Say where the source keeps: %(fields)s.") % {"fields": ", ".join(missing)},
            code="mapping_incomplete",
        )
    for path in filter(None, mapping.values()):
        parse(path)


def guess(kind: Kind, data: Mapping[str, Any]) -> dict[str, str]:
    """Return the paths whose last key is a spelling that our columns know."""
    by_key: dict[str, str] = {}
    for path in leaves(data):
        by_key.setdefault(_key(path.rpartition(".")[2]), path)
    return {
        name: by_key[key]
        for name, spellings in kind.headers.items()
        for key in [next((k for k in map(_key, spellings) if k in by_key), "")]
        if key
    }


def _key(name: str) -> str:
    return "".join(char for char in name.lower() if char.isalnum())


def try_out(source: PullSource) -> Tried:
    """Read a few records; raises ScrmError where the source cannot be read."""
    kind = KINDS[source.kind]
    records = list(islice(feed_of(source, since=False).records(ROLE_OF_ONE, limit=TRIED), TRIED))
    filled: dict[str, int] = dict.fromkeys(source.mapping, 0)
    problems: list[str] = []
    for record in records:
        rows = rows_of(source, record)
        for name in filled:
            filled[name] += any(row.get(name) for row in rows)
        item = kind.order(rows) if kind.has_lines else kind.item(rows[0])
        _read, errors = kind.read(item)
        problems += [
            _("Record %(number)d, %(field)s: %(words)s")
            % {"number": record.number - 1, "field": name, "words": " ".join(said)}
            for name, said in errors.items()
        ]
    paths = leaves(records[0].data) if records else []
    return Tried(len(records), filled, paths, problems[:TRIED])


def rows_of(source: PullSource, record: Record) -> list[dict[str, str]]:
    """Return a record as rows by our fields: one, or one a line where it has lines."""
    head = {
        name: text_of(find(record.data, path))
        for name, path in source.mapping.items()
        if path and not (source.lines_path and name in LINE_FIELDS)
    }
    lines = find(record.data, source.lines_path) if source.lines_path else None
    if not isinstance(lines, list) or not lines:
        return [head]
    paths = {name: path for name, path in source.mapping.items() if path and name in LINE_FIELDS}
    return [
        {**head, **{name: text_of(find(line, path)) for name, path in paths.items()}}
        for line in lines
    ]


def run_read(job_id: UUID | str) -> None:
    """Read one source and start its imports; the body of the job, safe to repeat."""
    with jobs.running(job_id) as job:
        source = PullSource.objects.filter(pk=job.params["source_id"]).first()
        if source is None:
            raise _changed()
        began = timezone.now()
        try:
            mapping_check(KINDS[source.kind], source.mapping)
            files = _steady_files(source, job)
            _hand_over(source, files, began, job)
        except ScrmError as failure:
            _failed(source, failure.message)
            raise


def _steady_files(source: PullSource, job: jobs.Run) -> list[tuple[bytes, int]]:
    """Return the records as files, read from the start again where some went away meanwhile; raises ScrmError."""
    for _again in range(TRIES - 1):
        try:
            return list(_files(source, job))
        except SourceMoved:
            job.advance(
                message=_("The source changed while it was read; it is read from the start.")
            )
    return list(_files(source, job))


def _files(source: PullSource, job: jobs.Run) -> Iterator[tuple[bytes, int]]:
    """Yield the records as CSV files of at most ROWS_A_FILE rows; an order stays in one of them.

    A field nobody mapped has no column: a blank one would say that there is nothing.
    """
    fields = [name for name in KINDS[source.kind].fields if source.mapping.get(name)]
    out, writer, rows, records = _new_file(fields)
    for record in feed_of(source).records(ROLE_OF_ONE):
        for row in rows_of(source, record):
            writer.writerow([row.get(name, "") for name in fields])
            rows += 1
        records += 1
        if records % 1000 == 0:
            job.check_cancelled()
            job.advance(processed=1000)
        if rows >= ROWS_A_FILE:
            yield out.getvalue().encode("utf-8-sig"), records
            job.advance(processed=records % 1000)
            out, writer, rows, records = _new_file(fields)
    if records:
        yield out.getvalue().encode("utf-8-sig"), records
        job.advance(processed=records % 1000)


def _new_file(fields: list[str]) -> tuple[io.StringIO, Any, int, int]:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(fields)
    return out, writer, 0, 0


@transaction.atomic
def _hand_over(
    source: PullSource, files: list[tuple[bytes, int]], began: Any, job: jobs.Run
) -> None:
    if not is_as_stored(source):
        raise _changed()
    mark = hashlib.sha256(b"".join(content for content, _records in files)).hexdigest()
    records = sum(count for _content, count in files)
    if mark == source.last_mark and not _is_unfinished(source):
        job.advance(message=_("The source says the same as before; nothing had to be imported."))
        files = []
    for number, (content, _records) in enumerate(files, start=1):
        name = f"{source.name} {timezone.localtime(began):%Y-%m-%d %H.%M} {number}.csv"
        upload = FactFile.objects.create(
            kind=source.kind,
            filename=name,
            content=content,
            source=source,
            created_by=job.job.started_by,
        )
        file_start(upload, actor=job.job.started_by, source=source)
    job.result(records=records)
    PullSource.objects.filter(pk=source.pk).update(
        read_from=began, last_records=records, last_mark=mark, last_problem=""
    )


def _changed() -> Conflict:
    return Conflict(
        _(
            "The source was changed or removed while it was read; nothing was taken over. Read it again."
        ),
        code="source_changed",
    )


def _is_unfinished(source: PullSource) -> bool:
    """Tell whether something of the last reading was not imported to its end.

    Then all of it is asked for again, not only what changed since, and the same content counts again.
    """
    latest = source.files.filter(created_at__gte=source.read_from or source.created_at)
    ids = latest.values_list("job_id", flat=True)
    return JobRun.objects.filter(pk__in=list(ids)).exclude(state=JobState.DONE).exists()


def _failed(source: PullSource, words: str) -> None:
    PullSource.objects.filter(pk=source.pk).update(last_problem=words)
    raise_alert(
        kind="intake.source",
        key=str(source.pk),
        level="warning",
        title=lambda: _("A CRM source could not be read"),
        text=lambda: f"{source.name}: {words}",
    )


def guess_for(source: PullSource) -> dict[str, str]:
    """Return proposed paths from the first record; raises ScrmError where the source cannot be read."""
    first = next(iter(feed_of(source, since=False).records(ROLE_OF_ONE, limit=1)), None)
    if first is None:
        return {}
    kind = KINDS[source.kind]
    found = guess(kind, first.data)
    lines = find(first.data, source.lines_path) if source.lines_path else None
    if isinstance(lines, list) and lines and isinstance(lines[0], Mapping):
        found = {name: path for name, path in found.items() if name not in LINE_FIELDS}
        inner = guess(kind, lines[0])
        found |= {name: path for name, path in inner.items() if name in LINE_FIELDS}
    return found
