"""Tables in and out: ids, dates, encodings, words for what is wrong."""

import io
import zipfile
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pytest
from django.utils.translation import override
from openpyxl import Workbook, load_workbook

from scrm.core.excel import error_workbook, read_table, write_csv, write_workbook
from scrm.core.exceptions import ValidationFailed


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """Read the words in English."""
    with override("en"):
        yield


def xlsx(rows: list[list[Any]], formats: dict[str, str] | None = None) -> io.BytesIO:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    for cell, number_format in (formats or {}).items():
        sheet[cell].number_format = number_format
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer


def read(
    file: io.BytesIO, filename: str = "a.xlsx"
) -> tuple[list[str], list[tuple[int, dict[str, str]]]]:
    table = read_table(file, filename=filename)
    return table.headers, [(row.number, row.values) for row in table.rows]


def test_a_workbook_is_read_as_text_as_a_person_sees_it() -> None:
    file = xlsx(
        [
            ["工号", "name", "phone", "joined", "seen", "rate", "zero", "yes"],
            [
                "000123",
                " 张三 ",
                13800138000,
                date(2026, 1, 2),
                datetime.fromisoformat("2026-01-02T03:04:05"),
                0.25,
                42,
                True,
            ],
            [],
            [
                123456789012345,
                None,
                "13900139000",
                None,
                datetime.fromisoformat("2026-01-02"),
                1.0,
                -7,
                False,
            ],
        ],
        {"G2": "000000"},
    )

    headers, rows = read(file)

    assert headers == ["工号", "name", "phone", "joined", "seen", "rate", "zero", "yes"]
    assert rows == [
        (2, {"工号": "000123", "name": "张三", "phone": "13800138000", "joined": "2026-01-02",
             "seen": "2026-01-02 03:04:05", "rate": "0.25", "zero": "000042", "yes": "TRUE"}),
        (4, {"工号": "123456789012345", "name": "", "phone": "13900139000", "joined": "",
             "seen": "2026-01-02", "rate": "1", "zero": "-7", "yes": "FALSE"}),
    ]  # fmt: skip


def test_dates_of_the_1904_calendar() -> None:
    book = Workbook()
    from openpyxl.utils.datetime import CALENDAR_MAC_1904

    book.epoch = CALENDAR_MAC_1904
    sheet = book.active
    assert sheet is not None
    sheet.append(["d"])
    sheet.append([date(2026, 11, 21)])
    buffer = io.BytesIO()
    book.save(buffer)

    assert read(buffer)[1] == [(2, {"d": "2026-11-21"})]


def test_a_number_excel_has_rounded_is_refused_by_its_row() -> None:
    file = xlsx([["id"], ["123456789012345678"], [123456789012345678]])

    table = read_table(file, filename="a.xlsx")
    assert next(table.rows).values == {"id": "123456789012345678"}
    with pytest.raises(ValidationFailed) as caught:
        next(table.rows)
    assert (caught.value.code, caught.value.data) == ("number_rounded", {"row": 3})


CSV = '工号,姓名,电话\r\n000123,张三,13800138000\r\n\r\n000124,"李,四\n五",\r\n'


