"""A file that came back names its export, whatever was done to it short of cleaning every cell."""

import csv
import io
import random
from collections.abc import Callable

import pytest
from openpyxl import load_workbook

from customers.lists import marks
from customers.lists.models import CustomerExport
from customers.lists.tracing import By, trace
from scrm.core.excel import write_workbook
from scrm.core.exceptions import ValidationFailed

pytestmark = pytest.mark.django_db
COLUMNS = [("name", "Customer"), ("phone", "Phone"), ("added", "Added"), ("code", "Row code")]
Rows = list[list[str]]


def export_of(rows: int, who: str) -> tuple[CustomerExport, bytes]:
    """Return an export of the same customers, and its file."""
    mark = marks.new_mark()
    people = [(f"顾客{number}", f"2026-11-{number % 28 + 1:02d} 10:00") for number in range(rows)]
    lines = [
        {
            "name": marks.marked_name(mark, name), "phone": "138****0000", "added": added,
            "code": marks.row_code(mark, name),
        }
        for name, added in people
    ]  # fmt: skip
    export = CustomerExport.objects.create(
        mark=mark, criteria={}, purpose="test", taken_by=who, rows=rows,
        sketch=marks.sketch_of(marks.row_hash(name, added) for name, added in people),
    )  # fmt: skip
    return export, write_workbook(COLUMNS, lines)


def cells(content: bytes) -> Rows:
    """Return the cells of a file as Excel shows them."""
    sheet = load_workbook(io.BytesIO(content)).worksheets[0]
    return [["" if cell is None else str(cell) for cell in line] for line in sheet.iter_rows(values_only=True)]  # fmt: skip


def saved_as_csv(rows: Rows, encoding: str = "utf-8-sig") -> bytes:
    """Return the file as Excel saves it: what the encoding lacks becomes a question mark."""
    out = io.StringIO(newline="")
    csv.writer(out).writerows(rows)
    return out.getvalue().encode(encoding, "replace")


def thinned(rows: Rows, share: float, seed: int) -> Rows:
    """Return the rows in another order, a share of them gone, the header too."""
    dice = random.Random(seed)
    kept = [row for row in rows[1:] if dice.random() >= share]
    dice.shuffle(kept)
    return kept


def without(rows: Rows, column: int) -> Rows:
    """Return the rows without a column."""
    return [row[:column] + row[column + 1 :] for row in rows]


CHANGES: dict[str, tuple[By, Callable[[Rows, int], bytes]]] = {
    "shuffled, a fifth gone, as CSV": (By.CODE, lambda rows, seed: saved_as_csv(thinned(rows, 0.2, seed))),
    "one row": (By.CODE, lambda rows, seed: saved_as_csv(thinned(rows, 0.2, seed)[:1])),
    "as GBK": (By.CODE, lambda rows, seed: saved_as_csv(thinned(rows, 0.2, seed), "gbk")),
    "codes deleted": (By.HIDDEN, lambda rows, seed: saved_as_csv(without(thinned(rows, 0.2, seed), 3))),
    "nicknames alone": (By.HIDDEN, lambda rows, seed: saved_as_csv([row[:1] for row in thinned(rows, 0.9, seed)])),
    "codes deleted, as GBK": (
        By.BLANKS,
        lambda rows, seed: saved_as_csv(without(thinned(rows, 0.2, seed), 3), "gbk"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_file_names_its_export_among_others_of_the_same_customers(change: str) -> None:
    made = [export_of(120, f"person{number}") for number in range(4)]
    by, changed = CHANGES[change]

    for seed in range(5):
        export, content = made[seed % 4]
        found = trace(changed(cells(content), seed), "leak.csv")
        assert [(each.export.pk, each.by) for each in found] == [(export.pk, by)]


def test_a_hundred_samples_are_named() -> None:
    """The measure of reliability.md: saved as CSV, a fifth of the rows deleted."""
    made = [export_of(60, f"person{number}") for number in range(5)]
    rows = [cells(content) for _export, content in made]
    named = 0
    for seed in range(100):
        export, _content = made[seed % 5]
        found = trace(saved_as_csv(thinned(rows[seed % 5], 0.2, seed)), "leak.csv")
        named += [each.export.pk for each in found] == [export.pk]

    assert named == 100


def test_the_file_itself_is_read_as_it_is() -> None:
    export, content = export_of(3, "person")
    export_of(3, "other")

    (found,) = trace(content, "customers.xlsx")

    assert (found.export.pk, found.export.taken_by, found.by) == (export.pk, "person", By.CODE)


def test_a_file_cleaned_of_every_mark_names_whoever_exported_these_customers() -> None:
    """Honestly no more: two people exported the same rows, and both are named as such."""
    one, content = export_of(60, "one")
    other, _content = export_of(60, "other")
    export_of(5, "elsewhere")
    cleaned = [[marks.bare_name(row[0]), *row[1:3]] for row in thinned(cells(content), 0.2, 1)]

    found = trace(saved_as_csv(cleaned), "leak.csv")

    assert {(each.export.pk, each.by) for each in found} == {(one.pk, By.ROWS), (other.pk, By.ROWS)}


def test_a_file_of_somebody_else_names_nobody() -> None:
    export_of(60, "person")
    rows = [[f"Somebody {number}", "138", "2026-01-01 10:00"] for number in range(200)]

    assert trace(saved_as_csv(rows), "other.csv") == []


def test_an_empty_file_is_refused_in_words() -> None:
    with pytest.raises(ValidationFailed):
        trace(b"", "empty.csv")


def test_a_damaged_workbook_is_refused_in_words() -> None:
    with pytest.raises(ValidationFailed):
        trace(b"PK\x03\x04 and what is left of it", "torn.xlsx")


@pytest.mark.parametrize(
    "text", ["", "AAAAAAAAAAAAA", "0000000000000", "1" * 13, "顾客一二三四五六七八九十一"]
)
def test_other_texts_are_no_row_codes(text: str) -> None:
    assert marks.mark_of_code(text) is None
