"""What personal data the product keeps, why, and for how long; the models are the source."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from django.apps import apps
from django.db import models

from scrm.core.fields import EncryptedField

Category = Literal["identity", "contact", "behaviour", "message", "staff", "secret"]

# Names of columns that hold personal data wherever they appear.
PERSONAL_NAMES = frozenset(
    {
        "address",
        "avatar",
        "birthday",
        "email",
        "external_userid",
        "full_name",
        "gender",
        "id_card",
        "ip",
        "mobile",
        "nickname",
        "openid",
        "phone",
        "remark",
        "unionid",
    }
)
PERSONAL_PREFIXES = ("phone_", "remark_", "id_card_", "mobile_", "address_")
# Models whose `name` is a person's.
PERSON_MODELS = frozenset({"Employee", "Member", "ExternalContact", "CrmMember", "Person", "User"})


@dataclass(frozen=True)
class DataUse:
    """Why one field is kept, what class of data it is, and until when."""

    purpose: str
    category: Category
    retention: str


@dataclass(frozen=True)
class DataMapRow:
    """One line of the data map."""

    model: str
    field: str
    encrypted: bool
    use: DataUse


def own_models() -> Iterator[type[models.Model]]:
    """Yield the models of our own apps."""
    for model in apps.get_models(include_auto_created=False):
        if model.__module__.split(".", 1)[0] in {
            "scrm",
            "contacts",
            "customers",
            "risk",
            "materials",
            "attribution",
        }:
            yield model


def looks_personal(model: type[models.Model], field: "models.Field[Any, Any]") -> bool:
    """Tell whether a field must have an entry: encrypted, or named like personal data."""
    if isinstance(field, EncryptedField):
        return True
    if field.is_relation or isinstance(field, models.BooleanField):
        return False
    if field.name == "name":
        return model.__name__ in PERSON_MODELS
    if field.name in PERSONAL_NAMES:
        return True
    # "phone_index" is personal, "phone_observed_at" is not.
    return field.name.startswith(PERSONAL_PREFIXES) and not isinstance(field, models.DateField)


def declared(model: type[models.Model]) -> dict[str, DataUse]:
    """Return the entries a model declares."""
    entries: dict[str, DataUse] = getattr(model, "data_map", {})
    return entries


def missing() -> list[str]:
    """Return `app.Model.field` of every personal field without an entry, and of entries without a field."""
    problems: list[str] = []
    for model in own_models():
        fields = {field.name: field for field in model._meta.concrete_fields}
        entries = declared(model)
        wanted = {name for name, field in fields.items() if looks_personal(model, field)}
        problems += [f"{model._meta.label}.{name}" for name in sorted(wanted - entries.keys())]
        problems += [
            f"{model._meta.label}.{name} (no such field)"
            for name in sorted(entries.keys() - fields.keys())
        ]
    return problems


def rows() -> list[DataMapRow]:
    """Return the whole map, sorted by model and field."""
    found: list[DataMapRow] = []
    for model in own_models():
        for name, use in declared(model).items():
            field = model._meta.get_field(name)
            found.append(
                DataMapRow(model._meta.label, name, isinstance(field, EncryptedField), use)
            )
    return sorted(found, key=lambda row: (row.model, row.field))


def markdown() -> str:
    """Return the map as a Markdown table for the compliance file."""
    lines = [
        "| model | field | encrypted | class | purpose | retention |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row.model} | {row.field} | {'yes' if row.encrypted else 'no'} "
        f"| {row.use.category} | {row.use.purpose} | {row.use.retention} |"
        for row in rows()
    ]
    return "\n".join(lines)
