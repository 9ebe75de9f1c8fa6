"""Everything we hold about one person as a ZIP: an index in plain words, a table each, and the same as JSON."""

import html
import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext as _

from customers.privacy.tracing import Traced, traced_tables
from customers.relations.ways import way_words
from customers.tags.models import Tag
from customers.tags.selectors import tags_by_id
from scrm.core.excel import write_workbook
from scrm.core.fields import EncryptedBytesField, EncryptedField
from scrm.core.holdings import Subject

# Keyed hashes and numbers of ours say nothing to anybody.
TECHNICAL = (models.BinaryField, EncryptedBytesField)
# Tables that are ours to find and leave out people by: they repeat what other tables hold.
COPIES = frozenset(
    {
        "customers.ContactSearch",
        "customers.LeftOut",
        "customers.PersonLink",
        "customers.RecordKey",
        "customers.RelationSearch",
        "customers.SubjectPackage",
    }
)

Row = dict[str, Any]


@dataclass(frozen=True)
class Part:
    """One table of a package: its rows as machines read them, and as people do."""

    table: Traced
    rows: list[Row]
    told: list[dict[str, str]]


def package_of(subject: Subject) -> tuple[bytes, dict[str, int]]:
    """Return the ZIP, and the number of rows by table."""
    counts: dict[str, int] = {}
    parts: list[Part] = []
    for table, found in _packed(subject):
        rows = list(found.select_related(*_keys(table)).order_by("pk"))
        if rows:
            counts[table.label] = len(rows)
            parts.append(Part(table, [_shown(table, row) for row in rows], _told(table, rows)))
    return _zipped(parts), counts


def packed_counts(subject: Subject) -> dict[str, int]:
    """Return how many rows of which tables a package will hold; empty tables are left out."""
    counts = {table.label: found.count() for table, found in _packed(subject)}
    return {label: count for label, count in counts.items() if count}


def _packed(subject: Subject) -> Iterator[tuple[Traced, QuerySet[Any]]]:
    for table in traced_tables():
        if table.label not in COPIES:
            yield table, table.rows(subject)


def _zipped(parts: Sequence[Part]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("index.html", _index(parts))
        for number, part in enumerate(parts, start=1):
            archive.writestr(_file_name(number, part.table), _workbook(part))
        content = {part.table.label: part.rows for part in parts}
        archive.writestr("data.json", orjson.dumps(content, option=orjson.OPT_INDENT_2))
    return packed.getvalue()


def _file_name(number: int, table: Traced) -> str:
    return f"{number:02d}-{table.model._meta.model_name}.xlsx"


def _workbook(part: Part) -> bytes:
    columns = [(field.name, _heading(field)) for field in _told_fields(part.table)]
    return write_workbook(columns, part.told, sheet=str(part.table.model._meta.model_name))


def _fields(table: Traced) -> Iterator["models.Field[Any, Any]"]:
    for field in table.model._meta.concrete_fields:
        keyed = isinstance(field, ArrayField) and isinstance(field.base_field, models.BinaryField)
        if not isinstance(field, TECHNICAL) and not keyed:
            yield field


def _told_fields(table: Traced) -> Iterator["models.Field[Any, Any]"]:
    """Return the fields people read: a row's own number is for machines."""
    return (field for field in _fields(table) if not field.primary_key or field.is_relation)


def _keys(table: Traced) -> list[str]:
    return [field.name for field in _told_fields(table) if field.is_relation]


def _heading(field: Any) -> str:
    named = field.related_model._meta if field.is_relation else field
    return str(named.verbose_name)


def _shown(table: Traced, row: models.Model) -> Row:
    return {field.name: _value(field, row) for field in _fields(table)}


def _value(field: Any, row: models.Model) -> Any:
    value = getattr(row, field.attname)
    if isinstance(field, EncryptedField):
        return value
    if field.choices:
        return str(getattr(row, f"get_{field.name}_display")())
    if isinstance(value, bool | int | float | list | dict | type(None)):
        return value
    if isinstance(value, datetime):
        return timezone.localtime(value).isoformat(timespec="seconds")
    return str(value)


# --- for people --------------------------------------------------------------------------------------------------


def _told(table: Traced, rows: Sequence[Any]) -> list[dict[str, str]]:
    tags = tags_by_id(tag_id for row in rows for tag_id in getattr(row, "tag_ids", ()))
    fields = list(_told_fields(table))
    return [{field.name: _words(field, row, tags) for field in fields} for row in rows]


def _words(field: Any, row: models.Model, tags: Mapping[str, Tag]) -> str:
    """Return a value as a person reads it: names for numbers, local time, no code of ours where we know its word."""
    if field.is_relation:
        related = getattr(row, field.name)
        return "" if related is None else str(related)
    value = getattr(row, field.attname)
    if field.name == "tag_ids":
        return _(", ").join(tags[each].name if each in tags else each for each in value)
    if field.name == "add_way":
        return way_words(value)
    if isinstance(value, datetime):
        return f"{timezone.localtime(value):%Y-%m-%d %H:%M:%S}"
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return _cell(_value(field, row))


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return _(", ").join(map(_cell, value))
    if isinstance(value, dict):
        return orjson.dumps(value).decode()
    return str(value)


def _index(parts: Sequence[Part]) -> str:
    """Say in words what is in each file, why we keep it and for how long."""
    day = f"{timezone.localtime():%Y-%m-%d %H:%M}"
    words = _(
        "Everything our systems held about you on %(day)s. Each file is a table; data.json holds the same for machines."
    ) % {"day": day}
    lines = [
        "<!doctype html><html><head><meta charset='utf-8'><title>{}</title>".format(
            html.escape(_("What we hold about you"))
        ),
        "<style>body{font-family:sans-serif;max-width:60em;margin:2em auto}td,th{text-align:left;padding:.4em;border-bottom:1px solid #ccc;vertical-align:top}</style></head><body>",
        f"<h1>{html.escape(_('What we hold about you'))}</h1>",
        f"<p>{html.escape(words)}</p>",
        "<table><tr>",
        *(
            f"<th>{html.escape(heading)}</th>"
            for heading in (
                _("File"),
                _("What it is"),
                _("Rows"),
                _("Why we keep it, and how long"),
            )
        ),
        "</tr>",
    ]
    for number, part in enumerate(parts, start=1):
        lines.append(_index_line(_file_name(number, part.table), part.table, len(part.rows)))
    return "".join([*lines, "</table></body></html>"])


def _index_line(name: str, table: Traced, count: int) -> str:
    uses: Mapping[str, Any] = table.personal
    whys = sorted(
        {
            _("%(purpose)s (%(retention)s)")
            % {"purpose": gettext(use.purpose), "retention": gettext(use.retention)}
            for use in uses.values()
        }
    )
    why = _("; ").join(whys) or _("belongs to what is listed here")
    cells = (name, table.title, str(count), why)
    return "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in cells) + "</tr>"
