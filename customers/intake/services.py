"""Files of facts: kept, looked at, imported item by item."""

import io
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby, islice
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from customers.intake.kinds import KINDS, LINE_FIELDS, Kind
from customers.intake.models import FactFile, FactKind, PullSource
from scrm.core.audit import services as audit
from scrm.core.excel import Table, read_table
from scrm.core.excel.reading import Row
from scrm.core.exceptions import Conflict
from scrm.core.jobs import services as jobs
from scrm.core.jobs.models import JobRun

IMPORT = "intake.import"
CHUNK = 1000
PREVIEW_ITEMS = 20
# The column of a file by the field of a line.
LINE_COLUMNS = {field: column for column, field in LINE_FIELDS.items()}
TITLES = {
    FactKind.MEMBERS: gettext_noop("Import members"),
    FactKind.GOODS: gettext_noop("Import goods"),
    FactKind.STOCK: gettext_noop("Import stock"),
    FactKind.ORDERS: gettext_noop("Import orders"),
    FactKind.REFUNDS: gettext_noop("Import refunds"),
    FactKind.ASSETS: gettext_noop("Import assets"),
    FactKind.TAGS: gettext_noop("Import tags of members"),
    FactKind.SERVICES: gettext_noop("Import services"),
}


@dataclass(frozen=True)
class Item:
    """One thing of a file: the rows it stands in, and what became of them; `row` is None when it is unusable."""

    key: str
    numbers: Sequence[int]
    cells: Sequence[Mapping[str, str]]
    row: Any
    errors: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def words(self) -> str:
        """Return all that is wrong in one line, by the file's own headers."""
        return self.words_but(())

    def words_but(self, told: Container[str]) -> str:
        """Return in one line what is wrong, without the headers that were told already."""
        parts = (
            (f"{name}: " if name else "", " ".join(said))
            for name, said in self.errors.items()
            if name not in told
        )
        return " ".join(f"{name}{said}" for name, said in parts)

    def words_beside(self) -> dict[str, str]:
        """Return what is wrong with single cells by their header; nothing where several rows share it."""
        if len(self.numbers) > 1:
            return {}
        (row,) = self.cells
        return {name: " ".join(said) for name, said in self.errors.items() if name in row}


@dataclass(frozen=True)
class Preview:
    """The first items of a file with every error, and how its columns were understood."""

    fields: dict[str, str]
    ignored: list[str]
    items: list[Item]


def file_create(*, kind: str, filename: str, content: bytes, actor: Any) -> FactFile:
    """Keep an uploaded file, encrypted, after a first look; raises ValidationFailed."""
    upload = FactFile(kind=kind, filename=filename[:200], content=content, created_by=actor)
    file_preview(upload)
    upload.save(force_insert=True)
    return upload


def file_preview(upload: FactFile) -> Preview:
    """Read the first items of a file; raises ValidationFailed when it cannot be used at all."""
    table, fields = _open(upload)
    found = _without_repeats(_items(KINDS[upload.kind], table, fields))
    items = list(islice(found, PREVIEW_ITEMS))
    ignored = [header for header in table.headers if header not in fields]
    return Preview(fields=fields, ignored=ignored, items=items)


def file_start(upload: FactFile, *, actor: Any, source: PullSource | None = None) -> JobRun:
    """Start importing a file; raises Conflict when it was started before.

    Of the files people send, one of a kind is imported at a time: which of two came last would be chance.
    Conflict names the one that is under way; the file stays and can be started afterwards.
    """
    with transaction.atomic():
        row = FactFile.objects.select_for_update(of=("self",)).defer("content").get(pk=upload.pk)
        if row.job_id is not None:
            raise Conflict(
                _("This file was imported already; see its job."),
                code="import_started",
                job_id=str(row.job_id),
            )
        job = jobs.start(
            kind=IMPORT,
            key=str(row.pk) if source else row.kind,
            task="customers.intake_import",
            actor=actor,
            params={"file_id": str(row.pk)},
            title=TITLES[FactKind(row.kind)],
        )
        FactFile.objects.filter(pk=row.pk).update(job_id=job.pk)
        audit.record(
            actor=actor,
            action="intake.import",
            target=f"fact_file:{row.pk}",
            after={
                "kind": row.kind,
                "job": str(job.pk),
                "source": str(source.pk) if source else "",
            },
        )
    return job


