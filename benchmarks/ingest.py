"""Rows `ingest.*`: a callback is on disk before it is answered; what that costs beside PostgreSQL alone."""

import time
from pathlib import Path

import psycopg2

from benchmarks.database import ROOT, find_pgbench, own_database, pgbench_tps
from benchmarks.deliveries import deliveries
from benchmarks.load import Outcome, deliver
from benchmarks.rows import Benchmark, Options, Row, at_least, at_most, budget
from benchmarks.server import THREADS, WORKERS, Server, serve

SETTINGS = "scrm.settings.dev"
TPS_TARGET = 0.17
CPU_TARGET = 1.4

PGBENCH_INSERT = f"""
\\set id random(1, 9000000000000000000)
INSERT INTO inbox_inboxevent (digest, app, event, change_type, lane, subject, occurred_at, payload,
                              received_at, due_at, state, claims, attempts, deferrals, error)
VALUES (sha256(int8send(:id)), 'scrm', 'change_external_contact', 'add_external_contact', 'welcome', :id,
        now(), '\\x{"ab" * 620}', now(), now(), 'pending', 0, 0, 0, '')
ON CONFLICT (digest) DO NOTHING;
"""


def run(options: Options) -> list[Row]:
    """Measure ours, the minimal view and pgbench in turn on one database; the best round counts."""
    count, rounds, seconds = (1000, 3, 2) if options.smoke else (4000, 3, 5)
    with own_database() as url:
        script = ROOT / "var" / "bench_insert.sql"
        script.parent.mkdir(exist_ok=True)
        script.write_text(PGBENCH_INSERT, encoding="utf-8")
        with (
            serve(url, settings=SETTINGS, application="scrm.wsgi:application") as real,
            serve(url, settings=SETTINGS, application="benchmarks.minimal:application") as minimal,
        ):
            measured = _Measured(url, script, seconds)
            for number in range(rounds):
                measured.round(real, minimal, count, first=number * count)
            return measured.rows(backends=_backends(url))


class _Measured:
    """The best rounds so far."""

    def __init__(self, url: str, script: Path, seconds: int) -> None:
        self._url = url
        self._script = script
        self._seconds = seconds
        self._pgbench = find_pgbench()
        self.ours: Outcome | None = None
        self.cpu = {"ours": float("inf"), "minimal": float("inf")}
        self.limit = 0.0

    def round(self, real: Server, minimal: Server, count: int, first: int) -> None:
        # Both of one round: what else the machine does slows them alike.
        limit = self._reference()
        outcome = self._load("ours", real, count, first)
        if self.ours is None or outcome.rate / limit > self.ours.rate / self.limit:
            self.ours, self.limit = outcome, limit
        self._load("minimal", minimal, count, first + 50_000_000)

    def _load(self, name: str, server: Server, count: int, first: int) -> Outcome:
        host = f"{server.address[0]}:{server.address[1]}"
        requests = [each.request(host) for each in deliveries(count, first)]
        deliver(
            server.address, [each.request(host) for each in deliveries(64, first + 900_000_000)]
        )
        stored, began = _stored(self._url), server.cpu_seconds()
        outcome = deliver(server.address, requests)
        self.cpu[name] = min(self.cpu[name], (server.cpu_seconds() - began) / count * 1e6)
        stored = _stored(self._url) - stored
        if outcome.failures or stored != count:
            raise AssertionError(
                f"{name}: {count} sent, {stored} stored, {len(outcome.failures)} refused: {outcome.failures[:1]}"
            )
        return outcome

    def _reference(self) -> float:
        if self._pgbench is not None:
            return pgbench_tps(self._pgbench, self._url, self._script, self._seconds)
        return _prepared_loop_tps(self._url, self._seconds)

    def rows(self, backends: int) -> list[Row]:
        if self.ours is None:
            raise AssertionError("nothing was measured")
        peer = (
            "pgbench c=8 prepared"
            if self._pgbench
            else "NO pgbench here: one psycopg2 loop, prepared"
        )
        speed = f"{peer}; p50 {self.ours.percentile(0.5):.1f} ms, p99 {self.ours.percentile(0.99):.1f} ms"
        return [
            at_least("ingest.tps", self.ours.rate, self.limit, "events/s", TPS_TARGET, speed),
            at_most(
                "ingest.cpu",
                self.cpu["ours"],
                self.cpu["minimal"],
                "us CPU",
                CPU_TARGET,
                "beside a minimal Django view",
            ),
            budget(
                "ingest.backends",
                backends,
                WORKERS * THREADS,
                "connections",
                "kept, one for each thread",
            ),
        ]


def _stored(url: str) -> int:
    return _one(url, "SELECT count(*) FROM inbox_inboxevent")


def _backends(url: str) -> int:
    """Return how many connections the real server holds, by the application's statements."""
    return _one(
        url,
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        " AND query LIKE '%change_external_contact%' AND backend_type = 'client backend'",
    )


def _one(url: str, query: str) -> int:
    connection = psycopg2.connect(url)
    with connection, connection.cursor() as cursor:
        cursor.execute(query)
        row = cursor.fetchone()
    connection.close()
    return int(row[0]) if row else 0


def _prepared_loop_tps(url: str, seconds: int) -> float:
    connection = psycopg2.connect(url)
    connection.autocommit = True
    statement = PGBENCH_INSERT.partition("\n\\set")[2].partition("\n")[2].replace(":id", "$1")
    with connection.cursor() as cursor:
        cursor.execute(f"PREPARE put (bigint) AS {statement}")
        done, began = 0, time.perf_counter()
        while time.perf_counter() - began < seconds:
            cursor.execute("EXECUTE put (%s)", [time.perf_counter_ns()])
            done += 1
        rate = done / (time.perf_counter() - began)
    connection.close()
    return rate


BENCHMARK = Benchmark("ingest", run)
