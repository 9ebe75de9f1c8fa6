"""Judges rows of a file of units against those that exist; pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from contacts.org.columns import columns, datum_words, kind_words
from contacts.org.headers import folded
from contacts.org.hours import hours_read
from contacts.org.models import Existing, OrgUnit
from scrm.core.exceptions import ValidationFailed

# What may stand above what; None is the top.
ABOVE: dict[str, tuple[str | None, ...]] = {
    OrgUnit.Kind.REGION: (None,),
    OrgUnit.Kind.BRANCH: (None, OrgUnit.Kind.REGION),
    OrgUnit.Kind.DEALER: (None, OrgUnit.Kind.REGION, OrgUnit.Kind.BRANCH),
    OrgUnit.Kind.STORE: (OrgUnit.Kind.REGION, OrgUnit.Kind.BRANCH, OrgUnit.Kind.DEALER),
}
MOST_CODE, MOST_NAME, MOST_ADDRESS = 64, 64, 200
SIX_PLACES = Decimal("0.000001")


class Action(models.TextChoices):
    """What a row does."""

    CREATE = "create", gettext_lazy("new")
    UPDATE = "update", gettext_lazy("to be changed")
    SAME = "same", gettext_lazy("unchanged")
    SKIP = "skip", gettext_lazy("left as it is")
    ERROR = "error", gettext_lazy("refused")


@dataclass
class JudgedUnit:
    """A row with what it will do; `reason` says why it is refused, `facts` what it says about the unit."""

    number: int
    cells: Mapping[str, str]
    raw: Mapping[str, str]
    action: Action = Action.ERROR
    reason: str = ""
    kind: str = ""
    facts: dict[str, Any] = field(default_factory=dict)
    changes: tuple[str, ...] = ()
    unit_id: int | None = None

    @property
    def code(self) -> str:
        """Return the code of the unit."""
        return self.cells.get("code", "")

    @property
    def name(self) -> str:
        """Return the name of the unit."""
        return self.cells.get("name", "")

    @property
    def parent_code(self) -> str:
        """Return the code of the unit above."""
        return self.cells.get("parent_code", "")


def judge_units(
    rows: Sequence[JudgedUnit], units: Iterable[OrgUnit], *, existing: str
) -> list[JudgedUnit]:
    """Return each row with its action, in the order of the file; linear in rows."""
    by_code = {unit.code: unit for unit in units}
    kinds = {code: str(unit.kind) for code, unit in by_code.items()}
    crm_ids = {unit.crm_store_id: code for code, unit in by_code.items() if unit.crm_store_id}
    good: dict[str, JudgedUnit] = {}
    for row in rows:
        row.reason = _wrong(row, good) or _wrong_facts(row, crm_ids)
        if not row.reason:
            good[row.code] = row
            if crm_id := row.facts.get("crm_store_id"):
                crm_ids[crm_id] = row.code
    for row in parents_first(good):
        unit = by_code.get(row.code)
        row.unit_id = unit.pk if unit else None
        row.reason = _misplaced(row, kinds) or (_by_oa(row, unit, by_code) if unit else "")
        if not row.reason:
            kinds[row.code] = row.kind
            row.action, row.changes = _action(row, unit, existing)
    return list(rows)


def _wrong(row: JudgedUnit, earlier: Mapping[str, JudgedUnit]) -> str:
    if not row.code or not row.name:
        return _("Code and name are needed.")
    if len(row.code) > MOST_CODE or len(row.name) > MOST_NAME:
        return _("Code and name have at most 64 characters.")
    if row.code in earlier:
        return _("The code stands in row %(row)d already.") % {"row": earlier[row.code].number}
    if folded(row.cells.get("kind", "")) not in kind_words():
        return _("Unknown kind. Use one of: %(allowed)s.") % {"allowed": ", ".join(_first_words())}
    row.kind = kind_words()[folded(row.cells["kind"])]
    return ""


def _first_words() -> Iterator[str]:
    return (spellings[0] for spellings in columns()["kinds"].values())


def _wrong_facts(row: JudgedUnit, crm_ids: Mapping[str, str]) -> str:
    """Read what the row says beside code, name, kind and parent; a blank cell says nothing."""
    crm_id, address = row.cells.get("crm_store_id", ""), row.cells.get("street_address", "")
    if len(crm_id) > MOST_CODE or len(address) > MOST_ADDRESS:
        return _("The CRM id has at most 64 characters, the address at most 200.")
    if crm_ids.get(crm_id, row.code) != row.code:
        return _("The CRM id belongs to %(code)s already.") % {"code": crm_ids[crm_id]}
    row.facts = {"crm_store_id": crm_id, "street_address": address}
    row.facts = {name: value for name, value in row.facts.items() if value}
    try:
        if hours := hours_read(row.cells.get("hours", "")):
            row.facts["hours"] = hours
        row.facts |= _place(row)
    except ValidationFailed as refused:
        return refused.message
    return ""


def _place(row: JudgedUnit) -> dict[str, Any]:
    cells = [row.cells.get(name, "") for name in ("latitude", "longitude", "datum")]
    if not any(cells):
        return {}
    datum = datum_words().get(folded(cells[2]))
    if not all(cells) or datum is None:
        raise ValidationFailed(
            _("Latitude, longitude and datum belong together. Datums: GCJ-02, WGS-84, BD-09."),
            code="place_part",
        )
    return {
        "latitude": _degrees(cells[0], 90),
        "longitude": _degrees(cells[1], 180),
        "datum": datum,
    }


def _degrees(text: str, most: int) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("NaN")
    if not (value.is_finite() and -most <= value <= most):
        raise ValidationFailed(
            _('"%(text)s" is not a number of degrees from -%(most)d to %(most)d.')
            % {"text": text, "most": most},
            code="degrees_invalid",
        )
    return value.quantize(SIX_PLACES)


def _misplaced(row: JudgedUnit, kinds: Mapping[str, str]) -> str:
    if row.parent_code and row.parent_code not in kinds:
        return _("The parent %(code)s does not exist, or its row was refused.") % {
            "code": row.parent_code
        }
    if kinds.get(row.parent_code) not in ABOVE[row.kind]:
        return _(
            "A unit of this kind cannot stand here. A store stands below a branch, a dealer or a region."
        )
    return ""


def _by_oa(row: JudgedUnit, unit: OrgUnit, by_code: Mapping[str, OrgUnit]) -> str:
    """Refuse what the next OA run would take back."""
    if unit.department_id is None:
        return ""
    parent = by_code.get(row.parent_code)
    same = (row.name, row.kind) == (unit.name, unit.kind) and (
        parent is None or parent.pk == unit.parent_id
    )
    if same:
        return ""
    return _("The OA says name, kind and place of this unit. Leave them as they are, or change them there.")  # fmt: skip


def _action(row: JudgedUnit, unit: OrgUnit | None, existing: str) -> tuple[Action, tuple[str, ...]]:
    if unit is None:
        return Action.CREATE, ()
    if existing == Existing.SKIP:
        return Action.SKIP, ()
    changes = [name for name, value in row.facts.items() if getattr(unit, name) != value]
    if unit.department_id is None:
        parent_code = unit.parent.code if unit.parent else ""
        shown = (("name", row.name, unit.name), ("kind", row.kind, unit.kind))
        changes += [name for name, new, old in shown if new != old]
        changes += ["parent"] if row.parent_code != parent_code else []
    return (Action.UPDATE if changes else Action.SAME), tuple(changes)


def parents_first(rows: Mapping[str, JudgedUnit]) -> Iterator[JudgedUnit]:
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
