"""Reads of customer fields: what a role may know of, values for pages, and facts for rules and filters.

For rules, segments and lists: `fields_for_conditions` and `record_ids_with`. For the data map: `fields_mapped`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from django.db.models import QuerySet
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from customers.fields.models import FieldDefinition, FieldValue
from customers.fields.values import (
    Value,
    value_indexes,
    value_masked,
    value_read,
    value_words,
)
from scrm.core.exceptions import ValidationFailed
from scrm.core.scope import Scope

Class = FieldDefinition.Class
Type = FieldDefinition.Type
# Which mask of a role hides values of a class.
MASK_OF = {Class.IDENTITY: "name", Class.CONTACT: "phone", Class.MESSAGE: "remark"}
SYSTEM = "system"


def fields_visible_to(scope: Scope) -> QuerySet[FieldDefinition]:
    """Return the definitions for whoever keeps them, retired ones too: no personal data is among them."""
    known = FieldDefinition.objects.select_related("created_by")
    return known if scope.allows("fields.view") else known.none()


def fields_in_force() -> list[FieldDefinition]:
    """Return the fields that are asked for, in order."""
    return list(FieldDefinition.objects.filter(retired_at=None).order_by("position", "pk"))


def sees(scope: Scope, field: FieldDefinition) -> bool:
    """Tell whether a scope knows of a field."""
    return SYSTEM in scope.role_codes or bool(scope.role_codes & set(field.seen_by))


def edits(scope: Scope, field: FieldDefinition) -> bool:
    """Tell whether a scope may change values of a field."""
    return field.retired_at is None and bool(scope.role_codes & set(field.edited_by))


def is_masked(scope: Scope, field: FieldDefinition) -> bool:
    """Tell whether a scope sees only that there is a value."""
    mask = MASK_OF.get(Class(field.data_class))
    return mask is not None and scope.masked(mask)


@dataclass(frozen=True)
class ShownField:
    """A field of one customer as the reader may see it; `target` is the record a change would be written to."""

    field: FieldDefinition
    text: str
    value: Value | None
    masked: bool
    may_edit: bool
    target: UUID | None
    updated_at: datetime | None


@dataclass(frozen=True)
class Whose:
    """The records of one person a scope sees; the first of each kind is the one that is written."""

    contact_ids: Sequence[UUID]
    member_ids: Sequence[UUID]

    def of(self, field: FieldDefinition) -> Sequence[UUID]:
        """Return those a field hangs on."""
        is_contact = field.record == FieldDefinition.Record.CONTACT
        return self.contact_ids if is_contact else self.member_ids


def fields_in_force_for(scope: Scope) -> list[FieldDefinition]:
    """Return the fields that are asked for and that a scope knows of, in order."""
    return [field for field in fields_in_force() if sees(scope, field)]


def fields_shown(
    scope: Scope, contact_ids: Sequence[UUID], member_ids: Sequence[UUID]
) -> tuple[ShownField, ...]:
    """Return the fields of these records of one person that a scope sees, in two queries.

    The first record of each kind is the one that is written; a value of another one is shown where it has none.
    """
    known = fields_in_force_for(scope)
    if not known:
        return ()
    whose = Whose(contact_ids, member_ids)
    held = _held(known, [whose])
    shown = []
    for field in known:
        mine = whose.of(field)
        row = _first(held, field, mine)
        shown.append(_shown(scope, field, row, mine[0] if mine else None))
    return tuple(shown)


def cells_shown(
    scope: Scope, known: Sequence[FieldDefinition], people: Mapping[UUID, Whose], *, unmasked: bool
) -> dict[UUID, dict[str, str | int | float]]:
    """Return by customer and key of a field what stands in a file, in one query.

    It is what the profile shows this scope, but for how to reach somebody: that is written out in an `unmasked` file,
    which somebody else agreed to, and in no other.
    """
    held = _held(known, people.values())
    hides = {
        field.pk: not unmasked if field.data_class == Class.CONTACT else is_masked(scope, field)
        for field in known
    }
    found: dict[UUID, dict[str, str | int | float]] = {}
    for customer, whose in people.items():
        rows = ((field, _first(held, field, whose.of(field))) for field in known)
        found[customer] = {
            field.key: _cell(field, row, hidden=hides[field.pk]) for field, row in rows if row
        }
    return found


def _cell(field: FieldDefinition, row: FieldValue, *, hidden: bool) -> str | int | float:
    value = value_of(row)
    if hidden:
        return value_masked(field, value)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return cast("int | float", value) if is_number else value_words(field, value)


def _held(
    known: Sequence[FieldDefinition], people: Iterable[Whose]
) -> dict[tuple[int, UUID], FieldValue]:
    """Return by field and record the values of these people."""
    everybody = list(people)
    contacts = {pk for whose in everybody for pk in whose.contact_ids}
    members = {pk for whose in everybody for pk in whose.member_ids}
    rows = _values(contacts, members).filter(field__in=known)
    return {
        (row.field_id, record): row for row in rows if (record := row.contact_id or row.member_id)
    }


def _first(
    held: Mapping[tuple[int, UUID], FieldValue], field: FieldDefinition, records: Iterable[UUID]
) -> FieldValue | None:
    return next((held[field.pk, pk] for pk in records if (field.pk, pk) in held), None)


def _shown(
    scope: Scope, field: FieldDefinition, row: FieldValue | None, target: UUID | None
) -> ShownField:
    value = value_of(row) if row else None
    hidden = is_masked(scope, field)
    return ShownField(
        field=field,
        text=value_masked(field, value) if hidden else value_words(field, value),
        value=None if hidden else value,
        masked=hidden and value is not None,
        may_edit=target is not None and edits(scope, field),
        target=target,
        updated_at=row.updated_at if row else None,
    )


def value_of(row: FieldValue) -> Value:
    """Return the value of a row, opened when it is sealed."""
    value: Any = row.plain if row.sealed is None else row.sealed
    return cast("Value", value)


def _values(contact_ids: Iterable[UUID], member_ids: Iterable[UUID]) -> QuerySet[FieldValue]:
    by_contact = FieldValue.objects.filter(contact__in=list(contact_ids))
    return by_contact | FieldValue.objects.filter(member__in=list(member_ids))


# --- for rules, segments and lists ---------------------------------------------------------------------------


@dataclass(frozen=True)
class ConditionField:
    """A field as a condition may use it; `operators` are those `record_ids_with` takes for it.

    One that is off answers nothing; it is known so that what asks for it can say so.
    """

    key: str
    name: str
    type: str
    choices: tuple[str, ...]
    operators: tuple[str, ...]
    is_off: bool = False


EXACT = ("is", "known")
ORDERED = ("is", "at_least", "at_most", "known")


def fields_for_conditions(scope: Scope) -> list[ConditionField]:
    """Return the fields a scope sees that conditions may ask for; sealed values only by equality."""
    return [field for field in fields_known(scope) if not field.is_off]


def fields_known(scope: Scope) -> list[ConditionField]:
    """Return every field a scope sees, those switched off too, in order."""
    return [
        ConditionField(
            field.key,
            field.name,
            field.type,
            tuple(field.choices),
            operators_of(field),
            is_off=field.retired_at is not None,
        )
        for field in FieldDefinition.objects.order_by("position", "pk")
        if sees(scope, field)
    ]


def operators_of(field: FieldDefinition) -> tuple[str, ...]:
    """Return by what a field's values can be asked for."""
    if not field.is_personal and field.type == Type.CHOICES:
        return ("is", "contains", "known")
    if not field.is_personal and field.type in (Type.NUMBER, Type.DATE):
        return ORDERED
    return EXACT


