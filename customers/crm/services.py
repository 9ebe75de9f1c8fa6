"""Writes of CRM members, in chunks and set by set."""

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID

import orjson
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from contacts.org.codes import StoreCodes, store_codes
from customers.copying import rows_upsert
from customers.crm.goods import assets_upsert, goods_upsert
from customers.crm.models import CrmMember, FormerStore, HistoryChange, MemberImport
from customers.crm.orders import (
    UpsertResult,
    history_changed,
    orders_join,
    orders_upsert,
    refunds_upsert,
)
from customers.crm.rows import FIELDS, MemberRow, ReadRow, fields_of, read_row
from customers.relations.models import RecordChange
from customers.relations.services import record_changed
from scrm.core.audit import services as audit
from scrm.core.crypto import blind_index
from scrm.core.excel import Table, read_table
from scrm.core.exceptions import Conflict
from scrm.core.jobs import services as jobs
from scrm.core.jobs.models import JobRun

__all__ = [
    "UpsertResult",
    "assets_upsert",
    "goods_upsert",
    "import_create",
    "import_preview",
    "import_start",
    "members_upsert",
    "orders_upsert",
    "refunds_upsert",
]

CHUNK = 1000
PREVIEW_ROWS = 20


@transaction.atomic
def members_upsert(rows: Sequence[MemberRow], *, source: str) -> UpsertResult:
    """Create or update at most 1,000 members (one row a member number); unchanged ones are not written.

    Fields a row does not give stay as they are. Records whose identity or store changed are noted for OneID
    and what follows from it, stores that were left are kept with their end, in the same transaction.
    """
    members_lock()
    known = {
        member.member_no: member
        for member in CrmMember.objects.filter(member_no__in=[row.member_no for row in rows])
    }
    now = timezone.now()
    stores = store_codes(row.values.get("store_code", "") for row in rows)
    changed: list[CrmMember] = []
    dirty: list[UUID] = []
    new: dict[str, UUID] = {}
    joined: list[UUID] = []
    left: dict[UUID, str] = {}
    for row in rows:
        member = known.get(row.member_no)
        is_new = member is None
        member = member or CrmMember(member_no=row.member_no, source=source)
        before, joined_on, store = _identity(member), member.joined_on, member.store_code
        if not _fill(member, _in_our_codes(row, stores, now)):
            continue
        member.source, member.updated_at = source, now
        changed.append(member)
        if is_new:
            new[member.member_no] = member.pk
        if member.joined_on and member.joined_on != joined_on:
            joined.append(member.pk)
        if member.store_code != store and not is_new:
            left[member.pk] = store
        if is_new or _identity(member) != before:
            dirty.append(member.pk)
    rows_upsert(CrmMember, changed)
    _stores_left(left, now)
    record_changed(RecordChange.Kind.MEMBER, dirty)
    history_changed(HistoryChange.Kind.MEMBER, joined)
    orders_join(new)
    return UpsertResult(len(new), len(changed) - len(new), len(rows) - len(changed))


def _in_our_codes(row: MemberRow, stores: StoreCodes, now: datetime) -> MemberRow:
    """Call the row's store as we do: the CRM may have its own id for it, or not know of a merge yet."""
    sent = row.values.get("store_code", "")
    ours = stores.code_at(sent, now)
    return row if ours == sent else replace(row, values={**row.values, "store_code": ours})


def _stores_left(left: Mapping[UUID, str], now: datetime) -> None:
    """Keep which store these members had until now; that of a member who never had one is not news."""
    without = [pk for pk, store_code in left.items() if not store_code]
    between = set(
        FormerStore.objects.filter(member__in=without).values_list("member_id", flat=True)
    )
    FormerStore.objects.bulk_create(
        FormerStore(member_id=pk, store_code=store_code, until=now)
        for pk, store_code in left.items()
        if store_code or pk in between
    )


def members_lock() -> None:
    """Let one batch at a time in: two that bring the same new member number would collide."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('customers.crm', 7))")


def _fill(member: CrmMember, row: MemberRow) -> bool:
    """Put the given values on the member (unsaved); return whether anything differs."""
    given = dict(row.values)
    is_whole = len(given) == len(FIELDS)
    values = given if is_whole or member._state.adding else _current(member) | given
    values = {name: values.get(name, DEFAULTS.get(name, "")) for name in FIELDS}
    if "phone" in given and "phone_verified" not in given and given["phone"] != member.phone:
        values["phone_verified"] = False  # the verification was of the phone before
    values["phone_verified"] = values["phone_verified"] and bool(values["phone"])
    digest = blind_index("row_digest", orjson.dumps(values, option=orjson.OPT_SORT_KEYS).decode())
    if member.digest and bytes(member.digest) == digest:
        return False
    for name, value in values.items():
        setattr(member, name, value)
    member.phone_index = blind_index("phone", member.phone) if member.phone else None
    member.digest = digest
    return True


DEFAULTS: dict[str, Any] = {
    "phone_verified": False,
    "state": CrmMember.State.ACTIVE.value,
    "joined_on": None,
}


def _current(member: CrmMember) -> dict[str, Any]:
    return {name: getattr(member, name) for name in FIELDS}


def _identity(member: CrmMember) -> tuple[object, ...]:
    """Return what OneID looks at, and the store, which decides orders together with it."""
    index = None if member.phone_index is None else bytes(member.phone_index)
    return (
        member.unionid,
        member.external_userid,
        index,
        member.phone_verified,
        member.state,
        member.store_code,
    )


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
            kind="crm.import",
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
