"""Files of units, for companies whose OA does not know their stores: kept, looked at, taken over."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import IO, Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from contacts.org.columns import columns
from contacts.org.headers import match_headers
from contacts.org.models import Existing, OrgUnit, SentRows, UnitFile
from contacts.org.sent import Sent, sent_of, sent_pack
from contacts.org.services.joining import codes_changed
from contacts.org.services.units import new_ids, places_update, save_units, unit_facts
from contacts.org.unit_checks import Action, JudgedUnit, judge_units, parents_first
from scrm.core.audit.services import record
from scrm.core.excel import read_table
from scrm.core.exceptions import Conflict, NotFound, ValidationFailed

MAX_ROWS = 10_000


@dataclass(frozen=True)
class JudgedFile:
    """A file with what each row does."""

    headers: list[str]
    rows: list[JudgedUnit]

    def of(self, *actions: Action) -> list[JudgedUnit]:
        """Return the rows that do one of these."""
        return [row for row in self.rows if row.action in actions]

    @property
    def refused(self) -> list[JudgedUnit]:
        """Return the rows that cannot be taken over."""
        return self.of(Action.ERROR)

    @property
    def fingerprint(self) -> str:
        """Return what the rows do as a short text, so that what is taken over is what was looked at."""
        does = [(row.number, row.action.value, row.unit_id, row.changes) for row in self.rows]
        return sha256(repr(does).encode()).hexdigest()[:32]

    @property
    def counts(self) -> dict[str, int]:
        """Return how many rows do what."""
        return {action.value: len(self.of(action)) for action in Action}


@dataclass(frozen=True)
class RefusedRows:
    """The headers of a file, and (row as sent, why it was refused)."""

    headers: list[str]
    rows: list[tuple[Mapping[str, str], str]]


@transaction.atomic
def unit_file_send(*, file: IO[bytes], filename: str, existing: str, actor: Any) -> UnitFile:
    """Keep a file of units; nothing changes yet. Raises ValidationFailed for one that cannot be read."""
    sent = _read(file, filename)
    row = UnitFile.objects.create(
        filename=filename[:200],
        existing=Existing(existing),
        created_by=actor,
        sent=SentRows.objects.create(content=sent_pack(sent)),
    )
    record(
        actor=actor,
        action="org.unit_file_send",
        target=f"unit_file:{row.pk}",
        after={"file": row.filename, "rows": len(sent.rows), "existing": row.existing},
    )
    return row


def _read(file: IO[bytes], filename: str) -> Sent:
    table = read_table(file, filename=filename)
    match_headers(columns()["units"], table.headers, required=("code", "name", "kind"))
    rows = [(row.number, row.values) for row in table.rows]
    if not rows:
        raise ValidationFailed(_("The file has no rows below its header."), code="no_rows")
    if len(rows) > MAX_ROWS:
        raise ValidationFailed(
            _("The file has more than %(limit)d rows; split it.") % {"limit": MAX_ROWS},
            code="too_many_rows",
        )
    return Sent(list(table.headers), rows)


def unit_file_judged(file: UnitFile) -> JudgedFile:
    """Return what each row of a kept file would do now."""
    return _judged(_kept(file), _units_with_parents(), file.existing)


def _units_with_parents() -> list[OrgUnit]:
    """Return all units; joined in PostgreSQL, thousands that came a moment ago are matched one by one."""
    units = {unit.pk: unit for unit in OrgUnit.objects.all()}
    for unit in units.values():
        unit.parent = units[unit.parent_id] if unit.parent_id is not None else None
    return list(units.values())


def unit_file_refused(file: UnitFile) -> RefusedRows:
    """Return the refused rows of a file as they were sent: those of its taking over, else those it would have now.

    Raises NotFound where the rows were deleted after their time.
    """
    if file.status == UnitFile.Status.WAITING:
        judged = unit_file_judged(file)
        return RefusedRows(judged.headers, [(row.raw, row.reason) for row in judged.refused])
    sent = _kept(file)
    reasons = file.refused
    rows = [(raw, reasons[str(number)]) for number, raw in sent.rows if str(number) in reasons]
    return RefusedRows(sent.headers, rows)


def _kept(file: UnitFile) -> Sent:
    if file.sent is None:
        raise NotFound(
            _("The rows of this file were deleted after a year. Send the file in again."),
            code="rows_deleted",
        )
    return sent_of(file.sent)


def _judged(sent: Sent, units: list[OrgUnit], existing: str) -> JudgedFile:
    found = match_headers(columns()["units"], sent.headers, required=("code", "name", "kind"))
    rows = [
        JudgedUnit(
            number, {name: raw.get(header, "").strip() for name, header in found.items()}, raw
        )
        for number, raw in sent.rows
    ]
    return JudgedFile(sent.headers, judge_units(rows, units, existing=existing))


@transaction.atomic
def unit_file_apply(*, file: UnitFile, actor: Any, seen: str | None = None) -> dict[str, int]:
    """Take over the good rows of a file, judged once more; all of them or, on a failure, none.

    `seen` is the fingerprint of what a person looked at. Raises Conflict where the file does something else by now,
    or was decided already.
    """
    row = _lock_waiting(file)
    judged = _take_over(_kept(row), row.existing, seen)
    row.result = judged.counts
    row.refused = {str(refused.number): refused.reason for refused in judged.refused}
    if any("crm_store_id" in each.facts for each in judged.of(Action.CREATE, Action.UPDATE)):
        codes_changed()
    _decide(row, UnitFile.Status.APPLIED)
    record(
        actor=actor,
        action="org.units_import",
        target=f"unit_file:{row.pk}",
        after={"file": row.filename, **judged.counts},
    )
    return judged.counts


@transaction.atomic
def unit_file_drop(*, file: UnitFile, actor: Any) -> None:
    """Give up a file that waits. Raises Conflict where it was decided already."""
    row = _lock_waiting(file)
    _decide(row, UnitFile.Status.DROPPED)
    record(actor=actor, action="org.unit_file_drop", target=f"unit_file:{row.pk}")


def _lock_waiting(file: UnitFile) -> UnitFile:
    row = UnitFile.objects.select_for_update(of=("self",)).select_related("sent").get(pk=file.pk)
    if row.status != UnitFile.Status.WAITING:
        raise Conflict(_("This file was decided already."), code="already_decided")
    return row


def _decide(row: UnitFile, status: UnitFile.Status) -> None:
    row.status, row.decided_at = status, timezone.now()
    row.save(update_fields=["status", "decided_at", "result", "refused"])


def _take_over(sent: Sent, existing: str, seen: str | None) -> JudgedFile:
    units = list(OrgUnit.objects.select_for_update())
    by_id = {unit.pk: unit for unit in units}
    for unit in units:
        unit.parent = by_id.get(unit.parent_id) if unit.parent_id else None
    before = {unit.pk: unit_facts(unit) for unit in units}
    judged = _judged(sent, units, existing)
    if seen is not None and seen != judged.fingerprint:
        raise Conflict(
            _("Units changed since you looked at this file. Look again, then take it over."),
            code="file_moved_on",
        )
    fresh = _changed(judged, {unit.code: unit for unit in units})
    save_units(units, fresh, before)
    places_update()
    return judged


def _changed(judged: JudgedFile, by_code: dict[str, OrgUnit]) -> list[OrgUnit]:
    """Put what the rows say on the units; returns the new ones."""
    wanted = {row.code: row for row in judged.of(Action.CREATE, Action.UPDATE)}
    ids = new_ids(len(wanted))
    fresh: list[OrgUnit] = []
    for row in parents_first(wanted):
        unit = by_code.get(row.code)
        if unit is None:
            unit = by_code[row.code] = OrgUnit(pk=next(ids), code=row.code)
            fresh.append(unit)
        if unit.department_id is None:
            unit.name, unit.kind, unit.parent = row.name, row.kind, by_code.get(row.parent_code)
        for name, value in row.facts.items():
            setattr(unit, name, value)
    return fresh