def record_ids_with(key: str, operator: str, raw: Any = None) -> QuerySet[FieldValue, UUID]:
    """Return the ids of the records (external contacts or CRM members) whose field answers a condition.

    operator: is, contains (one of the choices), at_least, at_most, known. Join them to people by
    `PersonLink.record_id`. Raises ValidationFailed for an unknown field, operator or value.
    """
    field = FieldDefinition.objects.filter(key=key, retired_at=None).first()
    if field is None or operator not in operators_of(field):
        raise ValidationFailed(_("There is no such condition on a customer field."))
    rows = FieldValue.objects.filter(field=field)
    if operator != "known":
        rows = _answering(rows, field, operator, raw)
    return rows.order_by().values_list(Coalesce("contact_id", "member_id"), flat=True)


def _answering(
    rows: QuerySet[FieldValue], field: FieldDefinition, operator: str, raw: Any
) -> QuerySet[FieldValue]:
    value = value_read(field, raw)
    if value is None:
        raise ValidationFailed(_("Say which value of %(field)s.") % {"field": field.name})
    if field.is_personal:
        return rows.filter(value_index__in=value_indexes(field, value))
    lookup = {"is": "plain", "contains": "plain__contains", "at_least": "plain__gte"}
    return rows.filter(**{lookup.get(operator, "plain__lte"): value})


def fields_mapped() -> QuerySet[FieldDefinition]:
    """Return every field a company added, retired ones too, for the map of what is kept, why and how long."""
    return FieldDefinition.objects.order_by("position", "pk")
