"""Hundreds of OA payloads: exactly the rows they name are refused, for exactly that."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import pytest

from contacts.oa_sync.plan_items import PlanRules
from contacts.oa_sync.snapshots import take_snapshot
from contacts.oa_sync.sources import FileSource, SourceFile
from scrm.core.excel import write_workbook
from tests.contacts.oa_sync.corpus.__main__ import files
from tests.contacts.oa_sync.corpus.payloads import Payload, stored
from tests.contacts.oa_sync.oa_files import DEPARTMENT_HEADERS, EMPLOYEE_HEADERS, TREE

FOLDER = Path(__file__).parent / "corpus"
PAYLOADS = stored(FOLDER)
AT_LEAST = 250


def test_there_are_enough_and_each_is_there_once() -> None:
    assert len(PAYLOADS) >= AT_LEAST
    assert len({payload.name for payload in PAYLOADS}) == len(PAYLOADS)


def test_what_is_stored_is_what_was_thought_of() -> None:
    assert {
        file.name: file.read_text(encoding="utf-8") for file in FOLDER.glob("*.toml")
    } == files()


@pytest.mark.parametrize("payload", PAYLOADS, ids=[payload.name for payload in PAYLOADS])
def test_payload(payload: Payload) -> None:
    # given the files as the OA would send them
    source = FileSource(
        departments=sent(payload, DEPARTMENT_HEADERS, [*TREE, *payload.departments]),
        employees=sent(payload, EMPLOYEE_HEADERS, payload.employees),
    )

    # when they are read and judged
    snapshot = take_snapshot(source, PlanRules())

    # then exactly these rows are refused or doubtful
    found = [f"{p.role} {p.row.number} {p.field} {p.code}" for p in snapshot.problems]
    assert sorted(found) == sorted(payload.errors)
    assert len(snapshot.employees) == payload.employees_passed


def sent(payload: Payload, headers: Sequence[str], rows: Sequence[Sequence[str]]) -> SourceFile:
    """Return a table as a file in the payload's encoding."""
    if payload.encoding == "xlsx":
        table = [dict(zip(headers, row, strict=True)) for row in rows]
        return SourceFile("oa.xlsx", write_workbook([(name, name) for name in headers], table))
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(headers)
    writer.writerows(rows)
    text = buffer.getvalue()
    if payload.encoding == "utf-16-le-bom":
        return SourceFile("oa.csv", b"\xff\xfe" + text.encode("utf-16-le"))
    return SourceFile("oa.csv", text.encode(payload.encoding))
