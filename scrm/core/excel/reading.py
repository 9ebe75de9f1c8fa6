"""Reads an uploaded table row by row; every value is text, exactly as a person sees it."""

import csv
import io
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import chain
from typing import IO, Any
from xml.etree.ElementTree import ParseError

import openpyxl
from charset_normalizer import from_bytes
from defusedxml import DefusedXmlException
from django.utils.translation import gettext as _
from openpyxl.utils.exceptions import InvalidFileException

from scrm.core.excel.guard import MAX_UPLOAD_BYTES, no_workbook, refuse_bombs
from scrm.core.excel.writing import DANGEROUS
from scrm.core.exceptions import ValidationFailed

MAX_ROWS = 200_000
MAX_COLUMNS = 200
# Excel's own end; a forged row number beyond it would make us count empty rows for ever.
MAX_ROW_NUMBER = 1_048_576
MAX_HEADER_ROW = 100
MAX_CELL_CHARACTERS = 32_767
# Excel keeps 15 digits; a longer number was rounded before it reached us.
EXACT_LIMIT = 10**15
# What is called so begins as an archive does.
WORKBOOKS = frozenset({"xlsx", "xlsm"})
OLD_EXCEL = b"\xd0\xcf\x11\xe0"
# East Asian encodings to fall back to; a western one would "succeed" with any bytes.
OTHER_ENCODINGS = ["big5hkscs", "euc_kr", "shift_jis", "euc_jp"]
# openpyxl and zipfile meet a malformed part with whatever error came first.
MALFORMED = (
    InvalidFileException,
    DefusedXmlException,
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    ParseError,
    ArithmeticError,
    AttributeError,
    AssertionError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
)


@dataclass(frozen=True)
class Row:
    """One row: its number as the person sees it in the file, and its cells by header."""

    number: int
    values: dict[str, str]


@dataclass(frozen=True)
class Table:
    """Headers, and the rows as they are read."""

    headers: list[str]
    rows: Iterator[Row]


def read_table(file: IO[bytes], *, filename: str) -> Table:
    """Open an XLSX or CSV file (GBK, UTF-8, UTF-16) whose first filled row holds the headers.

    Ids and leading zeros stay text, dates become ISO. Raises ValidationFailed with words about what is wrong
    with the file; reading further rows may raise it too.
    """
    file.seek(0, io.SEEK_END)
    if file.tell() > MAX_UPLOAD_BYTES:
        raise ValidationFailed(
            _("The file is larger than %(limit)d MB. Split it.")
            % {"limit": MAX_UPLOAD_BYTES // 1024 // 1024},
            code="file_too_large",
        )
    file.seek(0)
    head = file.read(8)
    file.seek(0)
    if not head:
        raise ValidationFailed(_("The file is empty."), code="file_empty")
    if head.startswith(OLD_EXCEL):
        raise ValidationFailed(
            _("This is an old .xls file or has a password. Open it in Excel and save it as .xlsx."),
            code="file_old",
        )
    lines = _xlsx(file, filename) if head.startswith(b"PK") else _csv(file, filename)
    return _table(lines)


def _table(lines: Iterator[tuple[int, list[str]]]) -> Table:
    for _number, cells in lines:
        if any(cells):
            headers = _headers(cells)
            return Table(headers=headers, rows=_rows(headers, lines))
    raise ValidationFailed(_("The file has no rows."), code="file_empty")


def _headers(cells: list[str]) -> list[str]:
    while cells and not cells[-1]:
        cells.pop()
    headers = [" ".join(cell.split()) for cell in cells]
    if len(headers) > MAX_COLUMNS:
        raise ValidationFailed(
            _("The file has more than %(limit)d columns.") % {"limit": MAX_COLUMNS}, code="too_wide"
        )
    filled = [header for header in headers if header]
    doubled = sorted({header for header in filled if filled.count(header) > 1})
    if doubled:
        raise ValidationFailed(
            _("The column %(name)s is there twice.") % {"name": doubled[0]},
            code="header_doubled",
            headers=doubled,
        )
    return headers


def _rows(headers: list[str], lines: Iterator[tuple[int, list[str]]]) -> Iterator[Row]:
    count = 0
    for number, cells in lines:
        if not any(cells):
            continue
        count += 1
        if count > MAX_ROWS:
            raise _too_long()
        padded = chain(cells, [""] * (len(headers) - len(cells)))
        yield Row(
            number, {header: cell for header, cell in zip(headers, padded, strict=False) if header}
        )


def _xlsx(file: IO[bytes], filename: str) -> Iterator[tuple[int, list[str]]]:
    refuse_bombs(file, filename)
    try:
        book = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
        sheet = book.worksheets[0]
        # The declared size may be a lie of a million empty columns.
        sheet.reset_dimensions()
        yield from _sheet_lines(sheet)
        book.close()
    except ValidationFailed:
        raise
    except MALFORMED:
        raise no_workbook(filename) from None


def _sheet_lines(sheet: Any) -> Iterator[tuple[int, list[str]]]:
    """Yield the header line, then the lines below cut to its width: a far cell costs nothing."""
    for number, cells in enumerate(
        sheet.iter_rows(max_col=MAX_COLUMNS + 1, max_row=MAX_HEADER_ROW), start=1
    ):
        heads = [_cell(cell, number) for cell in cells]
        if any(heads):
            break
    else:
        return
    yield number, heads
    width = max(index for index, text in enumerate(heads, start=1) if text)
    below = sheet.iter_rows(min_row=number + 1, max_col=width)
    for row_number, cells in enumerate(below, start=number + 1):
        if row_number > MAX_ROW_NUMBER:
            raise _too_long()
        yield row_number, [_cell(cell, row_number) for cell in cells]


def _too_long() -> ValidationFailed:
    words = _("The file has more than %(limit)d rows. Split it.") % {"limit": MAX_ROWS}
    return ValidationFailed(words, code="too_long")


def _cell(cell: Any, number: int) -> str:
    value = cell.value
    if isinstance(value, str):
        return _unquoted(value)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float | Decimal):
        return _number(value, cell.number_format or "", number)
    return _moment(value)


