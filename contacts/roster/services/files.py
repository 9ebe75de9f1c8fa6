"""Files of people: kept, judged row by row, sent to headquarters without the refused rows, which come back as they were."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from contacts.org.headers import match_headers
from contacts.org.sent import Sent, sent_pack, sent_unpack
from contacts.roster.checks import Judged
from contacts.roster.columns import REQUIRED, spellings
from contacts.roster.models import RosterFile, RosterPerson
from contacts.roster.services.sending import people_judged, people_save, person_of
from contacts.roster.words import refusal_words
from scrm.core.audit.services import record
from scrm.core.excel import read_table
from scrm.core.exceptions import Conflict, ValidationFailed
from scrm.core.phone import mask_phone
from scrm.core.scope import Scope

MAX_ROWS = 5_000
Status = RosterFile.Status


@dataclass(frozen=True)
class JudgedPeople:
    """A file with what each row says."""

    headers: list[str]
    rows: list[Judged]
    raw: Mapping[int, Mapping[str, str]]
    masked: bool = False

    @property
    def good(self) -> list[Judged]:
        """Return the rows that can be sent."""
        return [row for row in self.rows if not row.code]

    @property
    def refused(self) -> list[tuple[Judged, str]]:
        """Return the rows that cannot, with why."""
        return [
            (row, refusal_words(row.code, _shown(row.cells, masked=self.masked), row.params))
            for row in self.rows
            if row.code
        ]


def _shown(cells: Mapping[str, str], *, masked: bool) -> Mapping[str, str]:
    return {**cells, "phone": mask_phone(cells.get("phone", ""))} if masked else cells


@transaction.atomic
def file_send(*, file: IO[bytes], filename: str, actor: Any) -> RosterFile:
    """Keep a file of people; nobody is sent in yet. Raises ValidationFailed for one that cannot be read."""
    sent = _read(file, filename)
    kept = RosterFile.objects.create(
        filename=filename[:200], content=sent_pack(sent), created_by=actor
    )
    record(actor=actor, action="roster.file_upload", target=f"roster_file:{kept.pk}", after={"file": kept.filename, "rows": len(sent.rows)})  # fmt: skip
    return kept


def _read(file: IO[bytes], filename: str) -> Sent:
    table = read_table(file, filename=filename)
    match_headers(spellings(), table.headers, required=REQUIRED)
    rows = [(row.number, row.values) for row in table.rows]
    rows = [(number, values) for number, values in rows if any(v.strip() for v in values.values())]
    if not rows:
        raise ValidationFailed(_("The file has no rows below its header."), code="no_rows")
    if len(rows) > MAX_ROWS:
        raise ValidationFailed(
            _("The file has more than %(limit)d rows; split it.") % {"limit": MAX_ROWS},
            code="too_many_rows",
        )
    return Sent(list(table.headers), rows)


def file_judged(file: RosterFile, scope: Scope) -> JudgedPeople:
    """Return what each row of a kept file says, as things stand now."""
    sent = sent_unpack(file.content)
    judged = people_judged(_cells(sent), scope)
    return JudgedPeople(sent.headers, judged, dict(sent.rows), is_masked(file, scope))


def _cells(sent: Sent) -> list[tuple[int, dict[str, str]]]:
    found = match_headers(spellings(), sent.headers, required=REQUIRED)
    return [
        (number, {field: raw.get(header, "").strip() for field, header in found.items()})
        for number, raw in sent.rows
    ]


@transaction.atomic
def file_take(*, file: RosterFile, actor: Any, scope: Scope) -> int:
    """Send the good rows of a file to headquarters, judged once more; all of them or, on a failure, none.

    Returns how many. Raises Conflict where the file was decided already.
    """
    locked = _lock_waiting(file)
    judged = file_judged(locked, scope)
    people = [
        person_of(row, channel=RosterPerson.Channel.FILE, actor=actor, file=locked)
        for row in judged.good
    ]
    people_save(people)
    refused = [[row.number, row.code, row.params] for row in judged.rows if row.code]
    locked.result = {"sent": len(people), "refused": refused}
    _decide(locked, Status.SENT)
    record(actor=actor, action="roster.file_send", target=f"roster_file:{locked.pk}", after={"file": locked.filename, "sent": len(people), "refused": len(refused)})  # fmt: skip
    return len(people)


@transaction.atomic
def file_drop(*, file: RosterFile, actor: Any) -> None:
    """Give up a file that waits; nobody is sent in. Raises Conflict where it was decided already."""
    locked = _lock_waiting(file)
    _decide(locked, Status.DROPPED)
    record(actor=actor, action="roster.file_drop", target=f"roster_file:{locked.pk}")


def _lock_waiting(file: RosterFile) -> RosterFile:
    locked = RosterFile.objects.select_for_update(of=("self",)).get(pk=file.pk)
    if locked.status != Status.WAITING:
        raise Conflict(_("This file was decided already."), code="already_decided")
    return locked


def _decide(file: RosterFile, status: str) -> None:
    file.status, file.decided_at = status, timezone.now()
    file.save(update_fields=["status", "decided_at", "result"])


Refused = tuple[list[str], list[tuple[Mapping[str, str], str]]]


@transaction.atomic
def refused_take(*, file: RosterFile, actor: Any, scope: Scope) -> Refused:
    """Return what `refused_of` does, to be taken away as a file; who took it is recorded."""
    headers, rows = refused_of(file, scope)
    record(actor=actor, action="roster.file_refused", target=f"roster_file:{file.pk}", after={"file": file.filename, "rows": len(rows), "masked": is_masked(file, scope)})  # fmt: skip
    return headers, rows


def is_masked(file: RosterFile, scope: Scope) -> bool:
    """Return whether a reader sees the phones of a file masked; who sent it in has them anyway, to repair the rows."""
    return file.created_by_id != scope.user_id and scope.masked("phone")


def refused_of(file: RosterFile, scope: Scope) -> Refused:
    """Return a file's headers and its refused rows with why: as decided, else as things stand.

    They are as they were sent in; a reader whose role masks phones gets those of others masked, and only the columns
    we know.
    """
    sent = sent_unpack(file.content)
    raw, cells = dict(sent.rows), dict(_cells(sent))
    why = _why(file, scope)
    if not is_masked(file, scope):
        return sent.headers, [(raw[number], refusal_words(code, cells[number], params)) for number, code, params in why]  # fmt: skip
    known = match_headers(spellings(), sent.headers, required=REQUIRED)
    rows: list[tuple[Mapping[str, str], str]] = []
    for number, code, params in why:
        shown = _shown(cells[number], masked=True)
        rows.append(({known[field]: shown[field] for field in known}, refusal_words(code, shown, params)))  # fmt: skip
    return [header for header in sent.headers if header in known.values()], rows


def _why(file: RosterFile, scope: Scope) -> list[tuple[int, str, Mapping[str, Any]]]:
    if file.status != Status.WAITING:
        return [(number, code, params) for number, code, params in file.result.get("refused", ())]
    return [(row.number, row.code, row.params) for row in file_judged(file, scope).rows if row.code]
