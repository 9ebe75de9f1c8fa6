"""Members by chunks: new, changed, unchanged."""

import random

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from customers.crm import services
from customers.crm.models import CrmMember
from customers.crm.rows import MemberRow, read_row
from customers.relations.models import RecordChange
from scrm.core.crypto import blind_index

pytestmark = pytest.mark.django_db
PHONE = "+8613800138000"


def row(member_no: str, **cells: object) -> MemberRow:
    """Return a checked row."""
    read = read_row({"member_no": member_no, **cells})
    assert read.row is not None, read.errors
    return read.row


def upsert(*rows: MemberRow) -> tuple[int, int, int]:
    """Store rows; return (created, updated, unchanged)."""
    result = services.members_upsert(rows, source="api")
    return result.created, result.updated, result.unchanged


def test_new_changed_and_unchanged_rows() -> None:
    # given
    first = [
        row("M1", name="张三", phone="13800138000", phone_verified=True, level="gold"),
        row("M2"),
    ]
    assert upsert(*first) == (2, 0, 0)
    member = CrmMember.objects.get(member_no="M1")
    assert (member.name, member.phone, member.phone_verified) == ("张三", PHONE, True)
    assert bytes(member.phone_index or b"") == blind_index("phone", PHONE)
    assert (member.state, member.level, member.source) == ("active", "gold", "api")

    # when the same comes again, with one level changed and one new number
    assert upsert(row("M1", name="张三", level="platinum"), row("M2"), row("M3")) == (1, 1, 1)

    # then what was not given stayed
    member.refresh_from_db()
    assert (member.name, member.phone, member.level) == ("张三", PHONE, "platinum")


def test_a_new_phone_is_not_verified_by_the_old_ones_verification() -> None:
    # given a member with a verified phone
    upsert(row("M1", phone="13800138000", phone_verified=True))

    # when a partial row brings another phone and says nothing of a verification
    assert upsert(row("M1", phone="13900139000")) == (0, 1, 0)

    # then the new one is not verified, and the old one given again is not either
    member = CrmMember.objects.get(member_no="M1")
    assert (member.phone, member.phone_verified) == ("+8613900139000", False)


def test_unchanged_rows_are_not_written() -> None:
    upsert(row("M1", name="张三"), row("M2"))
    with connection.cursor() as cursor:
        cursor.execute("SELECT xmin FROM customers_crmmember ORDER BY member_no")
        before = cursor.fetchall()

    assert upsert(row("M1", name="张三"), row("M2")) == (0, 0, 2)

    with connection.cursor() as cursor:
        cursor.execute("SELECT xmin FROM customers_crmmember ORDER BY member_no")
        assert cursor.fetchall() == before


def test_only_identity_changes_are_noted_for_oneid() -> None:
    upsert(row("M1"), row("M2"))
    assert RecordChange.objects.count() == 2
    RecordChange.objects.all().delete()

    upsert(row("M1", level="gold", name="x"))
    assert RecordChange.objects.count() == 0

    for change in (
        {"unionid": "ou1"},
        {"phone": "13800138000"},
        {"phone_verified": True},
        {"state": "closed"},
        # The store decides, together with who somebody is, whose their orders are.
        {"store_code": "S1"},
    ):
        upsert(row("M1", **change))
    changes = RecordChange.objects.values_list("record_kind", "record_id")
    member = CrmMember.objects.get(member_no="M1")
    assert list(changes) == [("member", member.pk)] * 5


def test_verified_without_a_phone_is_not_verified() -> None:
    upsert(row("M1", phone_verified=True))

    assert CrmMember.objects.get().phone_verified is False


def test_a_phone_that_is_cleared_takes_its_index_along() -> None:
    upsert(row("M1", phone="13800138000", phone_verified=True))

    upsert(row("M1", phone=""))

    member = CrmMember.objects.get()
    assert (member.phone, member.phone_index, member.phone_verified) == ("", None, False)


def test_queries_do_not_grow_with_the_batch() -> None:
    def cost(start: int, count: int) -> int:
        with CaptureQueriesContext(connection) as queries:
            upsert(*(row(f"M{number}") for number in range(start, start + count)))
        return len(queries)

    assert cost(0, 3) == cost(1000, 900)


def test_any_order_of_batches_gives_the_same_members() -> None:
    rows = [
        row(f"M{number % 40}", level=str(number % 40), unionid=f"ou{number % 40}")
        for number in range(120)
    ]
    chance = random.Random(7)
    chance.shuffle(rows)

    for start in range(0, 120, 10):
        unique = {each.member_no: each for each in rows[start : start + 10]}
        services.members_upsert(list(unique.values()), source="api")

    found = dict(CrmMember.objects.values_list("member_no", "level"))
    assert found == {f"M{number}": str(number) for number in range(40)}
