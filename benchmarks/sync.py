"""Rows `sync.*`: the full sync of customers beside WeCom's own limit, and its rows beside raw COPY and plain upsert.

The sandbox keeps WeCom's limit scaled down; ours is scaled with it. Costs are PostgreSQL's CPU alone, of one
backend, in one process: batches of ten pages as a sync stores them, all indexes in place, the median of the rounds.
"""

import json
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks.database import ROOT, own_database
from benchmarks.rows import Benchmark, Options, Row, at_most, budget
from benchmarks.server import environment
from wecom_sandbox.testing import Control

SETTINGS = "scrm.settings.dev"
ENDPOINT = "externalcontact/batch/get_by_user"
# WeCom's 10,000 a minute, and our 8,000 of them, scaled down alike.
SCALE_OURS = 0.8
FLOOR, COPY, AGAIN = 1.25, 1.5, 0.6
# Of each cost the median counts: on a shared machine single rounds lie a third apart.
ROUNDS = 7


def run(options: Options) -> list[Row]:
    """Measure the run on one database, the costs on another."""
    members, pages, a_minute = (100, 120, 600) if options.smoke else (500, 1200, 1200)
    rows, rounds = (10_000, ROUNDS) if options.smoke else (20_000, ROUNDS)
    with own_database() as url, _sandbox(members, pages * 100) as (address, control):
        control.post("rates", {"api": ENDPOINT, "per_minute": a_minute, "per_hour": None})
        env = environment(url, SETTINGS) | {
            "WECOM_API_BASE": address,
            "WECOM_CALLS_PER_MINUTE": str(int(a_minute * SCALE_OURS)),
        }
        ran = _child(env, "run")
    with own_database() as url:
        env = environment(url, SETTINGS)
        cost = _child(env, "costs", rows, rounds)
    first, second = ran["first"], ran["second"]
    floor = first["pages"] * 60 / a_minute
    note = f"{first['read']:,} relations, {first['pages']} pages at {a_minute} a minute, {first['refusals']} refused"
    return [
        at_most("sync.full", first["seconds"], floor, "s", FLOOR, note),
        at_most("sync.copy", cost["new"], cost["copy"], "µs/row", COPY, "PostgreSQL CPU; customers and relations, all indexes"),
        at_most("sync.again", cost["again"], cost["upsert"], "µs/row", AGAIN, "PostgreSQL CPU; nothing has changed"),
        budget("sync.again.tuples", second["updated_tuples"], 0, "tuples", f"{second['read']:,} relations read again"),
        budget("sync.memory", second["memory"] - first["memory"], 32, "MB more", f"{first['memory']:.0f} MB after the first run"),
    ]  # fmt: skip


@contextmanager
def _sandbox(members: int, relations: int) -> Iterator[tuple[str, Control]]:
    """Run a sandbox with a drawn corp on a free port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="scrm-bench-") as folder:
        command = [
            sys.executable, "-m", "wecom_sandbox", "--port", str(port), "--state-file", f"{folder}/corp.sqlite3",
            "--members", str(members), "--relations", str(relations), "--seed", "1",
        ]  # fmt: skip
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            _wait(port)
            yield f"http://127.0.0.1:{port}", Control(f"http://127.0.0.1:{port}")
        finally:
            process.terminate()
            process.wait(30)


def _wait(port: int) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the sandbox did not start")


def _child(env: dict[str, str], *arguments: object) -> Any:
    command = [sys.executable, "-m", "benchmarks.customer_sync", *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, env=env, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])


BENCHMARK = Benchmark("sync", run)
