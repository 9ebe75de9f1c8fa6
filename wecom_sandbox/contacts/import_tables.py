"""The CSV files of the address book's asynchronous imports (doc 90979): UTF-8, columns of the templates."""

import csv
import io
import tomllib
from functools import lru_cache
from pathlib import Path

from wecom_sandbox.errors import WeComError

Row = dict[str, str]
UNREADABLE = 40035


def read(content: bytes, kind: str, *needed: str) -> list[Row]:
    """The rows of a file; empty cells are left out, unknown columns keep their own name.

    Args:
        content: the file.
        kind: ``member`` or ``party``.
        needed: fields the file must have a column for.

    Raises:
        WeComError: 40035 when it is not UTF-8 or lacks a column.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise WeComError(UNREADABLE, "the file must be UTF-8") from None
    lines = list(csv.reader(io.StringIO(text)))
    if not lines:
        raise WeComError(UNREADABLE, "the file is empty")
    known = _columns()[kind]
    head = [known.get(cell.strip(), cell.strip()) for cell in lines[0]]
    for name in needed:
        if name not in head:
            raise WeComError(UNREADABLE, f"the file has no column for {name}")
    return [_row(head, line) for line in lines[1:] if any(cell.strip() for cell in line)]


def listed(text: str) -> list[str]:
    """The values of a cell that holds several, separated by semicolons."""
    return [part.strip() for part in text.replace("；", ";").split(";") if part.strip()]


def word(text: str) -> str:
    """The number behind a word such as yes or male; other text as it is."""
    return _columns()["words"].get(text, text)


def is_field(name: str) -> bool:
    """Whether a column of a member file is one of the template's."""
    return name in _columns()["member"].values()


def _row(head: list[str], line: list[str]) -> Row:
    return {name: cell.strip() for name, cell in zip(head, line, strict=False) if cell.strip()}


@lru_cache(maxsize=1)
def _columns() -> dict[str, dict[str, str]]:
    source = Path(__file__).parents[1] / "data" / "import_columns.toml"
    return tomllib.loads(source.read_text(encoding="utf-8"))
