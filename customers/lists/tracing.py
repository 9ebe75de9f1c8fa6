"""Names the export a file came from, by what is left of its marks."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from openpyxl import load_workbook

from customers.lists import marks
from customers.lists.models import CustomerExport
from scrm.core.excel.guard import no_workbook
from scrm.core.excel.reading import MALFORMED, decode
from scrm.core.exceptions import ValidationFailed

MOST_ROWS = 200_000
# What comes before a cell that a spreadsheet would calculate.
APOSTROPHE = "'"


class By(StrEnum):
    """What the finding rests on, the surest first."""

    CODE = "code"
    HIDDEN = "hidden"
    BLANKS = "blanks"
    ROWS = "rows"


@dataclass(frozen=True)
class Trace:
    """An export the file may come from; `share` is how much of the file, or of the export's sketch, says so.

    By ROWS alone it holds the same customers: whoever else exported these is named too.
    """

    export: CustomerExport
    by: By
    share: float


def trace(content: bytes, filename: str) -> list[Trace]:
    """Return the exports a file comes from, by the surest mark that is left; nobody when nothing is.

    Takes XLSX, and CSV in any encoding Chinese Excel writes. Raises ValidationFailed for other files.
    """
    lines = list(_lines(content, filename))
    if not lines:
        raise ValidationFailed(_("The file is empty."), code="file_empty")
    for by, marked in ((By.CODE, _codes(lines)), (By.HIDDEN, _hidden(lines))):
        if marked:
            return _named(marked, by)
    return _by_blanks(lines) or _by_rows(lines)


def _lines(content: bytes, filename: str) -> Iterator[list[str]]:
    """Yield the cells as they are: the usual reader takes off the very blanks that are looked for."""
    if content.startswith(b"PK"):
        try:
            yield from _workbook_lines(content)
        except MALFORMED:
            raise no_workbook(filename) from None
        return
    text = decode(content)
    head = text.split("\n", 1)[0]
    yield from csv.reader(io.StringIO(text, newline=""), delimiter=max(",\t;", key=head.count))


def _workbook_lines(content: bytes) -> Iterator[list[str]]:
    book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    for number, line in enumerate(book.worksheets[0].iter_rows(values_only=True)):
        if number >= MOST_ROWS:
            return
        yield ["" if cell is None else str(cell) for cell in line]


def _codes(lines: Sequence[Sequence[str]]) -> dict[int, int]:
    return _counted(marks.mark_of_code(cell) for line in lines for cell in line)


def _hidden(lines: Sequence[Sequence[str]]) -> dict[int, int]:
    return _counted(marks.mark_in_name(cell) for line in lines for cell in line)


def _counted(found: Iterator[int | None]) -> dict[int, int]:
    counts: dict[int, int] = {}
    for mark in found:
        if mark is not None:
            counts[mark] = counts.get(mark, 0) + 1
    return counts


def _named(marked: dict[int, int], by: By) -> list[Trace]:
    """Return the exports of these marks, the most frequent first: a file may be put together from two."""
    known = {each.mark: each for each in _exports().filter(mark__in=marked)}
    total = sum(marked.values())
    ranked = sorted(marked.items(), key=lambda item: -item[1])
    return [Trace(known[mark], by, count / total) for mark, count in ranked if mark in known]


def _by_blanks(lines: Sequence[Sequence[str]]) -> list[Trace]:
    columns = list(zip(*_even(lines), strict=True))
    traces = []
    for export in _exports().iterator():
        best = max((marks.agreement(export.mark, column[1:]) for column in columns), default=0.0)
        if best >= marks.LEAST_AGREEMENT:
            traces.append(Trace(export, By.BLANKS, best))
    return sorted(traces, key=lambda each: -each.share)[:1]


def _by_rows(lines: Sequence[Sequence[str]]) -> list[Trace]:
    """Compare the pairs of cells that a nickname and a time of adding may be with each export's sketch."""
    hashes = {
        marks.row_hash(_bare(one), other)
        for line in lines
        for one in line[:2]
        for other in line
        if _is_moment(other)
    }
    likely = []
    for export in _exports().iterator():
        share = marks.shared(bytes(export.sketch), hashes)
        # A file is not from an export that never held half of it.
        if share >= marks.LEAST_SHARED and export.rows >= marks.LEAST_SHARED * len(lines):
            likely.append(Trace(export, By.ROWS, share))
    return sorted(likely, key=lambda each: -each.share)


def _exports() -> QuerySet[CustomerExport]:
    return CustomerExport.objects.defer("content", "criteria")


def _even(lines: Sequence[Sequence[str]]) -> list[list[str]]:
    width = max(len(line) for line in lines)
    return [[*line, *[""] * (width - len(line))] for line in lines]


def _bare(cell: str) -> str:
    return cell.removeprefix(APOSTROPHE).rstrip("?")


def _is_moment(cell: str) -> bool:
    return len(cell) >= 16 and cell[4:5] in "-/" and cell[13:14] == ":"
