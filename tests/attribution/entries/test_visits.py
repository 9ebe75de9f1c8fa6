"""Visits are kept once by key; what says too little is refused and stops no other."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from attribution.entries.figures import board
from attribution.entries.models import EntryStore, EntryVisit
from attribution.entries.services import (
    KEPT,
    PLACED_WITHIN,
    visits_forget,
    visits_place,
    visits_record,
)
from attribution.entries.tasks import entry_visits_place
from attribution.entries.visiting import VisitRow
from customers.privacy.models import Erasure
from customers.privacy.tombstones import digest_of, tombstones_set
from scrm.core.scope import SYSTEM_SCOPE
from tests.factories.attribution import EntryFactory
from tests.factories.customers import OrderFactory

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 20, 4, tzinfo=UTC)
ROW = VisitRow("e1", "entry_click", NOON, entry_code="result-gift", store_code="S1", unionid="u1")


def test_a_visit_names_entry_and_store_and_is_kept_once(shown: EntryStore) -> None:
    first = visits_record([ROW, replace(ROW, key="e2", kind="result_view"), ROW])
    again = visits_record([ROW, replace(ROW, key="e3")])

    assert (first.recorded, first.repeated, first.refused) == (2, 1, ())
    assert (again.recorded, again.repeated) == (1, 1)
    kept = EntryVisit.objects.get(key="e1")
    assert (kept.kind, kept.occurred_at, kept.entry, kept.store) == (
        "entry_click", NOON, shown.entry, shown.store,
    )  # fmt: skip
    assert (kept.place, kept.unionid) == ("order_result", "u1")


def test_the_store_may_come_from_the_token_or_the_order(shown: EntryStore) -> None:
    OrderFactory(order_no="M1", store_code="S1")

    visits_record(
        [
            VisitRow("e1", "entry_click", NOON, token=shown.token, visitor_id="d1"),
            VisitRow("e2", "result_view", NOON, order_no="M1", visitor_id="d1"),
            VisitRow("e3", "result_view", NOON, order_no="M2", visitor_id="d1"),
            replace(ROW, key="e4", token="a-guides-parameter"),
        ]
    )

    kept = EntryVisit.objects.order_by("key").values_list("entry_id", "store__code")
    assert list(kept) == [
        (shown.entry_id, "S1"), (None, "S1"), (None, None), (shown.entry_id, "S1"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"unionid": ""}, "visitor_missing"),
        ({"entry_code": "other"}, "entry_unknown"),
        ({"entry_code": "other", "kind": "result_view"}, "entry_unknown"),
        ({"entry_code": "", "token": "A" * 27}, "entry_unknown"),
        ({"kind": "purchase"}, "kind_unknown"),
    ],
)
def test_what_says_too_little_is_refused_and_stops_no_other(
    shown: EntryStore, change: dict[str, Any], reason: str
) -> None:
    counts = visits_record([replace(ROW, key="bad", **change), ROW])

    assert (counts.recorded, counts.repeated, counts.refused) == (1, 0, (("bad", reason),))
    assert list(EntryVisit.objects.values_list("key", flat=True)) == ["e1"]


def test_the_database_refuses_a_click_without_an_entry_and_a_visit_without_a_visitor(
    shown: EntryStore,
) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        EntryVisit.objects.create(key="a", kind="entry_click", occurred_at=NOON, visitor_id="d")
    with pytest.raises(IntegrityError), transaction.atomic():
        EntryVisit.objects.create(key="a", kind="entry_click", occurred_at=NOON, entry=shown.entry)


def test_old_visits_are_forgotten(shown: EntryStore) -> None:
    visits_record([ROW, replace(ROW, key="old", occurred_at=timezone.now() - 2 * KEPT)])

    assert visits_forget() == 1
    assert list(EntryVisit.objects.values_list("key", flat=True)) == ["e1"]


def test_500_visits_take_few_statements(shown: EntryStore, django_assert_num_queries: Any) -> None:
    rows = [replace(ROW, key=f"e{number}", unionid=f"u{number}") for number in range(500)]

    # Who was forgotten, entries, stores, the insert.
    with django_assert_num_queries(4):
        assert visits_record(rows).recorded == 500


def test_a_result_page_seen_before_its_order_came_gets_the_orders_store(
    shown: EntryStore, django_assert_num_queries: Any
) -> None:
    # given pages seen before the mall sent their orders
    now = timezone.now()
    rows = [
        VisitRow(
            f"r{number}", "result_view", now, "result-gift", order_no=f"L{number}", unionid="u1"
        )
        for number in range(3)
    ]
    visits_record(rows)
    assert visits_place() == 0

    # when two orders come, one of them long after
    OrderFactory(order_no="L0", store_code="S1")
    OrderFactory(order_no="L1", store_code="S1")
    EntryVisit.objects.filter(key="r1").update(recorded_at=now - 2 * PLACED_WITHIN)

    # then the one in time is placed, once, and counts at its store
    with django_assert_num_queries(1):
        assert entry_visits_place() == 1
    assert visits_place() == 0
    kept = EntryVisit.objects.order_by("key").values_list("store__code", flat=True)
    assert list(kept) == ["S1", None, None]
    found = board(SYSTEM_SCOPE, timezone.localdate(), timezone.localdate())
    assert [(line.note, line.figures.viewers) for line in found.by_store] == [("S1", 1)]


def test_a_visit_stands_at_the_entrys_place_unless_the_surface_names_another(
    shown: EntryStore,
) -> None:
    EntryFactory(code="in-cart", place="cart")

    visits_record(
        [
            replace(ROW, key="e1", entry_code="in-cart"),
            replace(ROW, key="e2", entry_code="in-cart", place="review"),
            replace(ROW, key="e3", entry_code="in-cart", place="moon"),
        ]
    )

    kept = EntryVisit.objects.order_by("key").values_list("place", flat=True)
    assert list(kept) == ["cart", "review", "cart"]


def test_a_visit_from_before_its_visitor_was_forgotten_counts_without_a_name(
    shown: EntryStore,
) -> None:
    # given a tombstone of the visitor's unionid
    now = timezone.now()
    erasure = Erasure.objects.create(cause="request", record_ids=[], erased_at=now)
    tombstones_set(erasure, [("unionid", digest_of(("unionid", "oForgotten1")))])

    # when a mall sends two of their visits of before once more, and one of today
    before, after = now - timedelta(days=1), now + timedelta(seconds=1)
    visits_record(
        [
            replace(ROW, key=key, unionid="oForgotten1", visitor_id="phone-1", occurred_at=at)
            for key, at in (("b1", before), ("b2", before), ("b3", after))
        ]
    )

    # then the two are one person nobody knows, and the third is theirs: they came by themself
    rows = {row.key: row for row in EntryVisit.objects.all()}
    assert [rows[key].unionid for key in ("b1", "b2", "b3")] == ["", "", "oForgotten1"]
    assert rows["b1"].visitor_id == rows["b2"].visitor_id != "phone-1"
