"""A database of our own for the benchmarks, in DATABASE_URL's server or a private cluster."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg2

ROOT = Path(__file__).resolve().parents[1]
NAME = f"scrm_bench_{os.getpid()}"
MIGRATED = f"{NAME}_migrated"
SETTINGS = "scrm.settings.dev"
PROFILE = "bench"


@contextmanager
def server() -> Iterator[None]:
    """Run PostgreSQL and Redis for all benchmarks, with one migrated database that each gets a copy of.

    DATABASE_URL's server serves only if it waits for the disk (fsync): a figure of durable writes from a
    server that does not would mean nothing.
    """
    from scrm.localservices import launcher
    from scrm.localservices.places import default_var

    var = default_var()
    var.mkdir(parents=True, exist_ok=True)
    former = dict(os.environ)
    given = former.get("DATABASE_URL", "")
    if given and not _is_durable(given):
        print(
            "DATABASE_URL's server has fsync off; measuring on a private cluster instead.",
            file=sys.stderr,
        )
        del os.environ["DATABASE_URL"]
    services = launcher.start(var, PROFILE)
    os.environ |= {name: services[name] for name in ("DATABASE_URL", "REDIS_URL")}
    url = services["DATABASE_URL"]
    try:
        _create(url, MIGRATED, "template0")
        migrate = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
        env = {
            **os.environ,
            "DATABASE_URL": _named(url, MIGRATED),
            "DJANGO_SETTINGS_MODULE": SETTINGS,
        }
        subprocess.run(migrate, cwd=ROOT, env=env, check=True)
        yield
    finally:
        _execute(url, f"DROP DATABASE IF EXISTS {MIGRATED} WITH (FORCE)")
        launcher.stop(var, PROFILE)
        os.environ.clear()
        os.environ |= former


@contextmanager
def own_database() -> Iterator[str]:
    """Give the URL of a fresh, migrated database, dropped in the end; only while `server` runs."""
    url = os.environ["DATABASE_URL"]
    _create(url, NAME, MIGRATED)
    try:
        yield _named(url, NAME)
    finally:
        _execute(url, f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")


def _create(url: str, name: str, template: str) -> None:
    _execute(
        url,
        f"DROP DATABASE IF EXISTS {name}",
        f"CREATE DATABASE {name} TEMPLATE {template} ENCODING 'UTF8'",
    )


def _named(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def _is_durable(url: str) -> bool:
    connection = psycopg2.connect(url)
    with connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('fsync') = 'on' AND current_setting('synchronous_commit') = 'on'"
        )
        row = cursor.fetchone()
    connection.close()
    return bool(row and row[0])


def _execute(url: str, *statements: str) -> None:
    connection = psycopg2.connect(url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
    connection.close()


def find_pgbench() -> str | None:
    """Return the path of pgbench: PATH, the system's folders, the wheel's; None where there is none."""
    patterns = (
        "usr/lib/postgresql/*/bin/pgbench",
        "usr/pgsql-*/bin/pgbench",
        "opt/homebrew/opt/postgresql@*/bin/pgbench",
    )
    newest = (str(path) for each in patterns for path in sorted(Path("/").glob(each), reverse=True))
    found = [shutil.which("pgbench"), *newest]
    return next((path for path in found if path), None)


def backend_seconds() -> float:
    """Return the CPU our PostgreSQL backend has used, to the nanosecond: its clock of ticks knows 10 ms only."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("select pg_backend_pid()")
        (pid,) = cursor.fetchone()
    spent, *_waited = Path(f"/proc/{pid}/schedstat").read_text().split()
    return int(spent) / 1e9


def pgbench_tps(binary: str, url: str, script: Path, seconds: int) -> float:
    """Return the transactions a second of 8 prepared connections running the script."""
    command = [
        binary,
        "-n",
        "-M",
        "prepared",
        "-c",
        "8",
        "-j",
        "2",
        "-T",
        str(seconds),
        "-f",
        str(script),
        url,
    ]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    found = re.search(r"tps = ([0-9.]+)", answer.stdout)
    if found is None:
        raise RuntimeError(f"pgbench said nothing of tps: {answer.stdout}{answer.stderr}")
    return float(found.group(1))
