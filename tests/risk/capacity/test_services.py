"""Accounts are counted in a few queries; each level is told once, in the agreed words."""

from typing import Any

import pytest
from django.db import connection
from django.utils.translation import override

from contacts.directory.models import Member
from risk.capacity.models import Capacity, MemberLimit
from risk.capacity.selectors import full_members
from risk.capacity.services import capacity_recount, capacity_sweep, held_counts, limit_set
from scrm.core.alerts.models import Alert
from scrm.core.audit.models import AuditEntry
from scrm.core.exceptions import ValidationFailed
from scrm.core.outbox.models import OutboxMessage
from tests.factories.accounts import UserFactory
from tests.factories.contacts import MemberFactory
from tests.factories.core import AlertChannelFactory
from tests.factories.risk import customers_of, lose

pytestmark = pytest.mark.django_db


@pytest.fixture
def small(settings: Any) -> None:
    """Let an account have 20 customers."""
    settings.RISK_CAPACITY_LIMIT = 20


def told() -> list[str]:
    """Return what the robots were given to say, in order."""
    messages = OutboxMessage.objects.filter(kind="alert.robot").order_by("created_at", "id")
    return [message.payload["text"] for message in messages]


def recount(member: Member) -> Capacity:
    return capacity_recount([member.pk])[0]


def test_crossing_a_level_is_told_once_in_the_agreed_words(small: None) -> None:
    # given a channel and an account just below 70 %
    AlertChannelFactory(level="warning")
    li = MemberFactory(userid="guide_li", name="李娜")
    customers_of(li, 13)
    assert (recount(li).level, told()) == (0, [])

    # when one more customer comes, whatever the language of who triggers it, and is counted thrice
    customers_of(li, 1)
    with override("en"):
        for _time in range(2):
            recount(li)
    capacity_sweep()

    # then the group is told once
    assert told() == ["李娜(账号:guide_li)客户容量已达到70%,请及时处理。"]
    alert = Alert.objects.get()
    assert (alert.kind, alert.level, alert.count) == ("risk.capacity", "warning", 1)
    row = Capacity.objects.get()
    assert (row.used, row.limit, row.permille, row.level, row.is_full) == (14, 20, 700, 70, False)


def test_it_is_told_again_only_after_falling_five_points_below(small: None) -> None:
    AlertChannelFactory(level="warning")
    li = MemberFactory(userid="guide_li", name="李娜")
    rows = customers_of(li, 14)
    recount(li)

    lose(rows[:1])  # 65 %: the level is left
    assert recount(li).level == 0
    customers_of(li, 1)
    recount(li)

    text = "李娜(账号:guide_li)客户容量已达到70%,请及时处理。"
    assert told() == [text, text]


def test_wavering_around_a_level_is_told_once(settings: Any) -> None:
    settings.RISK_CAPACITY_LIMIT = 100
    AlertChannelFactory(level="warning")
    li = MemberFactory(name="李娜")
    rows = customers_of(li, 70)
    recount(li)

    lose(rows[:4])  # 66 %
    assert recount(li).level == 70
    customers_of(li, 6)
    recount(li)

    assert len(told()) == 1


def test_a_jump_over_levels_is_told_once_as_the_highest(small: None) -> None:
    AlertChannelFactory(level="warning")
    li = MemberFactory(userid="li", name="")
    customers_of(li, 20)

    row = recount(li)

    assert told() == ["li(账号:li)客户容量已达到95%,请及时处理。"]
    assert Alert.objects.get().level == "critical"
    assert (row.is_full, row.days_left) == (True, 0)
    assert full_members() == frozenset({li.pk})
    assert full_members([li.pk + 1]) == frozenset()


def test_only_living_relations_count_and_the_pace_is_of_14_days(small: None) -> None:
    li = MemberFactory()
    lose(customers_of(li, 5))
    customers_of(li, 4)
    customers_of(li, 2, days_ago=3)

    row = recount(li)

    assert (row.used, row.recent_adds, row.days_left) == (6, 2, 98)


def test_who_never_had_customers_is_not_listed_and_who_left_goes(small: None) -> None:
    MemberFactory(can_follow=False)
    gone = MemberFactory(status=Member.Status.LEFT)
    customers_of(gone, 3)
    li = MemberFactory()
    assert capacity_sweep() == 1
    assert [row.member_id for row in Capacity.objects.all()] == [li.pk]

    Member.objects.filter(pk=li.pk).update(status=Member.Status.LEFT)
    capacity_sweep()

    assert Capacity.objects.count() == 0


def test_a_sweep_that_finds_nothing_new_takes_five_queries(
    small: None, django_assert_num_queries: Any
) -> None:
    for _number in range(8):
        customers_of(MemberFactory(), 3)
    assert capacity_sweep() == 8

    with django_assert_num_queries(5):
        assert capacity_sweep() == 0


def test_turning_full_and_free_tells_the_rooms_above(
    small: None, django_capture_on_commit_callbacks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    told_ids: list[list[int]] = []
    monkeypatch.setattr(
        "risk.publishing.jobs.enqueue", lambda task, **ids: told_ids.append(ids["member_ids"])
    )
    li = MemberFactory()
    rows = customers_of(li, 18)
    recount(li)
    assert told_ids == []

    customers_of(li, 1)
    recount(li)
    recount(li)
    lose(rows[:1])  # 18 of 20: 90 %
    recount(li)

    assert told_ids == [[li.pk], [li.pk]]


def test_a_limit_of_ones_own_is_audited_and_counts_at_once(small: None) -> None:
    li, hq = MemberFactory(), UserFactory()
    customers_of(li, 14)
    assert recount(li).level == 70

    limit_set(li, limit=40, swap_percent=35, reason="扩容", actor=hq)

    row = Capacity.objects.get()
    assert (row.limit, row.permille, row.level, row.is_full) == (40, 350, 0, True)
    entry = AuditEntry.objects.get(action="capacity.limit_set")
    assert (entry.actor, entry.target, entry.reason) == (hq, f"member:{li.pk}", "扩容")
    assert (entry.before, entry.after) == (None, {"limit": 40, "swap_percent": 35})

    limit_set(li, limit=None, swap_percent=None, reason="撤销", actor=hq)
    row.refresh_from_db()
    assert (row.limit, row.level, row.is_full) == (20, 70, False)
    assert MemberLimit.objects.count() == 0


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": 1_000_001}, "limit"),
        ({"swap_percent": 101}, "swap_percent"),
        ({"reason": " "}, "reason"),
    ],
)
def test_a_bad_limit_is_refused_and_changes_nothing(values: dict[str, Any], field: str) -> None:
    li = MemberFactory()
    with pytest.raises(ValidationFailed) as caught:
        limit_set(li, **{"limit": 5, "swap_percent": None, "reason": "x", "actor": None, **values})

    assert caught.value.data["field"] == field
    assert (MemberLimit.objects.count(), AuditEntry.objects.count()) == (0, 0)


def test_counting_reads_a_narrow_index_and_not_the_wide_rows() -> None:
    li = MemberFactory(userid="guide_li")
    customers_of(li, 3)
    sql, params = held_counts(range(1000)).query.sql_with_params()

    with connection.cursor() as cursor:
        # How a table of three rows is best read says nothing of one of millions.
        cursor.execute("set local enable_seqscan = off")
        cursor.execute("set local enable_bitmapscan = off")
        cursor.execute(f"explain {sql}", params)
        plan = "\n".join(row[0] for row in cursor.fetchall())

    assert "customers_relation_held" in plan
    assert list(held_counts([li.pk])) == [(li.pk, 3, 0)]
    assert "Index Only Scan" in plan, plan
