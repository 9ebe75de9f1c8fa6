"""Everything we hold about one person as a ZIP: an index in plain words, a table each, and the same as JSON."""

import html
import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext as _

from customers.privacy.tracing import Traced, traced_tables
from scrm.core.excel import write_workbook
from scrm.core.fields import EncryptedBytesField, EncryptedField
from scrm.core.holdings import Subject

# Keyed hashes and numbers of ours say nothing to anybody.
TECHNICAL = (models.BinaryField, EncryptedBytesField)
# Tables that are ours to find people by: they repeat what other tables hold.
COPIES = frozenset(
    {
        "customers.ContactSearch",
        "customers.PersonLink",
        "customers.RecordKey",
        "customers.RelationSearch",
        "customers.SearchChange",
        "customers.SubjectPackage",
    }
)

Row = dict[str, Any]


def package_of(subject: Subject) -> tuple[bytes, dict[str, int]]:
    """Return the ZIP, and the number of rows by table."""
    counts: dict[str, int] = {}
    parts: list[tuple[Traced, list[Row]]] = []
    for table in traced_tables():
        if table.label in COPIES:
            continue
        rows = [_shown(table, row) for row in table.rows(subject).order_by("pk")]
        if rows:
            counts[table.label] = len(rows)
            parts.append((table, rows))
    return _zipped(parts), counts


def _zipped(parts: Sequence[tuple[Traced, list[Row]]]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("index.html", _index(parts))
        for number, (table, rows) in enumerate(parts, start=1):
            archive.writestr(_file_name(number, table), _workbook(table, rows))
        content = {table.label: rows for table, rows in parts}
        archive.writestr("data.json", orjson.dumps(content, option=orjson.OPT_INDENT_2))
    return packed.getvalue()


def _file_name(number: int, table: Traced) -> str:
    return f"{number:02d}-{table.model._meta.model_name}.xlsx"


def _workbook(table: Traced, rows: Sequence[Row]) -> bytes:
    columns = [(field.name, str(field.verbose_name)) for field in _fields(table)]
    texts = ({name: _cell(value) for name, value in row.items()} for row in rows)
    return write_workbook(columns, texts, sheet=str(table.model._meta.model_name))


def _fields(table: Traced) -> Iterator["models.Field[Any, Any]"]:
    for field in table.model._meta.concrete_fields:
        keyed = isinstance(field, ArrayField) and isinstance(field.base_field, models.BinaryField)
        if not isinstance(field, TECHNICAL) and not keyed:
            yield field


def _shown(table: Traced, row: models.Model) -> Row:
    return {field.name: _value(field, row) for field in _fields(table)}


def _value(field: Any, row: models.Model) -> Any:
    if isinstance(field, EncryptedField):
        return getattr(row, field.attname)
    value = getattr(row, field.attname)
    if field.choices:
        return str(getattr(row, f"get_{field.name}_display")())
    if isinstance(value, bool | int | float | list | dict | type(None)):
        return value
    return str(value)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list | dict):
        return orjson.dumps(value).decode()
    return str(value)


def _index(parts: Sequence[tuple[Traced, list[Row]]]) -> str:
    """Say in words what is in each file, why we keep it and for how long."""
    made = timezone.localtime()
    lines = [
        "<!doctype html><html><head><meta charset='utf-8'><title>{}</title>".format(
            html.escape(_("What we hold about you"))
        ),
        "<style>body{font-family:sans-serif;max-width:60em;margin:2em auto}td,th{text-align:left;padding:.4em;border-bottom:1px solid #ccc;vertical-align:top}</style></head><body>",
        f"<h1>{html.escape(_('What we hold about you'))}</h1>",
        f"<p>{html.escape(_('Everything our systems held about you on %(day)s. Each file is a table; data.json holds the same for machines.') % {'day': f'{made:%Y-%m-%d %H:%M}'})}</p>",
        "<table><tr>",
        *(
            f"<th>{html.escape(words)}</th>"
            for words in (_("File"), _("What it is"), _("Rows"), _("Why we keep it, and how long"))
        ),
        "</tr>",
    ]
    for number, (table, rows) in enumerate(parts, start=1):
        lines.append(_index_line(_file_name(number, table), table, len(rows)))
    return "".join([*lines, "</table></body></html>"])


def _index_line(name: str, table: Traced, count: int) -> str:
    uses: Mapping[str, Any] = table.personal
    whys = sorted({f"{use.purpose} ({use.retention})" for use in uses.values()})
    cells = (name, table.title, str(count), "; ".join(whys) or _("belongs to what is listed here"))
    return "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in cells) + "</tr>"
