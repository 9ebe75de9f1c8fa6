"""Writes of customer fields and of their values."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from customers.fields.models import FieldDefinition, FieldValue
from customers.fields.selectors import ShownField, fields_shown, value_of
from customers.fields.values import Value, value_index, value_read
from scrm.core.audit import services as audit
from scrm.core.exceptions import Conflict, PermissionDenied, ValidationFailed
from scrm.core.scope import Scope

MOST_FIELDS = 60
MOST_CHOICES = 50
RETENTION_DAYS = {
    FieldDefinition.Retention.YEAR: 365,
    FieldDefinition.Retention.TWO_YEARS: 2 * 365,
    FieldDefinition.Retention.FIVE_YEARS: 5 * 365,
}
Type = FieldDefinition.Type


@dataclass(frozen=True)
class FieldWish:
    """What may be changed of a field at any time."""

    name: str
    purpose: str
    retention: str
    seen_by: Sequence[str]
    edited_by: Sequence[str] = ()
    choices: Sequence[str] = ()
    position: int = 100


@transaction.atomic
def field_create(
    *, actor: Any, key: str, type: str, data_class: str, record: str, wish: FieldWish
) -> FieldDefinition:
    """Add a field; audited. Raises ValidationFailed, Conflict when the key is taken."""
    if FieldDefinition.objects.filter(key=key).exists():
        raise Conflict(_("There is a field %(key)s already.") % {"key": key}, field="key")
    if FieldDefinition.objects.filter(retired_at=None).count() >= MOST_FIELDS:
        raise Conflict(_("At most %(most)d fields.") % {"most": MOST_FIELDS})
    if type == Type.PHONE and data_class != FieldDefinition.Class.CONTACT:
        raise ValidationFailed(
            _("A phone number is of the class contact."), code="field_class", field="data_class"
        )
    field = FieldDefinition(
        key=key, type=type, data_class=data_class, record=record, created_by=actor
    )
    _apply(field, wish)
    field.save(force_insert=True)
    audit.record(actor=actor, action="fields.create", target=f"field:{key}", after=_audited(field))
    return field


@transaction.atomic
def field_update(field: FieldDefinition, *, actor: Any, wish: FieldWish) -> FieldDefinition:
    """Change what may be changed; audited. Values that are no choice any more stay as they are."""
    before = _audited(field)
    _apply(field, wish)
    if _audited(field) != before:
        field.save()
        audit.record(
            actor=actor,
            action="fields.update",
            target=f"field:{field.key}",
            before=before,
            after=_audited(field),
        )
    return field


def _apply(field: FieldDefinition, wish: FieldWish) -> None:
    choices = list(dict.fromkeys(each.strip() for each in wish.choices if each.strip()))
    wants = field.type in FieldDefinition.WITH_CHOICES
    if wants and not 2 <= len(choices) <= MOST_CHOICES:
        raise ValidationFailed(
            _("Give 2 to %(most)d choices, one a line.") % {"most": MOST_CHOICES},
            code="field_choices",
            field="choices",
        )
    if not wish.purpose.strip():
        raise ValidationFailed(
            _("Say what it is for: data without a purpose may not be kept."),
            code="field_purpose",
            field="purpose",
        )
    if not wish.seen_by:
        raise ValidationFailed(_("Say who sees it."), code="field_readers", field="seen_by")
    field.name, field.purpose = wish.name.strip(), wish.purpose.strip()
    field.retention, field.position = wish.retention, wish.position
    field.choices = choices if wants else []
    field.edited_by = sorted(set(wish.edited_by))
    field.seen_by = sorted({*wish.seen_by, *wish.edited_by})


def _audited(field: FieldDefinition) -> dict[str, Any]:
    names = ("name", "type", "data_class", "record", "purpose", "retention", "position")
    lists = ("choices", "seen_by", "edited_by")
    return {name: getattr(field, name) for name in names} | {
        name: list(getattr(field, name)) for name in lists
    }


@transaction.atomic
def field_retire(field: FieldDefinition, *, actor: Any) -> bool:
    """Stop asking for a field; its values stay until their time is over. Return False when it was retired."""
    changed = FieldDefinition.objects.filter(pk=field.pk, retired_at=None).update(
        retired_at=timezone.now()
    )
    if changed:
        audit.record(
            actor=actor,
            action="fields.retire",
            target=f"field:{field.key}",
            after={"retired": True},
        )
    return bool(changed)


@transaction.atomic
def field_restore(field: FieldDefinition, *, actor: Any) -> bool:
    """Ask for a field again; audited. Return False when it is in use. Raises Conflict when there are too many."""
    if FieldDefinition.objects.filter(retired_at=None).exclude(pk=field.pk).count() >= MOST_FIELDS:
        raise Conflict(_("At most %(most)d fields.") % {"most": MOST_FIELDS})
    off = FieldDefinition.objects.filter(pk=field.pk, retired_at__isnull=False)
    changed = off.update(retired_at=None)
    if changed:
        audit.record(
            actor=actor,
            action="fields.restore",
            target=f"field:{field.key}",
            after={"retired": False},
        )
    return bool(changed)


# --- values --------------------------------------------------------------------------------------------------


@transaction.atomic
def values_set(
    scope: Scope,
    contact_ids: Sequence[UUID],
    member_ids: Sequence[UUID],
    raw: Mapping[str, Any],
    *,
    actor: Any,
    removed: Collection[str] = (),
) -> list[str]:
    """Write what a person typed into fields of one customer, and return the keys that changed.

    The first contact, or the first member, is written. Nothing typed takes a value away, except where the
    value is masked for this person: then it stays, unless `removed` names its key. Audited by key, without values.
    Raises ValidationFailed for a value that does not fit, PermissionDenied for a field this scope may not change;
    then nothing is written.
    """
    known = {one.field.key: one for one in fields_shown(scope, contact_ids, member_ids)}
    changed = [
        key
        for key, typed in raw.items()
        if _set(scope, known.get(key), typed, actor, may_go=key in removed)
    ]
    if changed:
        audit.record(
            actor=actor,
            action="fields.values_set",
            target=f"contact:{contact_ids[0]}",
            after={"fields": sorted(changed)},
        )
    return changed


def _set(scope: Scope, shown: ShownField | None, typed: Any, actor: Any, *, may_go: bool) -> bool:
    if shown is None or shown.target is None or not shown.may_edit:
        raise PermissionDenied(_("This field is not yours to change."), code="field_denied")
    value = value_read(shown.field, typed)
    if value is None and shown.masked and not may_go:
        return False
    column = "contact_id" if shown.field.record == FieldDefinition.Record.CONTACT else "member_id"
    return _write(shown.field, {column: shown.target}, value, actor)


def _write(
    field: FieldDefinition, record: Mapping[str, UUID], value: Value | None, actor: Any
) -> bool:
    held = FieldValue.objects.select_for_update().filter(field=field, **record).first()
    if value is None:
        if held is not None:
            held.delete()
        return held is not None
    if held is not None and value_of(held) == value:
        return False
    row = held or FieldValue(field=field, **record)
    if field.is_personal:
        row.sealed, row.value_index = value, value_index(field, value)
    else:
        row.plain = value
    row.updated_by, row.updated_at = actor, timezone.now()
    row.save()
    return True


def values_expire(now: datetime | None = None) -> int:
    """Delete the values whose time is over since their last change; return how many.

    Values kept as long as the customer go with the record they hang on.
    """
    now = now or timezone.now()
    over = Q(pk__in=[])
    for retention, days in RETENTION_DAYS.items():
        over |= Q(field__retention=retention, updated_at__lt=now - timedelta(days=days))
    deleted, _by_model = FieldValue.objects.filter(over).delete()
    return deleted
