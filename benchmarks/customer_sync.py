"""The measured body of `sync.*`: a run against a drawn sandbox, and what its rows cost PostgreSQL beside raw COPY."""

import json
import sys
import time
from collections.abc import Callable, Sequence
from statistics import median
from typing import Any

import psutil

from benchmarks.database import backend_seconds

# Rows of one comparison of costs, and of one batch as a sync stores it.
BATCH_PAGES = 10


def run() -> dict[str, Any]:
    """Read everything twice; returns the seconds of each run, its calls, and the tuples the second one updated."""
    from celery import current_app

    from customers.sync import services
    from customers.sync.models import SyncRun

    current_app.loader.import_default_modules()
    found: dict[str, Any] = {}
    for name in ("first", "second"):
        before = tuples_updated()
        sync = services.sync_start(actor=None)
        began = time.monotonic()
        services.sync_run(sync.job_id)
        row = SyncRun.objects.get(pk=sync.pk)
        if row.outcome != SyncRun.Outcome.COMPLETE:
            raise AssertionError(f"{name}: {row.outcome}, {row.faults.count()} faults")
        found[name] = {
            "seconds": time.monotonic() - began,
            "pages": sum(row.chains.values_list("pages", flat=True)),
            "calls": row.calls,
            "refusals": row.refusals,
            "read": row.read,
            "updated_tuples": tuples_updated() - before,
            "memory": psutil.Process().memory_info().rss / 2**20,
        }
    return found


def tuples_updated() -> int:
    """Return how many customers and relations PostgreSQL has updated or deleted so far."""
    from django.db import connection

    time.sleep(1.5)  # the statistics of a backend arrive a second late
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(
            "SELECT sum(n_tup_upd + n_tup_del) FROM pg_stat_user_tables WHERE relname IN "
            "('customers_followrelation', 'customers_externalcontact')"
        )
        return int(cursor.fetchone()[0])


def costs(rows: int, rounds: int) -> dict[str, Any]:
    """Return CPU microseconds a row of PostgreSQL: ours new and unchanged, raw COPY, plain upsert; the median of rounds."""
    found: dict[str, list[float]] = {"new": [], "copy": [], "again": [], "upsert": []}
    _undisturbed()
    for number in range(rounds):
        ours = batches(number, rows)
        # Everything grows to its size first, so that nobody pays for new pages of tables and indexes alone.
        _stored(ours)
        empty(number)
        found["new"].append(_measured(_stored, ours) / rows)
        found["again"].append(_measured(_stored, ours) / rows)
        taken = whole_rows(number)
        found["upsert"].append(_measured(_upserted, taken) / rows)
        empty(number)
        found["copy"].append(_measured(_copied, taken) / rows)
    return {name: median(values) * 1e6 for name, values in found.items()}


def _undisturbed() -> None:
    """Keep PostgreSQL's own cleaning out of the rounds: it shares the core with what is measured."""
    from django.db import connection

    with connection.cursor() as cursor:
        for table in ("externalcontact", "followrelation", "recordchange", "searchchange"):
            cursor.execute(f"ALTER TABLE customers_{table} SET (autovacuum_enabled = false)")


def _measured(act: Callable[[Any], None], given: Any) -> float:
    before = backend_seconds()
    act(given)
    return backend_seconds() - before


