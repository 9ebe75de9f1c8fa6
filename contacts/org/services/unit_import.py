"""A file of units, for companies whose OA does not know their stores."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, Any

from django.db import transaction
from django.utils.translation import gettext as _

from contacts.org.columns import columns, kind_words
from contacts.org.headers import folded, match_headers
from contacts.org.models import OrgUnit
from contacts.org.services.units import new_ids, places_update, save_units, unit_facts
from scrm.core.audit.services import record
from scrm.core.excel import read_table
from scrm.core.exceptions import ValidationFailed

MAX_ROWS = 10_000
# What may stand above what; None is the top.
ABOVE: dict[str, tuple[str | None, ...]] = {
    OrgUnit.Kind.REGION: (None,),
    OrgUnit.Kind.BRANCH: (None, OrgUnit.Kind.REGION),
    OrgUnit.Kind.DEALER: (None, OrgUnit.Kind.REGION, OrgUnit.Kind.BRANCH),
    OrgUnit.Kind.STORE: (OrgUnit.Kind.REGION, OrgUnit.Kind.BRANCH, OrgUnit.Kind.DEALER),
}


@dataclass(frozen=True)
class UnitRow:
    """One row of the file."""

    number: int
    code: str
    name: str
    kind: str
    parent_code: str
    raw: dict[str, str]


@dataclass
class UnitImport:
    """What a file did; refused rows as (row as sent, reason)."""

    changed: int = 0
    headers: list[str] = field(default_factory=list)
    refused: list[tuple[UnitRow, str]] = field(default_factory=list)


@transaction.atomic
def units_import(*, file: IO[bytes], filename: str, actor: Any) -> UnitImport:
    """Create and change units from a file; good rows are taken over, refused ones returned with reasons.

    Raises ValidationFailed for a file that cannot be read.
    """
    table = read_table(file, filename=filename)
    found = match_headers(columns()["units"], table.headers, required=("code", "name", "kind"))
    result = UnitImport(headers=table.headers)
    rows: dict[str, UnitRow] = {}
    for raw in table.rows:
        cells = {name: raw.values.get(header, "").strip() for name, header in found.items()}
        row = UnitRow(
            number=raw.number,
            code=cells["code"],
            name=cells["name"],
            kind=cells["kind"],
            parent_code=cells.get("parent_code", ""),
            raw=raw.values,
        )
        if reason := _wrong(row, rows):
            result.refused.append((row, reason))
        else:
            rows[row.code] = row
    if len(rows) > MAX_ROWS:
        raise ValidationFailed(
            _("The file has more than %(limit)d rows; split it.") % {"limit": MAX_ROWS},
            code="too_many_rows",
        )
    result.changed = _take_over(rows, result)
    places_update()
    record(
        actor=actor,
        action="org.units_import",
        target="org_units",
        after={"file": filename, "changed": result.changed, "refused": len(result.refused)},
    )
    return result


def _wrong(row: UnitRow, earlier: dict[str, UnitRow]) -> str:
    if not row.code or not row.name:
        return _("Code and name are needed.")
    if len(row.code) > 64 or len(row.name) > 64:
        return _("Code and name have at most 64 characters.")
    if row.code in earlier:
        return _("The code stands in row %(row)d already.") % {"row": earlier[row.code].number}
    if folded(row.kind) not in kind_words():
        return _("Unknown kind. Use one of: %(allowed)s.") % {"allowed": ", ".join(_first_words())}
    return ""


def _first_words() -> Iterator[str]:
    return (spellings[0] for spellings in columns()["kinds"].values())


def _take_over(rows: dict[str, UnitRow], result: UnitImport) -> int:
    units = list(OrgUnit.objects.select_for_update())
    by_code = {unit.code: unit for unit in units}
    before = {unit.pk: unit_facts(unit) for unit in units}
    ids = new_ids(len(rows))
    fresh: list[OrgUnit] = []
    for row in _parents_first(rows):
        kind = kind_words()[folded(row.kind)]
        parent = by_code.get(row.parent_code) if row.parent_code else None
        if reason := _misplaced(row, kind, parent):
            result.refused.append((row, reason))
            continue
        unit = by_code.get(row.code)
        if unit is None:
            unit = OrgUnit(pk=next(ids), code=row.code)
            fresh.append(unit)
            by_code[row.code] = unit
        unit.name, unit.kind, unit.parent = row.name, kind, parent
    return save_units(units, fresh, before)


def _misplaced(row: UnitRow, kind: str, parent: OrgUnit | None) -> str:
    if row.parent_code and parent is None:
        return _("The parent %(code)s does not exist, or its row was refused.") % {
            "code": row.parent_code
        }
    if (parent.kind if parent else None) not in ABOVE[kind]:
        return _(
            "A unit of this kind cannot stand here. A store stands below a branch, a dealer or a region."
        )
    return ""


def _parents_first(rows: dict[str, UnitRow]) -> Iterator[UnitRow]:
    """Yield rows so that a parent in the file comes before its children; circles come in file order."""
    done: set[str] = set()
    for start in rows:
        trail: list[str] = []
        step = start
        while step in rows and step not in done and step not in trail:
            trail.append(step)
            step = rows[step].parent_code
        for code in reversed(trail):
            done.add(code)
            yield rows[code]
