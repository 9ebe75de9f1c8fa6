"""Audiences that come from elsewhere: each row names a person by any identifier and is found or not."""

import io
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from customers.crm.selectors import members_visible_to
from customers.relations.models import RecordChange
from customers.relations.selectors import contacts_visible_to
from customers.segments.models import AudienceEntry, AudienceFile, Segment
from customers.segments.selectors import name_check
from scrm.core.audit import services as audit
from scrm.core.crypto import blind_index
from scrm.core.excel import Table, error_workbook, read_table
from scrm.core.exceptions import ValidationFailed
from scrm.core.jobs import services as jobs
from scrm.core.jobs.models import JobRun
from scrm.core.jobs.services import Run, running
from scrm.core.phone import normalise_phone
from scrm.core.scope import EMPTY_SCOPE, Scope, scope_of

CHUNK = 1000
ERROR_ROWS = 20_000
NAMES = ("external_userid", "unionid", "member_no", "phone")
Kind = RecordChange.Kind
Record = tuple[str, UUID]


# --- rows -------------------------------------------------------------------------------------------------------


def records_found(rows: Sequence[Mapping[str, str]], scope: Scope) -> list[list[Record]]:
    """Return, row by row, the records in scope that an identifier of the row names; four queries for all rows.

    A row may hold several identifiers; each finds what it names.
    """
    asked = [{name: row.get(name, "").strip() for name in NAMES} for row in rows]
    phones = {raw: index for raw in {row["phone"] for row in asked} if (index := _index(raw))}
    contacts, members = contacts_visible_to(scope), members_visible_to(scope)
    by = {
        "external_userid": _by(contacts, Kind.CONTACT, "external_userid", asked),
        "member_no": _by(members, Kind.MEMBER, "member_no", asked),
        "unionid": _merged(
            _by(contacts, Kind.CONTACT, "unionid", asked),
            _by(members, Kind.MEMBER, "unionid", asked),
        ),
        "phone": _merged(
            _by_phone(contacts, Kind.CONTACT, phones), _by_phone(members, Kind.MEMBER, phones)
        ),
    }
    return [
        list(dict.fromkeys(record for name in NAMES for record in by[name].get(row[name], ())))
        for row in asked
    ]


def _index(raw: str) -> bytes | None:
    with suppress(ValidationFailed):  # no phone: it names nobody
        return blind_index("phone", normalise_phone(raw)) if raw else None
    return None


Found = dict[str, list[Record]]


def _by(records: Any, kind: str, field: str, asked: Sequence[Mapping[str, str]]) -> Found:
    wanted = {row[field] for row in asked if row[field]}
    found: Found = {}
    if wanted:
        rows = records.filter(**{f"{field}__in": wanted}).values_list(field, "pk").order_by("pk")
        for value, pk in rows:
            found.setdefault(value, []).append((kind, pk))
    return found


def _by_phone(records: Any, kind: str, phones: Mapping[str, bytes]) -> Found:
    raws: dict[bytes, list[str]] = {}
    for raw, index in phones.items():
        raws.setdefault(index, []).append(raw)
    found: Found = {}
    rows = records.filter(phone_index__in=list(raws)).values_list("phone_index", "pk")
    for index, pk in rows.order_by("pk"):
        for raw in raws[bytes(index)]:
            found.setdefault(raw, []).append((kind, pk))
    return found


def _merged(one: Found, other: Found) -> Found:
    return {key: [*one.get(key, ()), *other.get(key, ())] for key in {*one, *other}}


def entries_add(segment: Segment, found: Sequence[Sequence[Record]]) -> None:
    """Put records into an audience, each once, in the caller's transaction."""
    AudienceEntry.objects.bulk_create(
        (
            AudienceEntry(segment=segment, record_kind=kind, record_id=record_id)
            for kind, record_id in dict.fromkeys(record for each in found for record in each)
        ),
        ignore_conflicts=True,
        batch_size=CHUNK,
    )


@dataclass(frozen=True)
class AudienceWish:
    """What an audience shall be: `code` is how its sender calls it, empty for a file of a person."""

    name: str
    code: str = ""
    expires_at: Any = None
    is_shared: bool = False


@transaction.atomic
def audience_batch(
    wish: AudienceWish, rows: Sequence[Mapping[str, str]], *, scope: Scope, replace: bool
) -> tuple[Segment, list[bool]]:
    """Take a batch of a system's audience, named by code; return which rows were found, in order.

    `replace` empties the audience first: the first batch of a new state of it. Raises ValidationFailed.
    """
    _future(wish)
    first = {"kind": Segment.Kind.AUDIENCE, "name": (wish.name or wish.code)[:60]}
    # Two first batches at once make one audience.
    segment, is_new = Segment.objects.select_for_update().get_or_create(
        code=wish.code, defaults=first
    )
    segment.name = (wish.name or segment.name)[:60]
    segment.expires_at = wish.expires_at or segment.expires_at
    segment.save()
    if replace and not is_new:
        segment.entries.all().delete()
    found = records_found(rows, scope)
    entries_add(segment, found)
    audit.record(
        actor=None,
        action="segment.audience",
        target=f"segment:{segment.pk}",
        after={"name": segment.name, "rows": len(rows), "found": sum(map(bool, found))},
    )
    return segment, [bool(each) for each in found]


def _future(wish: AudienceWish) -> None:
    if wish.expires_at is not None and wish.expires_at <= timezone.now():
        raise ValidationFailed(
            _("The end lies in the past."), code="audience_ended", field="expires_on"
        )


# --- files ---------------------------------------------------------------------------------------------------------