def _number(value: Any, number_format: str, row: int) -> str:
    if abs(value) >= EXACT_LIMIT:
        raise ValidationFailed(
            _(
                "Row %(row)d holds a number of more than 15 digits, which Excel has rounded. Format the column as text and enter the number again."
            )
            % {"row": row},
            code="number_rounded",
            row=row,
        )
    if value == int(value):
        text = str(int(value))
        # A format of zeros is how Excel shows leading zeros of a number.
        return (
            text.zfill(len(number_format))
            if number_format and set(number_format) == {"0"}
            else text
        )
    return repr(value) if isinstance(value, float) else str(value)


def _moment(value: object) -> str:
    if isinstance(value, datetime):
        plain = value.replace(tzinfo=None)
        if plain.time() == time.min:
            return plain.date().isoformat()
        return plain.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    return _unquoted(str(value))


def _unquoted(text: str) -> str:
    """Take off the apostrophe our own exports put before dangerous text, and blanks around."""
    text = text.strip()
    if len(text) > 1 and text[0] == "'" and text[1] in DANGEROUS:
        text = text[1:]
    return text[:MAX_CELL_CHARACTERS]


def _csv(file: IO[bytes], filename: str) -> Iterator[tuple[int, list[str]]]:
    kind = filename.lower().rsplit(".", 1)[-1]
    if kind in WORKBOOKS:
        raise no_workbook(filename)
    if kind not in {"csv", "txt", "tsv"}:
        raise ValidationFailed(_("Send an .xlsx or a .csv file."), code="file_kind")
    text = decode(file.read())
    if "\x00" in text:
        raise ValidationFailed(_("Send an .xlsx or a .csv file."), code="file_kind")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=False)
    try:
        for cells in reader:
            if len(cells) > MAX_COLUMNS + 1:
                raise ValidationFailed(
                    _("The file has more than %(limit)d columns.") % {"limit": MAX_COLUMNS},
                    code="too_wide",
                )
            yield reader.line_num, [_unquoted(cell) for cell in cells]
    except csv.Error:
        raise ValidationFailed(
            _("Row %(row)d of the file cannot be read.") % {"row": reader.line_num},
            code="file_damaged",
        ) from None


def _delimiter(text: str) -> str:
    head = text.split("\n", 1)[0]
    return max(",\t;", key=head.count)


def decode(data: bytes) -> str:
    """Return the text of a CSV file.

    A byte order mark decides; else UTF-8 if it is valid; else GBK if it is valid, which nearly every Chinese
    Excel writes; else what charset-normalizer finds among other East Asian encodings. Raises ValidationFailed.
    """
    for mark, encoding in (
        (b"\xef\xbb\xbf", "utf-8-sig"),
        (b"\xff\xfe", "utf-16"),
        (b"\xfe\xff", "utf-16"),
    ):
        if data.startswith(mark):
            return _strict(data, [encoding])
    if b"\x00" in data[:4096]:
        # Text has no zero bytes, except UTF-16: its ASCII half tells the byte order.
        even = data[:4096:2].count(0)
        return _strict(data, ["utf-16-be" if even > data[1:4096:2].count(0) else "utf-16-le"])
    # Guessing reads much of the file: it waits until nothing else fits.
    return _strict(data, chain(["utf-8", "gb18030"], _guesses(data)))


def _guesses(data: bytes) -> Iterator[str]:
    best = from_bytes(data[:65536], cp_isolation=OTHER_ENCODINGS, enable_fallback=False).best()
    if best:
        yield best.encoding


def _strict(data: bytes, encodings: Iterable[str]) -> str:
    for encoding in encodings:
        try:
            return data.decode(encoding)
        except (UnicodeDecodeError, LookupError):
            continue
    raise ValidationFailed(
        _("The encoding of this file is not known. Save it as .xlsx, or as CSV in UTF-8."),
        code="file_encoding",
    )
