"""Bulk writes by COPY."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.utils import timezone

from scrm.core.alerts.models import Alert, AlertChannel
from scrm.core.copy import UpsertCounts, array_text, copy_rows, upsert_by_copy
from scrm.core.ids import uuid7

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
COLUMNS = ("id", "name", "kind", "url", "level", "is_active", "updated_at")


def channel_row(
    name: str, *, level: str = "warning", at: datetime = NOW, pk: UUID | None = None
) -> tuple[Any, ...]:
    field: Any = AlertChannel._meta.get_field("url")
    pk = pk or uuid7()
    return (pk, name, "wecom_robot", field.seal(pk, f"url of {name}"), level, True, at)


def upsert(rows: list[tuple[Any, ...]], **options: Any) -> UpsertCounts:
    options = {"update": ["level", "updated_at"], "compare": ["level"], **options}
    return upsert_by_copy(AlertChannel, COLUMNS, rows, conflict=["name"], **options)


def test_new_changed_and_unchanged_rows_are_counted_and_unchanged_ones_are_not_written() -> None:
    assert upsert([channel_row(f"n{i}") for i in range(4)]) == UpsertCounts(
        inserted=4, updated=0, unchanged=0
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, xmin::text, ctid::text FROM core_alertchannel ORDER BY name")
        before = cursor.fetchall()

    again = upsert(
        [
            channel_row("n0"),
            channel_row("n1"),
            channel_row("n2", level="critical"),
            channel_row("new"),
        ]
    )

    assert again == UpsertCounts(inserted=1, updated=1, unchanged=2)
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, xmin::text, ctid::text FROM core_alertchannel ORDER BY name")
        after = cursor.fetchall()
    assert [row for row in after if row in before] == [before[0], before[1], before[3]]
    assert AlertChannel.objects.get(name="n2").level == "critical"
    # The first ciphertext stays, bound to the id that stays.
    assert AlertChannel.objects.get(name="n2").url == "url of n2"


def test_of_the_same_key_the_last_row_counts() -> None:
    rows = [channel_row("a", level="info"), channel_row("b"), channel_row("a", level="critical")]

    assert upsert(rows) == UpsertCounts(inserted=2, updated=0, unchanged=0)
    assert AlertChannel.objects.get(name="a").level == "critical"


def test_an_older_observation_never_overwrites_a_newer_one() -> None:
    upsert([channel_row("a", level="critical", at=NOW)])

    older = upsert(
        [channel_row("a", level="info", at=NOW - timedelta(seconds=1))], newer="updated_at"
    )
    newer = upsert(
        [channel_row("a", level="warning", at=NOW + timedelta(seconds=1))], newer="updated_at"
    )

    assert older == UpsertCounts(inserted=0, updated=0, unchanged=1)
    assert newer == UpsertCounts(inserted=0, updated=1, unchanged=0)
    assert AlertChannel.objects.get(name="a").level == "warning"


def test_an_unchanged_row_only_gets_the_newer_time_so_that_a_late_read_stays_late() -> None:
    # given a value that was seen at 0 and again at 20
    def seen(level: str, seconds: int, **options: Any) -> UpsertCounts:
        row = channel_row("a", level=level, at=NOW + timedelta(seconds=seconds))
        return upsert([row], newer="updated_at", **options)

    seen("warning", 0)
    (sealed,) = AlertChannel.objects.values_list("url", flat=True)
    assert seen("warning", 20) == UpsertCounts(inserted=0, updated=0, unchanged=1)

    # when a read of another value at 10 comes late
    assert seen("critical", 10) == UpsertCounts(inserted=0, updated=0, unchanged=1)

    # then
    row = AlertChannel.objects.get()
    assert (row.level, row.updated_at) == ("warning", NOW + timedelta(seconds=20))
    assert list(AlertChannel.objects.values_list("url", flat=True)) == [sealed]

    # and rows that tell only a part leave the time of unchanged ones alone
    seen("warning", 40, whole=False)
    assert AlertChannel.objects.get().updated_at == NOW + timedelta(seconds=20)


def test_without_columns_to_update_only_new_rows_are_written() -> None:
    upsert([channel_row("a")])

    assert upsert(
        [channel_row("a", level="info"), channel_row("b")], update=[], compare=None
    ) == UpsertCounts(1, 0, 1)
    assert AlertChannel.objects.get(name="a").level == "warning"


def test_nothing_is_nothing() -> None:
    assert upsert([]) == UpsertCounts(0, 0, 0)


HARD = [
    "",
    "tab\there",
    "line\nbreak",
    "cr\r",
    "back\\slash",
    "\\N",
    "\\.",
    "quote'\"",
    "名称😀",
    "{a,b}",
    "nul\x00gone",
]


def test_every_kind_of_value_arrives_as_it_was() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMP TABLE kinds (t text, n int, b bool, raw bytea, at timestamptz, u uuid, tags text[], j jsonb, ids int[])"
        )
        pk = uuid7()
        rows = [
            (text, 7, True, b"\x00\x01\\\xff", NOW, pk, [text, "x,y"], {"k": [text, None]}, [1, 2])
            for text in HARD[:-1]
        ]

        copy_rows(
            cursor,
            "kinds",
            ("t", "n", "b", "raw", "at", "u", "tags", "j", "ids"),
            [*rows, (None,) * 9],
        )

        cursor.execute("SELECT t, n, b, raw, at, u, tags, j::text, ids FROM kinds")
        found = cursor.fetchall()
    assert [row[0] for row in found] == [*HARD[:-1], None]
    assert {
        (row[1], row[2], bytes(row[3]), row[4], row[5], tuple(row[8])) for row in found[:-1]
    } == {(7, True, b"\x00\x01\\\xff", NOW, pk, (1, 2))}
    assert [row[6] for row in found[:-1]] == [[text, "x,y"] for text in HARD[:-1]]
    assert found[-1] == (None,) * 9


def test_a_list_given_as_one_literal_arrives_as_it_was() -> None:
    texts = [*HARD[:-1], "", "NULL", None]
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::text[]", [array_text(texts)])
        assert cursor.fetchone() == (texts,)
        cursor.execute("SELECT %s::text[] = '{}'", [array_text([])])
        assert cursor.fetchone() == (True,)


def test_twenty_thousand_rows_take_one_insert(django_assert_num_queries: Any) -> None:
    rows = [(uuid7(), "bulk", f"k{i}", "info", "t", "x", "{}", 1, NOW, NOW) for i in range(20_000)]
    columns = (
        "id",
        "kind",
        "key",
        "level",
        "title",
        "text",
        "words",
        "count",
        "raised_at",
        "last_at",
    )

    started = timezone.now()
    counts = upsert_by_copy(Alert, columns, rows, conflict=["id"], update=["count"])
    seconds = (timezone.now() - started).total_seconds()

    assert counts == UpsertCounts(20_000, 0, 0)
    assert seconds < 10
    assert upsert_by_copy(Alert, columns, rows, conflict=["id"], update=["count"]) == UpsertCounts(
        0, 0, 20_000
    )