@transaction.atomic
def audience_import(
    wish: AudienceWish, *, filename: str, content: bytes, actor: Any, into: Segment | None = None
) -> tuple[Segment, JobRun]:
    """Keep a file, encrypted, and start looking its rows up; raises ValidationFailed for an unusable file.

    into: the audience its persons are added to, as when those not found are sent again; else a new one is made.
    """
    _future(wish)
    upload = AudienceFile(filename=filename[:200], content=content)
    _open(upload)
    if into is None:
        name_check(scope_of(actor), wish.name[:60])
    segment = into or Segment.objects.create(
        name=wish.name[:60],
        kind=Segment.Kind.AUDIENCE,
        expires_at=wish.expires_at,
        is_shared=wish.is_shared,
        created_by=actor,
    )
    upload.segment = segment
    upload.save(force_insert=True)
    job = jobs.start(
        kind="segments.audience",
        key=str(upload.pk),
        task="customers.audience_import",
        actor=actor,
        params={"file_id": str(upload.pk), "page": reverse("segments:detail", args=[segment.pk])},
        title=gettext_noop("Import an audience"),
    )
    AudienceFile.objects.filter(pk=upload.pk).update(job_id=job.pk)
    audit.record(
        actor=actor,
        action="segment.import",
        target=f"segment:{segment.pk}",
        after={"name": segment.name, "file": upload.filename, "job": str(job.pk)},
    )
    return segment, job


def run_import(job_id: UUID | str) -> None:
    """Look up the rows of a file, 1,000 at a time; resumable behind the last committed row."""
    with running(job_id) as run:
        upload = AudienceFile.objects.select_related("segment").get(pk=run.params["file_id"])
        actor = run.job.started_by
        scope = scope_of(actor) if actor is not None else EMPTY_SCOPE
        table, fields = _open(upload)
        rows = (row for row in table.rows if row.number > (run.cursor or {}).get("row", 0))
        while chunk := list(islice(rows, CHUNK)):
            run.check_cancelled()
            with transaction.atomic():
                _store(run, upload, chunk, fields, scope)
        upload.refresh_from_db()
        run.result(rows=upload.rows, found=upload.matched, not_found=upload.unmatched)
        if upload.unmatched:
            workbook = error_workbook(_open(upload)[0].headers, _unfound(upload, scope))
            run.attach_errors(workbook, filename="audience-not-found.xlsx")
        AudienceFile.objects.filter(pk=upload.pk).update(content=None)


def _store(
    run: Run, upload: AudienceFile, chunk: Sequence[Any], fields: Mapping[str, str], scope: Scope
) -> None:
    found = records_found([_cells(row, fields) for row in chunk], scope)
    entries_add(upload.segment, found)
    matched = sum(map(bool, found))
    AudienceFile.objects.filter(pk=upload.pk).update(
        rows=F("rows") + len(chunk),
        matched=F("matched") + matched,
        unmatched=F("unmatched") + len(chunk) - matched,
    )
    run.advance(
        processed=len(chunk),
        succeeded=matched,
        failed=len(chunk) - matched,
        cursor={"row": chunk[-1].number},
    )


def _unfound(upload: AudienceFile, scope: Scope) -> Iterator[tuple[Mapping[str, object], str]]:
    """Read the file once more for the rows that named nobody: they are kept nowhere else."""
    table, fields = _open(upload)
    rows, left = iter(table.rows), ERROR_ROWS
    while left and (chunk := list(islice(rows, CHUNK))):
        cells = [_cells(row, fields) for row in chunk]
        for row, asked, found in zip(chunk, cells, records_found(cells, scope), strict=True):
            if not found and left:
                left -= 1
                yield row.values, _reason(asked)


def unusable(asked: Mapping[str, str]) -> str:
    """Say why a row cannot name anybody, whoever is known; "" where it can. asked is text by identifier."""
    said = [name for name in NAMES if asked.get(name, "").strip()]
    if not said:
        return _("The row names nobody: fill in one of the columns.")
    if said == ["phone"] and _index(asked["phone"].strip()) is None:
        return _("This is no phone number, and nothing else names a customer.")
    return ""


def _reason(asked: Mapping[str, str]) -> str:
    if words := unusable(asked):
        return words
    if asked.get("phone") and _index(asked["phone"].strip()) is None:
        return _("This is no phone number, and nothing else names a customer.")
    return _("Nobody is known by this.")


def _cells(row: Any, fields: Mapping[str, str]) -> dict[str, str]:
    return {name: row.values.get(header, "") for header, name in fields.items()}


def _open(upload: AudienceFile) -> tuple[Table, dict[str, str]]:
    table = read_table(io.BytesIO(upload.content or b""), filename=upload.filename)
    fields = fields_of(table.headers)
    if not fields:
        raise ValidationFailed(
            _(
                "No column was understood. Name one: member number, phone, unionid or external userid."
            ),
            code="audience_columns",
            field="file",
        )
    return table, fields


def fields_of(headers: Sequence[str]) -> dict[str, str]:
    """Return which header holds which identifier."""
    known = _columns()["headers"]
    return {
        header: name
        for header in headers
        for name, spellings in known.items()
        if header.strip().lower() in {each.lower() for each in spellings}
    }


@lru_cache(maxsize=1)
def _columns() -> Mapping[str, Any]:
    return tomllib.loads((Path(__file__).parent / "columns.toml").read_text("utf-8"))


def template_headers(language: str) -> list[str]:
    """Return the headers of an empty file."""
    found: list[str] = _columns()["template"]["zh" if language.startswith("zh") else "en"]
    return found