def file_chunks(upload: FactFile, *, after: int) -> Iterator[list[Item]]:
    """Yield the items of a file behind row number `after`, 1,000 at a time.

    A key that comes twice counts once: later rows are errors that name the first.
    """
    table, fields = _open(upload)
    found = _without_repeats(_items(KINDS[upload.kind], table, fields))
    behind = (item for item in found if item.numbers[-1] > after)
    while chunk := list(islice(behind, CHUNK)):
        yield chunk


def file_headers(upload: FactFile) -> list[str]:
    """Return the headers of a file as sent."""
    return _open(upload)[0].headers


def file_forget(file_id: UUID) -> None:
    """Delete the bytes of a file; what it was called and how it went stays."""
    FactFile.objects.filter(pk=file_id).update(content=None)


def _open(upload: FactFile) -> tuple[Table, dict[str, str]]:
    table = read_table(io.BytesIO(upload.content or b""), filename=upload.filename)
    return table, KINDS[upload.kind].fields_of(table.headers)


def _items(kind: Kind, table: Table, fields: Mapping[str, str]) -> Iterator[Item]:
    pairs = ((row, _cells(row, fields)) for row in table.rows)
    if not kind.has_lines:
        for row, cells in pairs:
            item = kind.item(cells)
            read, errors = kind.read(item)
            yield Item(kind.key_of(item), [row.number], [row.values], read, _headed(errors, fields))
        return
    for key, group in groupby(_filled_down(pairs, kind), key=lambda pair: kind.key_of(pair[1])):
        yield _with_lines(kind, key, list(group), fields)


def _headed(errors: Mapping[str, Sequence[str]], fields: Mapping[str, str]) -> dict[str, list[str]]:
    """Return errors by the headers of the file; what several lines of an order share is said once."""
    if not errors:
        return {}
    headers = {name: header for header, name in fields.items()}
    found: dict[str, list[str]] = {}
    for name, said in errors.items():
        column = LINE_COLUMNS.get(name.rpartition(".")[2], "") if "." in name else name
        heard = found.setdefault(headers.get(column, column), [])
        heard += [words for words in said if words not in heard]
    return found


def _cells(row: Row, fields: Mapping[str, str]) -> dict[str, str]:
    return {name: row.values.get(header, "") for header, name in fields.items()}


def _filled_down(
    pairs: Iterable[tuple[Row, dict[str, str]]], kind: Kind
) -> Iterator[tuple[Row, dict[str, str]]]:
    """Give lines the number of the order above them, as people leave merged cells empty."""
    above = ""
    (name,) = kind.key
    for row, cells in pairs:
        above = cells.get(name) or above
        yield row, {**cells, name: above}


def _with_lines(
    kind: Kind, key: str, rows: Sequence[tuple[Row, dict[str, str]]], fields: Mapping[str, str]
) -> Item:
    cells = [values for _row, values in rows]
    numbers, sent = [row.number for row, _values in rows], [row.values for row, _values in rows]
    differing = _differing(kind, cells)
    if differing:
        words = _("This differs from the first row of the same order.")
        return Item(
            key, numbers, sent, None, _headed({name: [words] for name in differing}, fields)
        )
    read, errors = kind.read(kind.order(cells))
    return Item(key, numbers, sent, read, _headed(errors, fields))


def _differing(kind: Kind, cells: Sequence[Mapping[str, str]]) -> list[str]:
    """Return the fields of the whole order in which a later row says something else than the first."""
    heads = [kind.order([row]) for row in cells]
    return sorted(
        name
        for name in {name for head in heads[1:] for name in head} - {"lines"}
        if any(head.get(name, heads[0].get(name)) != heads[0].get(name) for head in heads[1:])
    )


def _without_repeats(items: Iterable[Item]) -> Iterator[Item]:
    first: dict[str, int] = {}
    for item in items:
        if item.row is not None and item.key in first:
            words = _("Row %(number)d has the same number already.") % {"number": first[item.key]}
            yield Item(item.key, item.numbers, item.cells, None, {"": [words]})
            continue
        if item.row is not None:
            first[item.key] = item.numbers[0]
        yield item