def batches(number: int, rows: int) -> list[list[Any]]:
    """Return pages of new relations as WeCom lists them, ten a batch, each with a third of known customers."""
    from datetime import UTC, datetime

    from scrm.wecom.types import (
        ExternalContact,
        ExternalContactPage,
        ExternalContactRow,
        FollowInfo,
    )

    def row(index: int) -> ExternalContactRow:
        # Three relations in ten belong to a customer who has one with another member.
        person = index * 7 // 10
        contact = ExternalContact(
            external_userid=f"wm{number:02d}{person:028d}", name=f"Customer {person}", type=1, gender=1,
            avatar=f"http://wx.qlogo.cn/{person}/0", unionid=f"u{number:02d}{person:025d}", corp_name="",
            corp_full_name="", position="",
        )  # fmt: skip
        follow = FollowInfo(
            userid=f"bench{index % 50:03d}", remark=f"Remark {index}", description="", remark_corp_name="",
            remark_mobiles=(), tag_ids=(f"et{index % 20}", f"et{20 + index % 7}"), tags=(), add_way=1,
            state=f"shop-{index % 300}", oper_userid="", created_at=datetime(2026, 1, 1, tzinfo=UTC),
        )  # fmt: skip
        return ExternalContactRow(contact, follow)

    now = datetime.now(UTC)
    pages = [
        ExternalContactPage(
            tuple(row(index) for index in range(start, min(start + 100, rows))), "", now
        )
        for start in range(0, rows, 100)
    ]
    return [pages[start : start + BATCH_PAGES] for start in range(0, len(pages), BATCH_PAGES)]


def _stored(given: list[list[Any]]) -> None:
    from customers.relations.bulk import Walked, pages_store
    from scrm.core.ids import uuid7

    listing = uuid7()
    for pages in given:
        pages_store([Walked(page, listing) for page in pages])


Tables = dict[str, tuple[list[str], list[Sequence[Any]]]]


def whole_rows(number: int) -> Tables:
    """Return what a round has stored, column by column, as raw COPY would bring it."""
    from django.db import connection

    found: Tables = {}
    with connection.cursor() as cursor:
        for table, condition in _mine(number).items():
            cursor.execute(f"SELECT * FROM {table} WHERE {condition}")
            columns = [each[0] for each in cursor.description]
            found[table] = (
                columns,
                [[_plain(value) for value in row] for row in cursor.fetchall()],
            )
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [
            f"\\x{bytes(each).hex()}" if isinstance(each, memoryview) else each for each in value
        ]
    return value


def _mine(number: int) -> dict[str, str]:
    ours = f"external_userid LIKE 'wm{number:02d}%'"
    return {
        "customers_externalcontact": ours,
        "customers_followrelation": f"contact_id IN (SELECT id FROM customers_externalcontact WHERE {ours})",
    }


def empty(number: int) -> None:
    """Delete a round's rows, and what is left of them in every index."""
    from django.db import connection

    with connection.cursor() as cursor:
        for table, condition in reversed(_mine(number).items()):
            cursor.execute(f"DELETE FROM {table} WHERE {condition}")
        for table in _mine(number):
            cursor.execute(f"VACUUM {table}")


def _copied(tables: Tables) -> None:
    from django.db import connection, transaction

    from scrm.core.copy import copy_rows

    with transaction.atomic(), connection.cursor() as cursor:
        for table, (columns, rows) in tables.items():
            copy_rows(cursor, table, columns, rows)


def _upserted(tables: Tables) -> None:
    """Do what everybody does: COPY beside, INSERT … ON CONFLICT DO UPDATE of every row."""
    from django.db import connection, transaction

    from scrm.core.copy import copy_rows

    for table, (columns, rows) in tables.items():
        names = ", ".join(columns)
        changes = ", ".join(f"{name} = excluded.{name}" for name in columns if name != "id")
        for start in range(0, len(rows), BATCH_PAGES * 100):
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(
                    f"CREATE TEMP TABLE beside ON COMMIT DROP AS SELECT {names} FROM {table} WITH NO DATA"
                )
                copy_rows(cursor, "beside", columns, rows[start : start + BATCH_PAGES * 100])
                cursor.execute(
                    f"INSERT INTO {table} ({names}) SELECT {names} FROM beside ON CONFLICT (id) DO UPDATE SET {changes}"
                )


if __name__ == "__main__":
    import django

    django.setup()
    act, *numbers = sys.argv[1:]
    found = {"run": run, "costs": costs}[act](*map(int, numbers))
    print(json.dumps(found))
