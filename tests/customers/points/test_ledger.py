"""The ledger holds whatever a program does: the database itself refuses what does not add up."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, InternalError, ProgrammingError, connection, transaction

from customers.points import ledger
from customers.points.models import PointsAccount, PointsEntry, PointsTransaction
from scrm.core.exceptions import Conflict
from tests.factories.groups import NOON, rich

pytestmark = pytest.mark.django_db
REFUSED = (InternalError, ProgrammingError)


def entries(account: PointsAccount) -> list[int]:
    return list(account.entries.order_by("pk").values_list("amount", flat=True))


def committed(key: str, account: PointsAccount | None) -> None:
    """Write a movement with one side, or none, and look at what a commit would look at."""
    with transaction.atomic(), connection.cursor() as cursor:
        movement = PointsTransaction.objects.create(key=key, kind="adjust", made_at=NOON)
        if account is not None:
            PointsEntry.objects.create(transaction=movement, account=account, amount=5)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_a_movement_has_two_sides_and_moves_the_balance() -> None:
    # when a customer earns and spends
    account = rich("u1", 30)
    ledger.move(key="a", kind="redeem", account=account, against="spent", points=-12)

    # then the balance is the sum of the entries, and all entries sum to zero
    account.refresh_from_db()
    assert (account.balance, entries(account)) == (18, [30, -12])
    assert ledger.given_and_used(["issued", "spent"]) == {"issued": 30, "spent": 12}
    assert sum(PointsEntry.objects.values_list("amount", flat=True)) == 0
    assert ledger.faults() == []


def test_nobody_spends_more_than_there_is() -> None:
    account = rich("u1", 10)

    with pytest.raises(Conflict) as refused:
        ledger.move(key="a", kind="redeem", account=account, against="spent", points=-11)

    account.refresh_from_db()
    assert refused.value.code == "too_few_points"
    assert (account.balance, entries(account)) == (10, [10])


def test_a_key_moves_points_once() -> None:
    account = rich("u1", 0)
    ledger.move(key="a", kind="checkin", account=account, against="issued", points=5)

    with pytest.raises(Conflict) as refused:
        ledger.move(key="a", kind="checkin", account=account, against="issued", points=5)

    account.refresh_from_db()
    assert (refused.value.code, account.balance) == ("done_already", 5)


def test_one_side_alone_is_refused_when_it_commits() -> None:
    account = rich("u1", 0)
    with pytest.raises(IntegrityError, match="sum to zero"):
        committed("half", account)

    account.refresh_from_db()
    assert (account.balance, PointsTransaction.objects.filter(key="half").exists()) == (0, False)


def test_a_movement_without_sides_is_refused_when_it_commits() -> None:
    with pytest.raises(IntegrityError, match="sum to zero"):
        committed("none", None)


@pytest.mark.parametrize("act", ["change", "delete", "move_delete", "balance", "born_rich"])
def test_what_was_written_stays(act: str) -> None:
    account = rich("u1", 5)
    acts = {
        "change": lambda: PointsEntry.objects.filter(account=account).update(amount=500),
        "delete": lambda: PointsEntry.objects.filter(account=account).delete(),
        "move_delete": lambda: PointsTransaction.objects.update(note="other"),
        "balance": lambda: PointsAccount.objects.filter(pk=account.pk).update(balance=500),
        "born_rich": lambda: PointsAccount.objects.create(unionid="u2", balance=500),
    }

    with pytest.raises(REFUSED), transaction.atomic():
        acts[act]()

    account.refresh_from_db()
    assert (account.balance, entries(account)) == (5, [5])


def test_points_need_an_identity() -> None:
    with pytest.raises(ValueError, match="unionid"):
        ledger.account_of("")


def test_an_account_is_one_and_learns_what_it_lacked() -> None:
    first = ledger.account_of("u1")
    again = ledger.account_of("u1", external_userid="wm1", name="李雷")

    assert (first.pk, again.external_userid, again.name) == (again.pk, "wm1", "李雷")


def test_old_points_go_the_oldest_first_and_once_a_day() -> None:
    # given 30 points of noon, 20 of them used, and 7 of two days later
    account = rich("u1", 30)
    ledger.move(key="b", kind="redeem", account=account, against="spent", points=-20, at=NOON)
    late = NOON + timedelta(days=2)
    ledger.move(key="c", kind="checkin", account=account, against="issued", points=7, at=late)
    now = NOON + timedelta(days=11)

    # when points last ten days
    assert (ledger.expire(10, now), ledger.expire(10, now)) == (1, 0)

    # then what is left of the first 30 is gone, the later 7 stay
    account.refresh_from_db()
    assert account.balance == 7
    assert ledger.given_and_used(["expired"]) == {"expired": 10}
    assert ledger.expire(10, now - timedelta(days=3)) == 0


def test_expired_points_name_the_day_by_our_clock() -> None:
    # given points that are ten days old at half past midnight in Shanghai, which is still yesterday in UTC
    rich("u1", 30)
    now = datetime(2026, 12, 31, 16, 30, tzinfo=UTC)

    ledger.expire(10, now)

    assert PointsTransaction.objects.get(kind="expire").note == "2026-12-22"


def test_points_given_back_are_as_old_as_they_were() -> None:
    # given points of noon, used and given back yesterday
    account = rich("u1", 30)
    now = NOON + timedelta(days=11)
    ledger.move(key="b", kind="redeem", account=account, against="spent", points=-20, at=NOON)
    ledger.move(
        key="c",
        kind="refund",
        account=account,
        against="spent",
        points=20,
        at=now - timedelta(days=1),
    )

    assert ledger.expire(10, now) == 1

    account.refresh_from_db()
    assert account.balance == 0


def test_what_is_redeemed_while_points_expire_is_not_taken_from_young_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # given 30 points of long ago and 30 of today
    account, now = rich("u1", 30), NOON + timedelta(days=11)
    ledger.move(key="b", kind="checkin", account=account, against="issued", points=30, at=now)
    counted = ledger._due

    def redeemed_meanwhile(*args: Any) -> list[tuple[int, int]]:
        """Count, then let the customer redeem 20 before anything is taken back."""
        found = counted(*args)
        monkeypatch.setattr(ledger, "_due", counted)
        ledger.move(key="c", kind="redeem", account=account, against="spent", points=-20, at=now)
        return found

    monkeypatch.setattr(ledger, "_due", redeemed_meanwhile)

    assert ledger.expire(10, now) == 1

    # then what was redeemed came from the old ones, and the 30 of today are all there
    account.refresh_from_db()
    assert (account.balance, ledger.given_and_used(["expired"])) == (30, {"expired": 10})
