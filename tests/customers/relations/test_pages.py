"""Pages of relations are stored by COPY: only what changed, whatever came before or in between."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from customers.relations.bulk import PageCounts, page_store
from customers.relations.models import ExternalContact, FollowRelation, RecordChange
from customers.relations.services import (
    RelationFact,
    contact_observed,
    relation_event_record,
    tags_written,
)
from scrm.core.crypto import blind_index
from tests.factories.customers import MemberFactory, at, detail, follow, page

pytestmark = pytest.mark.django_db


def row_versions() -> list[Any]:
    """Return what PostgreSQL thinks of each stored row."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, xmin FROM customers_followrelation UNION SELECT id, xmin FROM customers_externalcontact ORDER BY 1"
        )
        return list(cursor.fetchall())


def rows_but_clocks() -> list[dict[str, Any]]:
    """Return all that is stored, ciphertext as it is, without the times of the reads."""
    stored = [
        *FollowRelation.objects.order_by("pk").values(),
        *ExternalContact.objects.order_by("pk").values(),
    ]
    return [
        {
            name: [bytes(each) for each in value]
            if name == "remark_phone_indexes"
            else bytes(value)
            if isinstance(value, memoryview)
            else value
            for name, value in row.items()
            if not name.endswith("observed_at")
        }
        for row in stored
    ]


def test_a_page_is_stored_and_a_second_time_only_the_clocks_move() -> None:
    # given
    rows = [
        ("wm1", follow("LiNa", remark="a", remark_mobiles=("13800138000",), tag_ids=("t2", "t1"))),
        ("wm1", follow("WangFang", remark="b")),
        ("wm2", follow("LiNa")),
    ]

    # when
    assert page_store(page(rows, observed=10)) == PageCounts(read=3, created=3, updated=0)

    # then
    assert ExternalContact.objects.count() == 2
    stored = FollowRelation.objects.get(contact__external_userid="wm1", member__userid="LiNa")
    assert (stored.remark, stored.remark_phones, stored.tag_ids) == (
        "a",
        ["13800138000"],
        ["t1", "t2"],
    )
    assert [bytes(each) for each in stored.remark_phone_indexes] == [
        blind_index("phone", "+8613800138000")
    ]
    assert RecordChange.objects.count() == 2
    before = rows_but_clocks()
    assert page_store(page(rows, observed=20)) == PageCounts(read=3, created=0, updated=0)
    assert rows_but_clocks() == before
    assert RecordChange.objects.count() == 2
    clocks = FollowRelation.objects.values_list(
        "observed_at", "tags_observed_at", "remark_observed_at", "contact__observed_at"
    )
    assert set(clocks) == {(at(20),) * 4}

    # and the same page once more, or an older one, writes nothing at all
    versions = row_versions()
    page_store(page(rows, observed=20))
    page_store(page(rows, observed=15))
    assert row_versions() == versions


def test_an_unchanged_page_keeps_a_late_older_read_from_counting() -> None:
    # given a value seen at 10, and again by a page at 30
    MemberFactory(userid="LiNa")
    contact_observed(detail("wm1", [follow("LiNa", remark="a")], observed=10))
    page_store(page([("wm1", follow("LiNa", remark="a"))], observed=30))

    # when a read of what was there in between comes late
    between = follow("LiNa", remark="b", tag_ids=("t1",))
    contact_observed(detail("wm1", [between], observed=20, name="Between"))
    page_store(page([("wm1", between)], observed=25))

    # then
    row = FollowRelation.objects.select_related("contact").get()
    assert (row.remark, row.tag_ids, row.contact.name) == ("a", [], "小明")


def test_an_unchanged_page_does_not_turn_back_the_clock_of_our_own_write() -> None:
    # given tags we wrote at 40, while a page read at 30 was under way
    MemberFactory(userid="LiNa")
    contact_observed(detail("wm1", [follow("LiNa")], observed=10))
    tags_written("LiNa", "wm1", ["t1"], [], at(40))

    # when
    page_store(page([("wm1", follow("LiNa"))], observed=30))

    # then
    row = FollowRelation.objects.get()
    assert (row.tag_ids, row.observed_at, row.tags_observed_at, row.remark_observed_at) == (
        ["t1"],
        at(30),
        at(40),
        at(30),
    )


