"""Day figures: made from what happened, again and again the same, equal to the ledger."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.db.models import Sum
from django.utils import timezone

from attribution.adds.models import AddEpisode
from attribution.boards.models import BoardDay, DayFigure, LedgerMark
from attribution.boards.selectors import Span, board
from attribution.boards.services import (
    boards_roll_up,
    day_facts,
    days_recompute,
    recent_days,
    stores_on,
)
from attribution.sales.business import day_began
from attribution.sales.models import Credit, CreditLine
from contacts.org.models import StoreBinding
from materials.tracking.models import Send, View
from scrm.core.scope import scope_of
from tests.attribution.boards.selling import post, sold
from tests.factories.attribution import AddEpisodeFactory
from tests.factories.materials import SendFactory, view

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 1, tzinfo=UTC)


def today() -> date:
    return timezone.localdate()


def noon(day: date) -> datetime:
    return day_began(day) + timedelta(hours=12)


def figures(day: date) -> dict[tuple[str | None, str | None], tuple]:
    return {
        (row.member.userid if row.member else None, row.store.code if row.store else None): (
            row.adds, row.losses, row.sends, row.views, row.orders, row.sales, row.refunds,
        )
        for row in DayFigure.objects.filter(day=day).select_related("member", "store")
    }  # fmt: skip


def test_a_day_holds_what_each_guide_did_and_what_nobody_earned(guide_li, guide_wang, company):
    day = today() - timedelta(days=1)
    AddEpisodeFactory(userid="guide_li", started_at=noon(day))
    AddEpisodeFactory(userid="GUIDE_LI", started_at=noon(day), ended_at=noon(day))
    AddEpisodeFactory(userid="guide_li", started_at=day_began(day) - timedelta(seconds=1))
    send = SendFactory(member=guide_wang, status="sent", confirmed_at=noon(day))
    SendFactory(member=guide_wang, status="prepared")
    view(send, noon(day))
    view(send, noon(day), counted=False)
    sold(guide_li, company.store_a, "100.00", day)
    sold(None, company.store_b, "30.10", day)
    post(sold(guide_li, company.store_a, "50.00", day), "refund", "-20.05", day)

    boards_roll_up()

    assert figures(day) == {
        ("guide_li", "S1"): (2, 1, 0, 0, 2, Decimal("150.00"), Decimal("20.05")),
        ("guide_wang", "S2"): (0, 0, 1, 1, 0, Decimal(0), Decimal(0)),
        (None, "S2"): (0, 0, 0, 0, 1, Decimal("30.10"), Decimal(0)),
    }


def test_adding_up_again_changes_nothing_and_writes_no_row_twice(guide_li, company):
    sold(guide_li, company.store_a, "100.00", today())
    boards_roll_up()
    before = list(DayFigure.objects.values())

    assert days_recompute([today()]) == 0

    assert list(DayFigure.objects.values()) == before


def test_what_moved_to_another_guide_leaves_the_first_one(guide_li, guide_wang, company):
    credit = sold(guide_li, company.store_a, "100.00", today())
    boards_roll_up()
    post(credit, "sale", "-100.00", today())
    credit.member, credit.store = guide_wang, company.store_b
    credit.save()
    post(credit, "sale", "100.00", today())

    boards_roll_up()

    assert figures(today()) == {
        ("guide_wang", "S2"): (0, 0, 0, 0, 1, Decimal("100.00"), Decimal(0))
    }


def test_a_line_written_today_for_a_day_long_ago_is_found(guide_li, company):
    old = today() - timedelta(days=200)
    credit = sold(guide_li, company.store_a, "100.00", old)
    boards_roll_up()
    while DayFigure.objects.count() == 0:
        boards_roll_up()
    post(credit, "refund", "-40.00", old)

    days = boards_roll_up()

    assert old in days
    assert figures(old)["guide_li", "S1"][-1] == Decimal("40.00")


def test_the_nightly_run_hides_no_line_of_an_older_day(guide_li, company):
    # given a day before the nightly run's two months, added up; and a roll-up that has read everything
    old, now = today() - timedelta(days=100), timezone.now()
    credit = sold(guide_li, company.store_a, "10.00", old)
    for _run in range(6):
        boards_roll_up(now - timedelta(hours=1))
    post(credit, "refund", "-10.00", old)

    # when the workers were down, and the nightly run is the first thing after
    days_recompute(recent_days(), now + timedelta(minutes=15))
    boards_roll_up(now + timedelta(minutes=16))

    # then the old day has followed the ledger
    assert figures(old)["guide_li", "S1"][-2:] == (Decimal("10.00"), Decimal("10.00"))
    # and before the first roll-up of all, the nightly run hides none either
    LedgerMark.objects.all().delete()
    post(credit, "sale", "3.00", old)
    days_recompute(recent_days(), now + timedelta(hours=1))
    boards_roll_up(now + timedelta(hours=2))
    assert figures(old)["guide_li", "S1"][-2:] == (Decimal("13.00"), Decimal("10.00"))


# A partitioned table's index has its own name in each part.
PARTS = {"materials_view_opened": "opened_at_member_id_counted_idx"}


def drop_other_indexes(table, kept):
    """Drop every index of a table but one, with the constraints that stand on them; a test's end undoes it."""
    with connection.cursor() as cursor:
        constraints = connection.introspection.get_constraints(cursor, table)
        indexes = {name for name, found in constraints.items() if found["index"] or found["unique"]}
        assert kept in indexes
        cursor.execute(
            "SELECT conname FROM pg_constraint WHERE conrelid = %s::regclass AND conindid <> 0",
            [table],
        )
        bound = {name for (name,) in cursor.fetchall()}
        for name in indexes - {kept}:
            drop = f'ALTER TABLE "{table}" DROP CONSTRAINT' if name in bound else "DROP INDEX"
            cursor.execute(f'{drop} "{name}" CASCADE')


