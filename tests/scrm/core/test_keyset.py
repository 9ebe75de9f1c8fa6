"""Pages by key."""

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from django.db.models import F, Value
from django.db.models.functions import Concat

from scrm.core.exceptions import ValidationFailed
from scrm.core.jobs.models import JobRun
from scrm.core.keyset import paginate
from tests.factories.core import JobRunFactory

pytestmark = pytest.mark.django_db
START = datetime(2026, 1, 1, tzinfo=UTC)


def walk(queryset: Any, order: tuple[str, ...], size: int) -> list[list[Any]]:
    pages, after = [], None
    while True:
        page = paginate(queryset, order=order, after=after, size=size)
        pages.append([row.pk for row in page.rows])
        after = page.next
        if after is None:
            return pages


@pytest.mark.parametrize(
    "order",
    [
        ("created_at", "id"),
        ("-created_at", "-id"),
        ("finished_at",),
        ("-finished_at",),
        ("-finished_at", "kind", "-id"),
        ("kind", "-finished_at"),
        ("id",),
    ],
)
def test_every_row_comes_once_in_the_order_of_the_database(order: tuple[str, ...]) -> None:
    for number in range(23):
        job = JobRunFactory.create(
            kind=f"kind{number % 3}",
            finished_at=None if number % 4 == 0 else START + timedelta(days=number % 5),
        )
        JobRun.objects.filter(pk=job.pk).update(created_at=START + timedelta(hours=number % 6))

    pages = walk(JobRun.objects.all(), order, 5)

    whole = (
        [*order] if "id" in order[-1] else [*order, "-pk" if order[-1].startswith("-") else "pk"]
    )
    assert [pk for page in pages for pk in page] == list(
        JobRun.objects.order_by(*whole).values_list("pk", flat=True)
    )
    assert [len(page) for page in pages] == [5, 5, 5, 5, 3]


def test_columns_of_relations_and_annotations() -> None:
    made = [JobRunFactory.create(kind=f"k{number % 2}", total=number) for number in range(6)]

    labelled = JobRun.objects.annotate(words=Concat(F("kind"), Value("!")))

    assert [len(page) for page in walk(labelled, ("-words", "id"), 4)] == [4, 2]
    assert [
        len(page)
        for page in walk(
            JobRun.objects.select_related("started_by"), ("started_by__username", "id"), 4
        )
    ] == [4, 2]
    assert len(made) == 6


def test_a_page_costs_one_query_and_reads_no_offset(django_assert_num_queries: Any) -> None:
    JobRunFactory.create_batch(6)
    first = paginate(JobRun.objects.all(), order=("-created_at", "-id"), after=None, size=2)

    with django_assert_num_queries(1) as captured:
        second = paginate(
            JobRun.objects.all(), order=("-created_at", "-id"), after=first.next, size=2
        )

    assert len(second.rows) == 2
    assert "OFFSET" not in captured.captured_queries[0]["sql"]
    assert '"created_at" <= ' in captured.captured_queries[0]["sql"]


def token(*values: Any) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(list(values))).decode().rstrip("=")


@pytest.mark.parametrize(
    "after",
    [
        "",
        "%%%",
        "x",
        "é",
        token("2026-01-01"),
        token("no date", "no id"),
        token(None, None),
        token(1, 2),
        token({}, []),
    ],
)
def test_a_token_that_is_not_ours_is_refused_in_words(after: str) -> None:
    JobRunFactory.create_batch(2)

    if not after:
        assert (
            len(paginate(JobRun.objects.all(), order=("-created_at",), after=after, size=5).rows)
            == 2
        )
        return
    with pytest.raises(ValidationFailed) as caught:
        paginate(JobRun.objects.all(), order=("-created_at",), after=after, size=5)
    assert caught.value.code == "page_unknown"


def test_the_size_is_kept_within_limits() -> None:
    JobRunFactory.create_batch(3)

    assert len(paginate(JobRun.objects.all(), order=("id",), after=None, size=0).rows) == 1
    assert len(paginate(JobRun.objects.all(), order=("id",), after=None, size=10**9).rows) == 3