@pytest.mark.parametrize(
    "data",
    [
        CSV.encode("gbk"),
        CSV.encode("gb18030"),
        CSV.encode("utf-8"),
        CSV.encode("utf-8-sig"),
        CSV.encode("utf-16"),
        b"\xfe\xff" + CSV.encode("utf-16-be"),
        CSV.encode("utf-16-le"),
        CSV.encode("utf-16-be"),
        CSV.replace(",1", "\t1").replace(",", "\t", 2).replace("\t", ",").encode("gbk"),
    ],
    ids=[
        "gbk",
        "gb18030",
        "utf-8",
        "utf-8-bom",
        "utf-16",
        "utf-16-be-bom",
        "utf-16-le",
        "utf-16-be",
        "gbk-again",
    ],
)
def test_every_encoding_of_a_chinese_office_is_read(data: bytes) -> None:
    headers, rows = read(io.BytesIO(data), "staff.csv")

    assert headers == ["工号", "姓名", "电话"]
    assert [values for _number, values in rows] == [
        {"工号": "000123", "姓名": "张三", "电话": "13800138000"},
        {"工号": "000124", "姓名": "李,四\n五", "电话": ""},
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_is_found(delimiter: str) -> None:
    data = delimiter.join(["a", "b"]) + "\n" + delimiter.join(["001", "x"]) + "\n"

    assert read(io.BytesIO(data.encode()), "a.csv") == (["a", "b"], [(2, {"a": "001", "b": "x"})])


def test_columns_without_a_header_are_left_out_and_short_rows_are_filled() -> None:
    file = xlsx([["a", None, "c", None], ["1", "2"], ["1", "2", "3", "4"]])

    assert read(file) == (["a", "", "c"], [(2, {"a": "1", "c": ""}), (3, {"a": "1", "c": "3"})])


@pytest.mark.parametrize(
    ("data", "filename", "code"),
    [
        (b"", "a.csv", "file_empty"),
        (b"\n\n", "a.csv", "file_empty"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a.xls", "file_old"),
        (b"PK\x03\x04broken", "a.xlsx", "file_damaged"),
        (b"a,b\n1,2\n", "a.pdf", "file_kind"),
        (b"a,b\n1,2\n", "a.xlsx", "file_damaged"),
        (b"<html>not a workbook</html>", "a.XLSX", "file_damaged"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x01", "a.csv", "file_encoding"),
        (b"a,a\n1,2\n", "a.csv", "header_doubled"),
        (b"a,b\n\xff\xfe\xfd\xff", "a.csv", "file_encoding"),
        (("," * 300).encode() + b"x\n", "a.csv", "too_wide"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_in_words(
    data: bytes, filename: str, code: str
) -> None:
    with pytest.raises(ValidationFailed) as caught:
        read(io.BytesIO(data), filename)

    assert caught.value.code == code
    assert caught.value.message.endswith(".")


@pytest.mark.parametrize("data", [b"no workbook", b"PK\x03\x04broken"])
def test_a_workbook_that_is_none_is_named_in_the_refusal(data: bytes) -> None:
    with pytest.raises(ValidationFailed, match=r"员工\.xlsx cannot be read"):
        read(io.BytesIO(data), "员工.xlsx")


def test_more_rows_than_allowed_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scrm.core.excel.reading.MAX_ROWS", 3)

    with pytest.raises(ValidationFailed, match="more than 3 rows"):
        read(io.BytesIO(b"a\n1\n2\n3\n4\n"), "a.csv")


def test_a_written_workbook_keeps_ids_as_text_and_numbers_as_numbers() -> None:
    content = write_workbook(
        [
            ("id", "编号"),
            ("n", "数量"),
            ("price", "金额"),
            ("at", "时间"),
            ("on", "日期"),
            ("tags", "标签"),
            ("none", "空"),
        ],
        [
            {
                "id": "000123456789012345678",
                "n": 42,
                "price": Decimal("19.90"),
                "at": datetime(2026, 11, 21, 0, 30, tzinfo=UTC),
                "on": date(2026, 11, 21),
                "tags": ["a", "b"],
            },
            {
                "id": 123456789012345678,
                "n": 1.5,
                "price": 99_999_999_999,
                "at": None,
                "on": time(1, 2),
                "tags": True,
            },
        ],
        sheet="会员",
    )

    book = load_workbook(io.BytesIO(content))
    sheet = book["会员"]
    assert sheet.freeze_panes == "A2"
    assert [[cell.value for cell in row] for row in sheet.iter_rows()] == [
        ["编号", "数量", "金额", "时间", "日期", "标签", "空"],
        ["000123456789012345678", 42, 19.9, "2026-11-21 08:30:00", "2026-11-21", "a, b", None],
        ["123456789012345678", 1.5, 99_999_999_999, None, "01:02:00", "TRUE", None],
    ]
    assert [sheet["A2"].data_type, sheet["A2"].number_format, sheet["A3"].data_type] == [
        "s",
        "@",
        "s",
    ]


def test_what_we_write_we_read_back() -> None:
    rows = [
        {"a": "000123", "b": "=1+1"},
        {"a": "-5", "b": "'quoted"},
        {"a": "@x", "b": "＝SUM(A1)"},
    ]
    columns = [("a", "a"), ("b", "b")]

    from_xlsx = read(io.BytesIO(write_workbook(columns, rows)))[1]
    from_csv = read(io.BytesIO(write_csv(columns, rows)), "a.csv")[1]

    assert [values for _number, values in from_xlsx] == rows
    assert [values for _number, values in from_csv] == rows


def test_the_error_workbook_is_the_rows_that_failed_and_why() -> None:
    content = error_workbook(
        ["工号", "电话"], [({"工号": "000123", "电话": "1"}, "not a phone"), ({"工号": "=2"}, "x")]
    )

    sheet = load_workbook(io.BytesIO(content)).active
    assert sheet is not None
    values = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert values[0][:2] == ["工号", "电话"]
    assert values[1:] == [["000123", "1", "not a phone"], ["'=2", None, "x"]]


def test_a_csv_we_write_opens_in_excel_with_chinese() -> None:
    content = write_csv([("a", "名称")], [{"a": "张三"}])

    assert content == b"\xef\xbb\xbf" + "名称\r\n张三\r\n".encode()


def test_a_locked_workbook_is_refused() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("xl/workbook.xml", "x")
    data = bytearray(buffer.getvalue())
    data[data.index(b"PK\x01\x02") + 8] |= 1

    with pytest.raises(ValidationFailed) as caught:
        read(io.BytesIO(bytes(data)))
    assert caught.value.code == "file_locked"