@pytest.mark.parametrize(
    ("rows", "index"),
    [
        (Credit.objects.filter(business_day=date(2026, 11, 1)), "attribution_credit_day"),
        (
            Send.objects.filter(
                status=Send.Status.SENT,
                confirmed_at__gte=AT,
                confirmed_at__lt=AT + timedelta(days=1),
            ),
            "materials_send_confirmed",
        ),
        (
            View.objects.filter(
                counted=True, opened_at__gte=AT, opened_at__lt=AT + timedelta(days=1)
            ),
            "materials_view_opened",
        ),
        (CreditLine.objects.filter(business_day=date(2026, 11, 1)), "attribution_line_day"),
        (
            AddEpisode.objects.filter(started_at__gte=AT, started_at__lt=AT + timedelta(days=1)),
            "attribution_episode_newest",
        ),
        (
            AddEpisode.objects.filter(ended_at__gte=AT, ended_at__lt=AT + timedelta(days=1)),
            "attribution_episode_ended",
        ),
    ],
    ids=["orders", "sends", "views", "money", "adds", "losses"],
)
def test_each_read_of_a_day_has_an_index(rows, index):
    # given that index alone: among several the planner picks by what the tables happen to hold
    drop_other_indexes(rows.model._meta.db_table, index)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_bitmapscan = off")
    plan = rows.order_by().explain()
    assert PARTS.get(index, index) in plan, plan
    assert "Seq Scan" not in plan, plan


def test_days_never_added_up_are_caught_up_with_a_month_at_a_time(guide_li, company):
    sold(guide_li, company.store_a, "1.00", today() - timedelta(days=40))

    runs = [len(boards_roll_up()) for _number in range(3)]

    assert BoardDay.objects.count() == 41
    # The third run looks at the oldest day again: its line was written less than ten minutes ago.
    assert runs == [31, 12, 3]


def test_the_sum_of_all_days_is_the_ledger_to_the_cent(guide_li, guide_wang, company):
    people = [(guide_li, company.store_a), (guide_wang, company.store_b), (None, None)]
    for number in range(40):
        member, store = people[number % 3]
        credit = sold(member, store, f"{number}.{number:02d}" if number else "0.01", today() - timedelta(days=number % 9))  # fmt: skip
        if number % 4 == 0:
            post(credit, "refund", "-0.01", today() - timedelta(days=number % 5))

    boards_roll_up()

    total = DayFigure.objects.aggregate(sales=Sum("sales"), refunds=Sum("refunds"))
    ledger = CreditLine.objects.aggregate(net=Sum("amount"))["net"]
    assert total["sales"] - total["refunds"] == ledger


def test_a_guide_counts_for_the_store_she_served_that_day(guide_li, company):
    day = today() - timedelta(days=3)
    StoreBinding.objects.filter(member=guide_li).update(
        created_at=noon(day - timedelta(days=9)), retired_at=noon(day), state="retired"
    )
    later = StoreBinding.objects.create(member=guide_li, store=company.store_b)
    StoreBinding.objects.filter(pk=later.pk).update(created_at=noon(day + timedelta(days=2)))

    served = [stores_on(day + timedelta(days=n), [guide_li.pk]).get(guide_li.pk) for n in range(-20, 3)]  # fmt: skip

    a, b = company.store_a.pk, company.store_b.pk
    # also on the day it ended, and after it until the next: what ends then is of her time there
    assert served == [a] * 22 + [b]


def test_a_hand_over_is_no_loss_and_no_new_customer_and_a_leaver_stays_with_her_store(
    guide_li, guide_wang, company, hq_ops
):
    # given a leaver whose binding ended this morning; one customer deleted her, one was handed over
    day = today()
    StoreBinding.objects.filter(member=guide_li).update(
        created_at=noon(day - timedelta(days=9)), retired_at=day_began(day), state="retired"
    )
    old = noon(day - timedelta(days=3))
    AddEpisodeFactory(userid="guide_li", started_at=old, ended_at=noon(day))
    AddEpisodeFactory(userid="guide_li", started_at=old, ended_at=noon(day), handed_on=True)
    AddEpisodeFactory(userid="guide_wang", started_at=noon(day), taken_over=True)

    boards_roll_up()

    # then the day has the one loss, with her store and so with its branch
    assert {key: row[:2] for key, row in figures(day).items()} == {("guide_li", "S1"): (0, 1)}
    found = board(scope_of(hq_ops), Span(day, day), by="branch")
    assert (found.total.losses, found.rest) == (1, None)


def test_an_account_we_do_not_know_still_counts_in_the_total(company):
    AddEpisodeFactory(userid="gone", started_at=noon(today()))

    assert day_facts(today())[None, None]["adds"] == 1
