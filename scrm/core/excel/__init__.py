"""Tables in and out: XLSX and CSV, safe to open and without a changed id."""

from scrm.core.excel.reading import MAX_ROWS, Row, Table, read_table
from scrm.core.excel.writing import error_workbook, formula_safe, write_csv, write_workbook

__all__ = [
    "MAX_ROWS",
    "Row",
    "Table",
    "error_workbook",
    "formula_safe",
    "read_table",
    "write_csv",
    "write_workbook",
]
