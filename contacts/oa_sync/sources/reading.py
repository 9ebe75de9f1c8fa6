"""The job that reads a whole source into two files and plans from them.

The files keep the source's row numbers, so that a refused row is found again; a source that breaks off half-way
leaves no file and so no plan.
"""

import csv
import hashlib
import io
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from contacts.oa_sync.columns import template_headers
from contacts.oa_sync.selectors import plan_mark
from contacts.oa_sync.services import run_upload
from contacts.oa_sync.sources.feeds import feed_of
from contacts.oa_sync.sources.files import SourceFile
from contacts.oa_sync.sources.mapping import MappedSource
from contacts.oa_sync.sources.models import OaConnector
from contacts.oa_sync.sources.protocol import ROLES
from scrm.core.alerts.services import raise_alert
from scrm.core.exceptions import ScrmError
from scrm.core.feeds.records import SourceMoved
from scrm.core.jobs import services as jobs

BATCH = 500
TRIES = 3


def run_read(job_id: UUID | str) -> None:
    """Read one source and start its plan; the body of the job, safe to repeat."""
    with jobs.running(job_id) as job:
        connector = OaConnector.objects.get(pk=job.params["connector"])
        try:
            feed = feed_of(connector)
            as_of = feed.as_of()
            files, mark = _gather(MappedSource(feed, connector.field_mapping), job)
            _hand_over(connector, files, mark, as_of, job)
        except ScrmError as failure:
            _failed(connector, failure.message)
            raise


def _gather(source: MappedSource, job: jobs.Run) -> tuple[dict[str, SourceFile], str]:
    """Return both files and the mark of their content; raises ScrmError."""
    digest = hashlib.sha256()
    files = {}
    for role in ROLES:
        content = _steady_csv(source, role, job)
        digest.update(content)
        files[role] = SourceFile(f"{role}.csv", content)
    return files, digest.hexdigest()


def _steady_csv(source: MappedSource, role: str, job: jobs.Run) -> bytes:
    """Return a role as a file, read from the start again where the OA changed meanwhile; raises ScrmError."""
    for _again in range(TRIES - 1):
        try:
            return _as_csv(source, role, job)
        except SourceMoved:
            job.advance(message=_("The OA changed while it was read; it is read from the start."))
    return _as_csv(source, role, job)


def _as_csv(source: MappedSource, role: str, job: jobs.Run) -> bytes:
    columns = template_headers(role)
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([header for _field, header in columns])
    line, count = 1, 0
    for row in source.departments() if role == "departments" else source.employees():
        # A row keeps its number: lines the source leaves out stay blank.
        out.write("\r\n" * (row.number - line - 1))
        line = row.number
        writer.writerow([row.values.get(field, "") for field, _header in columns])
        count += 1
        if count % BATCH == 0:
            job.check_cancelled()
            job.advance(processed=BATCH)
    job.advance(processed=count % BATCH)
    return out.getvalue().encode("utf-8-sig")


@transaction.atomic
def _hand_over(
    connector: OaConnector,
    files: dict[str, SourceFile],
    mark: str,
    as_of: datetime,
    job: jobs.Run,
) -> None:
    connector = OaConnector.objects.select_for_update(of=("self",)).get(pk=connector.pk)
    connector.last_read_at, connector.last_problem = timezone.now(), ""
    if _still_waits(connector, mark):
        job.advance(message=_("The OA says the same as before; its plan still waits."))
    else:
        run = run_upload(
            departments=files["departments"],
            employees=files["employees"],
            actor=job.job.started_by,
            source=connector.kind,
            source_name=f"{connector.name} ({connector.get_kind_display()})",
            as_of=as_of,
        )
        connector.last_run, connector.last_mark = run, mark
        job.result(run=str(run.pk))
    connector.save(
        update_fields=["last_read_at", "last_problem", "last_run", "last_mark", "updated_at"]
    )


def _still_waits(connector: OaConnector, mark: str) -> bool:
    """Return whether the same content was planned already, and that plan is still good."""
    run = connector.last_run
    return (
        run is not None
        and connector.last_mark == mark
        and run.waits_for_approval
        and run.mirror_mark == plan_mark()
    )


def _failed(connector: OaConnector, words: str) -> None:
    OaConnector.objects.filter(pk=connector.pk).update(last_problem=words)
    raise_alert(
        kind="oa_sync.source",
        key=str(connector.pk),
        level="warning",
        title=lambda: _("The OA could not be read"),
        text=lambda: f"{connector.name}: {words}",
    )
