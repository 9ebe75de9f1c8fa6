"""Rows `members.*`: CRM members by API, CSV and XLSX, encrypted, by the CPU time of our own processes.

The API runs as its users run it (granian, 1,000 members a call over HTTP); files run as the job runs them. XLSX
stands beside openpyxl with one update_or_create a row, in the same run. Memory: what a process holds after
the first file beside the last one; a file has at most 200,000 rows.
"""

import json
import subprocess
import sys
import urllib.request
import uuid
from typing import Any

from benchmarks.database import ROOT, own_database
from benchmarks.member_rows import member
from benchmarks.rows import Benchmark, Options, Row, at_least, budget
from benchmarks.server import Server, environment, serve

SETTINGS = "scrm.settings.dev"
API_TARGET, CSV_TARGET, XLSX_TARGET, GROWTH_MB = 5_000, 6_000, 2.0, 48.0
A_CALL = 1000
# Numbers of the members that come by API; files begin at 0.
BY_API = 9_000_000_000


def run(options: Options) -> list[Row]:
    """Measure on one database; the best round of the API and the best file count."""
    calls, files, rows, book = (10, 2, 5_000, 1_000) if options.smoke else (50, 5, 200_000, 10_000)
    with own_database() as url:
        key = _key(url)
        with serve(url, settings=SETTINGS, application="scrm.wsgi:application") as server:
            _send(server, key, 0, 4)
            rates = []
            for number in range(2):
                began = server.cpu_seconds()
                _send(server, key, 4 + number * calls, calls)
                rates.append(calls * A_CALL / (server.cpu_seconds() - began))
        found = _files(url, files, rows, book)
    note = f"{A_CALL} a call, {calls * A_CALL:,} a round, new members, CPU of all server processes"
    growth = max(found["memory"]) - found["memory"][0]
    return [
        at_least("members.api", max(rates), API_TARGET, "rows/CPU s", 1.0, note),
        at_least("members.csv", rows / found["csv"], CSV_TARGET, "rows/CPU s", 1.0, f"{rows:,} rows a file"),
        at_least("members.xlsx", book / found["xlsx"], book / found["loop"], "rows/CPU s", XLSX_TARGET,
                 "beside openpyxl + update_or_create a row"),
        budget("members.memory", growth, GROWTH_MB, "MB more",
               f"after {files * rows:,} rows in {files} files; {found['memory'][0]:.0f} MB after the first"),
    ]  # fmt: skip


def _manage(url: str, *arguments: str) -> str:
    command = [sys.executable, "manage.py", *arguments]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=environment(url, SETTINGS),
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout


def _key(url: str) -> str:
    said = _manage(url, "partner_key_create", "bench", "--scope", "members.write")
    return next(word for word in said.split() if len(word) > 30)


def _send(server: Server, key: str, first_call: int, calls: int) -> None:
    for call in range(first_call, first_call + calls):
        first = BY_API + call * A_CALL
        body = json.dumps({"members": [member(first + number) for number in range(A_CALL)]})
        answer = _post(server, key, body)
        if answer["created"] != A_CALL or answer["results"].count("created") != A_CALL:
            raise AssertionError(f"{answer['created']} of {A_CALL}: {answer['errors'][:1]}")


def _post(server: Server, key: str, body: str) -> Any:
    host, port = server.address
    request = urllib.request.Request(
        f"http://{host}:{port}/api/v1/members/batch",
        data=body.encode(),
        headers={
            "Authorization": f"Bearer {key}",
            "Idempotency-Key": str(uuid.uuid4()),
            "Content-Type": "application/json",
        },
    )
    with urllib.request.urlopen(request, timeout=120) as reply:
        return json.loads(reply.read())


def _files(url: str, files: int, rows: int, book: int) -> Any:
    command = [
        sys.executable, "-m", "benchmarks.member_files", "--csv-files", str(files), "--csv-rows", str(rows),
        "--xlsx-rows", str(book),
    ]  # fmt: skip
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=environment(url, SETTINGS),
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


BENCHMARK = Benchmark("members", run)
