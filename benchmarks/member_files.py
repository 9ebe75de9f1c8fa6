"""Imports member files in a process of its own and prints what that cost; run by benchmarks.members."""

import argparse
import csv
import io
import json
import sys
import time
from collections.abc import Callable
from datetime import date
from typing import Any

import django
import openpyxl
import psutil

from benchmarks.member_rows import FIELDS, cells

MEGABYTE = 1024 * 1024


def main() -> None:
    """`--csv-files 5 --csv-rows 200000 --xlsx-rows 20000`: print CPU seconds and memory as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--csv-files", type=int, required=True)
    parser.add_argument("--csv-rows", type=int, required=True)
    parser.add_argument("--xlsx-rows", type=int, required=True)
    chosen = parser.parse_args()
    django.setup()
    process = psutil.Process()
    best, memory, first = float("inf"), [], 0
    for number in range(chosen.csv_files):
        content = _csv(first, chosen.csv_rows)
        best = min(best, _cpu(lambda content=content: _import("members.csv", content)))  # type: ignore[misc]
        first += chosen.csv_rows
        memory.append(process.memory_info().rss / MEGABYTE)
        print(f"file {number + 1}: {memory[-1]:.0f} MB", file=sys.stderr)
    ours = _cpu(lambda: _import("members.xlsx", _xlsx(first, chosen.xlsx_rows)), _xlsx_cost(first, chosen.xlsx_rows))  # fmt: skip
    first += chosen.xlsx_rows
    content = _xlsx(first, chosen.xlsx_rows)
    theirs = _cpu(lambda: _bare_loop(content))
    _check(first + chosen.xlsx_rows)
    print(json.dumps({"csv": best, "xlsx": ours, "loop": theirs, "memory": memory}))


def _cpu(work: Callable[[], object], less: float = 0.0) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began - less


def _xlsx_cost(first: int, count: int) -> float:
    """Return what making the workbook costs, which is not the import's."""
    return _cpu(lambda: _xlsx(first, count))


def _csv(first: int, count: int) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(FIELDS)
    writer.writerows(cells(number) for number in range(first, first + count))
    return out.getvalue().encode()


def _xlsx(first: int, count: int) -> bytes:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("1")
    sheet.append(FIELDS)
    for number in range(first, first + count):
        sheet.append(cells(number))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _import(filename: str, content: bytes) -> None:
    """Import as the job does: from the stored file, with every check and in its transactions."""
    from django.db import transaction

    from customers.intake.services import IMPORT, file_create
    from customers.intake.tasks import intake_import
    from scrm.core.jobs.models import JobRun

    with transaction.atomic():
        upload = file_create(kind="members", filename=filename, content=content, actor=None)
        job = JobRun.objects.create(
            kind=IMPORT,
            key=str(upload.pk),
            task=intake_import.name,
            params={"file_id": str(upload.pk)},
        )
    intake_import(str(job.pk))
    job.refresh_from_db()
    if job.state != "done" or job.failed:
        raise AssertionError(f"{job.state}: {job.failed} failed, {job.message}")


def _bare_loop(content: bytes) -> None:
    """What one writes first: openpyxl, the same encrypted model, one update_or_create a row."""
    from django.utils import timezone

    from customers.crm.models import CrmMember
    from scrm.core.crypto import blind_index

    sheet = openpyxl.load_workbook(io.BytesIO(content), read_only=True).worksheets[0]
    rows = sheet.iter_rows(values_only=True)
    headers = [str(header) for header in next(rows)]
    for values in rows:
        row: dict[str, Any] = dict(zip(headers, (value or "" for value in values), strict=True))
        phone = f"+86{row['phone']}"
        row |= {
            "phone": phone,
            "phone_index": blind_index("phone", phone),
            "phone_verified": row["phone_verified"] == "1",
            "joined_on": date.fromisoformat(str(row["joined_on"])),
            "source": CrmMember.Source.IMPORT,
            "digest": b"\0" * 32,
            "updated_at": timezone.now(),
        }
        CrmMember.objects.update_or_create(member_no=row.pop("member_no"), defaults=row)


def _check(expected: int) -> None:
    from customers.crm.models import CrmMember

    found = CrmMember.objects.filter(member_no__lt="VIP9").count()
    if found != expected:
        raise AssertionError(f"{expected} members sent, {found} stored")


if __name__ == "__main__":
    main()
