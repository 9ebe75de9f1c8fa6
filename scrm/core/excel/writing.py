"""Writes tables that are safe to open: no cell is a formula, no id loses a digit."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

# A spreadsheet reads a cell that begins with one of these as a formula; the full-width ones too, in Chinese locales.
DANGEROUS = frozenset("=+-@\t\r\n\0\uff1d\uff0b\uff0d\uff20")
MAX_CELL_CHARACTERS = 32_767
# XML has no place for these two.
NO_CHARACTERS = {0xFFFE: None, 0xFFFF: None}
# Longer whole numbers are ids: as numbers they would show as 1.23E+11.
MAX_NUMBER = 10**11


def formula_safe(text: str) -> str:
    """Return the text with an apostrophe in front where a spreadsheet would calculate it."""
    return "'" + text if text.lstrip(" ")[:1] in DANGEROUS and text.strip(" ") else text


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, datetime):
        local = timezone.localtime(value) if timezone.is_aware(value) else value
        return local.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(_text(inner) for inner in value)
    return str(value)


def _clean(text: str) -> str:
    text = text.encode("utf-8", "replace").decode("utf-8")
    return ILLEGAL_CHARACTERS_RE.sub("", text).translate(NO_CHARACTERS)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _cell(sheet: Any, value: Any) -> Any:
    if _is_number(value) and abs(value) < MAX_NUMBER:
        return WriteOnlyCell(sheet, value=value)
    text = formula_safe(_clean(_text(value)))[:MAX_CELL_CHARACTERS]
    if not text:
        return None
    cell: Any = WriteOnlyCell(sheet, value="")
    # Set after the value: openpyxl would guess a formula from it.
    cell._value = text
    cell.data_type = "s"
    cell.number_format = "@"
    return cell


def write_workbook(
    columns: Sequence[tuple[str, str]],
    rows: Iterable[Mapping[str, object]],
    *,
    sheet: str = "Sheet1",
    notes: Sequence[tuple[str, str]] = (),
    stamp: str = "",
) -> bytes:
    """Return an XLSX file; columns are (key in the rows, header), the header row is frozen.

    Text stays text; whole numbers of twelve digits and more are written as text; times in local time. `notes` are
    (column, what to write there): a second sheet of instructions. `stamp` is printed at the foot of every page of a
    file somebody takes away: its second sheet says what the file is, for nobody fills it in.
    """
    book = Workbook(write_only=True)
    page = book.create_sheet(sheet[:31])
    page.freeze_panes = "A2"
    # "&" begins a code in a foot line.
    page.oddFooter.center.text = stamp.replace("&", "&&") or None
    for index, (_key, header) in enumerate(columns, start=1):
        page.column_dimensions[get_column_letter(index)].width = max(
            12, min(40, len(header) * 2 + 4)
        )
    heads = [_cell(page, header) for _key, header in columns]
    for cell in heads:
        if cell is not None:
            cell.font = Font(bold=True)
    page.append(heads)
    for row in rows:
        page.append([_cell(page, row.get(key)) for key, _header in columns])
    _write_notes(book, notes, _("About this file") if stamp else _("Instructions"))
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def _write_notes(book: Any, notes: Sequence[tuple[str, str]], title: str) -> None:
    if not notes:
        return
    page = book.create_sheet(title)
    page.column_dimensions["A"].width, page.column_dimensions["B"].width = 24, 80
    for note in notes:
        page.append([_cell(page, text) for text in note])


def write_csv(columns: Sequence[tuple[str, str]], rows: Iterable[Mapping[str, object]]) -> bytes:
    """Return a CSV file in UTF-8 with a byte order mark, so that Excel reads Chinese."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow([formula_safe(header) for _key, header in columns])
    for row in rows:
        writer.writerow([formula_safe(_clean(_text(row.get(key)))) for key, _header in columns])
    return b"\xef\xbb\xbf" + buffer.getvalue().encode("utf-8")


def error_workbook(
    headers: Sequence[str], failed_rows: Iterable[tuple[Mapping[str, object], str]]
) -> bytes:
    """Return the rows that failed as they were sent, plus a column with the reason, ready to correct and send again."""
    reason = _("Why it failed")
    columns = [(header, header) for header in headers if header != reason]
    return write_workbook(
        [*columns, (reason, reason)],
        ({**row, reason: words} for row, words in failed_rows),
        sheet=_("Failed rows"),
    )
