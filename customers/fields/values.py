"""Values of customer fields: read from what a person typed, said in words. Pure but for the definition."""

from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

import orjson
from django.utils.translation import gettext as _

from customers.fields.models import FieldDefinition
from scrm.core.crypto import blind_index, blind_indexes
from scrm.core.exceptions import ValidationFailed
from scrm.core.phone import mask_phone, normalise_phone

MOST_CHARACTERS = 500
LARGEST = Decimal(10) ** 12
DECIMALS = 4
# Birthdays lie before this century; a day outside is a slip of the finger, and no filter would find it.
FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2100, 12, 31)
HIDDEN = "***"
INDEX = "custom_field"
Type = FieldDefinition.Type
Value = str | int | float | bool | list[str]


def value_read(field: FieldDefinition, raw: Any) -> Value | None:
    """Return the value that was typed or sent, as JSON holds it; None for nothing.

    raw is text, a list of choices, or a bool. Raises ValidationFailed, naming the field.
    """
    if raw is None or raw in ("", []):
        return None
    try:
        return _READERS[field.type](field, raw)
    except ValidationFailed as error:
        raise ValidationFailed(
            _("%(field)s: %(problem)s") % {"field": field.name, "problem": error.message},
            code="field_value",
            field=field.key,
        ) from error


def _text(field: FieldDefinition, raw: Any) -> Value | None:
    text = str(raw).strip()
    if len(text) > MOST_CHARACTERS:
        raise ValidationFailed(_("At most %(limit)d characters.") % {"limit": MOST_CHARACTERS})
    return text.replace("\x00", "") or None


def _number(field: FieldDefinition, raw: Any) -> Value:
    try:
        number = Decimal(str(raw).strip().replace(",", ""))
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or abs(number) >= LARGEST:
        raise ValidationFailed(_("Give a number, such as 12 or 12.50."))
    number = round(number, DECIMALS)
    return int(number) if number == number.to_integral_value() else float(number)


def _date(field: FieldDefinition, raw: Any) -> Value:
    try:
        day = date.fromisoformat(str(raw).strip())
    except ValueError as error:
        raise ValidationFailed(_("Give a day, such as 2026-11-21.")) from error
    if not FIRST_DAY <= day <= LAST_DAY:
        raise ValidationFailed(
            _("Give a day from %(first)s to %(last)s.") % {"first": FIRST_DAY, "last": LAST_DAY}
        )
    return day.isoformat()


def _choice(field: FieldDefinition, raw: Any) -> Value:
    text = str(raw).strip()
    if text not in field.choices:
        raise ValidationFailed(_("Choose one of: %(choices)s") % {"choices": _listed(field)})
    return text


def _choices(field: FieldDefinition, raw: Any) -> Value:
    asked = [raw] if isinstance(raw, str) else list(raw)
    wanted = {str(each).strip() for each in asked}
    if wanted - set(field.choices):
        raise ValidationFailed(_("Choose among: %(choices)s") % {"choices": _listed(field)})
    return [each for each in field.choices if each in wanted]


def _listed(field: FieldDefinition) -> str:
    return ", ".join(field.choices)


def _yes_no(field: FieldDefinition, raw: Any) -> Value:
    if isinstance(raw, bool):
        return raw
    known = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
    found = known.get(str(raw).strip().lower())
    if found is None:
        raise ValidationFailed(_("Give yes or no."))
    return found


def _phone(field: FieldDefinition, raw: Any) -> Value:
    return normalise_phone(str(raw))


_READERS = {
    Type.TEXT.value: _text,
    Type.NUMBER.value: _number,
    Type.DATE.value: _date,
    Type.CHOICE.value: _choice,
    Type.CHOICES.value: _choices,
    Type.YES_NO.value: _yes_no,
    Type.PHONE.value: _phone,
}


def value_words(field: FieldDefinition, value: Value | None) -> str:
    """Return a value as a page shows it; "" for none."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return " · ".join(value) if isinstance(value, list) else str(value)


def value_masked(field: FieldDefinition, value: Value | None) -> str:
    """Return what somebody sees who may not see the value: that there is one."""
    if value is None:
        return ""
    return mask_phone(str(value)) if field.type == Type.PHONE else HIDDEN


def value_index(field: FieldDefinition, value: Value) -> bytes:
    """Return the blind index of a sealed value of this field, to be stored."""
    return blind_index(INDEX, _canonical(field, value))


def value_indexes(field: FieldDefinition, value: Value) -> list[bytes]:
    """Return the blind indexes by which a sealed value is found, whichever key it was written under."""
    return list(blind_indexes(INDEX, _canonical(field, value)))


def _canonical(field: FieldDefinition, value: Value) -> str:
    return f"{field.key}\x1f{orjson.dumps(value).decode()}"