def test_only_changed_rows_are_written() -> None:
    page_store(
        page(
            [("wm1", follow("LiNa", remark="a")), ("wm2", follow("LiNa", remark="b"))], observed=10
        )
    )

    counts = page_store(
        page(
            [("wm1", follow("LiNa", remark="a")), ("wm2", follow("LiNa", remark="new"))],
            observed=20,
        )
    )

    assert counts == PageCounts(read=2, created=0, updated=1)
    remarks = {
        each.contact.external_userid: each.remark
        for each in FollowRelation.objects.select_related("contact")
    }
    assert remarks == {"wm1": "a", "wm2": "new"}


def test_a_page_fetched_before_a_newer_read_or_a_deletion_changes_nothing() -> None:
    # given a page begun at second 10 that is stored late
    MemberFactory(userid="LiNa")
    late = page([("wm1", follow("LiNa", remark="old")), ("wm2", follow("LiNa"))], observed=10)
    contact_observed(detail("wm1", [follow("LiNa", remark="new")], observed=20))
    relation_event_record(RelationFact("LiNa", "wm2", "del_by_customer", at(15)))

    # when
    page_store(late)

    # then
    found = {
        each.contact.external_userid: (each.remark, each.status)
        for each in FollowRelation.objects.select_related("contact")
    }
    assert found == {"wm1": ("new", "active"), "wm2": ("", "lost")}


def test_a_page_and_single_reads_store_the_same() -> None:
    info = follow(
        "LiNa",
        remark="a",
        description="d",
        remark_mobiles=("13800138000",),
        tag_ids=("t1",),
        state="s",
    )
    page_store(page([("wm1", info)], observed=10))
    contact_observed(detail("wm2", [info], observed=10))

    one, two = FollowRelation.objects.order_by("contact__external_userid")
    for name in (
        "status",
        "remark",
        "description",
        "remark_phones",
        "tag_ids",
        "state",
        "add_way",
        "created_time",
    ):
        assert getattr(one, name) == getattr(two, name)
    assert bytes(one.private_digest or b"") == bytes(two.private_digest or b"-")


def test_queries_do_not_grow_with_the_page() -> None:
    def cost(start: int, count: int, observed: int) -> int:
        rows = [(f"wm{number}", follow("LiNa")) for number in range(start, start + count)]
        with CaptureQueriesContext(connection) as queries:
            page_store(page(rows, observed=observed))
        return len(queries)

    cost(0, 1, 5)
    assert cost(10, 2, 10) == cost(100, 100, 20)


def test_a_known_customer_beside_a_new_one_keeps_the_relation_it_had() -> None:
    page_store(page([("wm1", follow("LiNa", remark="a"))], observed=10))
    held = FollowRelation.objects.get().pk

    rows = [
        ("wm2", follow("LiNa")),
        ("wm1", follow("LiNa", remark="b")),
        ("wm1", follow("WangFang")),
    ]
    counts = page_store(page(rows, observed=20))

    assert counts == PageCounts(read=3, created=2, updated=1)
    assert FollowRelation.objects.get(pk=held).remark == "b"


def test_new_customers_are_looked_for_once_and_their_relations_not_at_all() -> None:
    MemberFactory(userid="LiNa")
    with CaptureQueriesContext(connection) as queries:
        page_store(page([("wm1", follow("LiNa")), ("wm2", follow("LiNa"))], observed=10))

    reads = [each["sql"] for each in queries if each["sql"].startswith("SELECT")]
    assert len([sql for sql in reads if "customers_externalcontact" in sql]) == 1
    assert not [sql for sql in reads if "customers_followrelation" in sql]
