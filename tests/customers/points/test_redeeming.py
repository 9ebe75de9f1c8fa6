"""Redemptions: stock and points to the piece, also when two hundred come at once."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from customers.points import ledger, services
from customers.points.models import PointsAccount, Redemption, Reward
from scrm.core.audit.models import AuditEntry
from scrm.core.exceptions import Conflict, NotFound, ValidationFailed
from tests.factories.groups import RewardFactory, rich, rich_many


@pytest.mark.django_db
def test_a_piece_is_promised_for_points() -> None:
    account, reward = rich("u1", 25), RewardFactory()

    made = services.redeem(account, reward.pk, key="k1")

    account.refresh_from_db()
    reward.refresh_from_db()
    assert (account.balance, reward.left, made.state) == (15, 4, "held")
    assert len(made.code) == services.CODE_LENGTH
    assert made.until - made.made_at == timedelta(days=14)


@pytest.mark.django_db
def test_the_same_tap_twice_is_one_redemption() -> None:
    account, reward = rich("u1", 100), RewardFactory(per_customer=5)

    first, second = (services.redeem(account, reward.pk, key="k1") for _tap in range(2))

    reward.refresh_from_db()
    assert (first.pk, reward.left, Redemption.objects.count()) == (second.pk, 4, 1)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("points", "fields", "code"),
    [
        (9, {}, "too_few_points"),
        (100, {"stock": 0}, "reward_gone"),
        (100, {"is_open": False}, "reward_gone"),
    ],
)
def test_what_cannot_be_had_changes_nothing(points: int, fields: Any, code: str) -> None:
    account, reward = rich("u1", points), RewardFactory(**fields)

    with pytest.raises(Conflict) as refused:
        services.redeem(account, reward.pk, key="k1")

    account.refresh_from_db()
    assert (refused.value.code, account.balance) == (code, points)
    assert (Reward.objects.get().left, Redemption.objects.count()) == (reward.stock, 0)


@pytest.mark.django_db
def test_a_customer_gets_no_more_than_is_allowed_to_each() -> None:
    account, reward = rich("u1", 100), RewardFactory()
    services.redeem(account, reward.pk, key="k1")

    with pytest.raises(Conflict) as refused:
        services.redeem(account, reward.pk, key="k2")

    assert (refused.value.code, Reward.objects.get().left) == ("enough_of_it", 4)
    with pytest.raises(NotFound):
        services.redeem(account, 999_999, key="k3")


@pytest.mark.django_db
def test_a_cancelled_one_gives_points_and_piece_back_once(hq_ops: Any) -> None:
    account, reward = rich("u1", 10), RewardFactory()
    made = services.redeem(account, reward.pk, key="k1")
    with pytest.raises(ValidationFailed):
        services.cancel(made.pk, reason=" ", actor=hq_ops)

    services.cancel(made.pk, reason="damaged", actor=hq_ops)

    account.refresh_from_db()
    assert (account.balance, Reward.objects.get().left) == (10, 5)
    entry = AuditEntry.objects.get(action="points.cancel")
    assert (entry.reason, entry.target) == ("damaged", f"redemption:{made.pk}")
    with pytest.raises(Conflict):
        services.cancel(made.pk, reason="again", actor=hq_ops)
    account.refresh_from_db()
    assert (account.balance, ledger.faults()) == (10, [])


@pytest.mark.django_db
def test_a_code_is_handed_out_once(guide_li: Any, guide_wang: Any) -> None:
    made = services.redeem(rich("u1", 10), RewardFactory().pk, key="k1")

    services.fulfil(made.pk, member=guide_li, actor=guide_li.user)

    made.refresh_from_db()
    assert (made.state, made.handed_by, made.store and made.store.code) == (
        "fulfilled",
        guide_li,
        "S1",
    )
    with pytest.raises(Conflict):
        services.fulfil(made.pk, member=guide_wang, actor=guide_wang.user)
    made.refresh_from_db()
    assert made.handed_by == guide_li


@pytest.mark.django_db
def test_what_nobody_picks_up_goes_back(guide_li: Any) -> None:
    made = services.redeem(rich("u1", 10), RewardFactory().pk, key="k1")
    Redemption.objects.filter(pk=made.pk).update(until=timezone.now() - timedelta(seconds=1))
    with pytest.raises(Conflict):
        services.fulfil(made.pk, member=guide_li, actor=guide_li.user)

    assert (services.lapse_due(), services.lapse_due()) == (1, 0)

    made.refresh_from_db()
    assert (made.state, PointsAccount.objects.get(unionid="u1").balance) == ("lapsed", 10)


@pytest.mark.django_db
def test_the_stock_never_goes_below_what_is_promised(hq_ops: Any) -> None:
    reward = RewardFactory()
    services.redeem(rich("u1", 10), reward.pk, key="k1")
    values = {name: getattr(reward, name) for name in ("name", "kind", "reference", "words", "cost",
              "stock", "per_customer", "pickup_days", "is_open")}  # fmt: skip

    with pytest.raises(ValidationFailed):
        services.reward_save(reward, values | {"stock": 0}, actor=hq_ops)
    services.reward_save(reward, values | {"stock": 1}, actor=hq_ops)

    kept = Reward.objects.get()
    assert (kept.stock, kept.left) == (1, 0)


def at_once(count: int, act: Any, *, threads: int = 20) -> list[str]:
    """Do something so many times in threads, each with its connection open already, all released together."""
    gate = threading.Barrier(threads)

    def one(number: int) -> str:
        try:
            act(number)
        except Conflict as refused:
            return str(refused.code)
        return "done"

    def share(first: int) -> list[str]:
        try:
            connection.ensure_connection()
            gate.wait(30)
            return [one(number) for number in range(first, count, threads)]
        finally:
            connection.close()

    with ThreadPoolExecutor(threads) as pool:
        return sorted(said for each in pool.map(share, range(threads)) for said in each)


@pytest.mark.django_db(transaction=True)
def test_two_hundred_at_once_for_fifty_pieces() -> None:
    # given two hundred customers who can each pay, and fifty pieces
    accounts = rich_many(200, 10)
    reward = RewardFactory(stock=50)

    # when all redeem at once
    said = at_once(200, lambda n: services.redeem(accounts[n], reward.pk, key="k"), threads=10)

    # then exactly fifty have one, a hundred and fifty keep their points, and everything adds up
    reward.refresh_from_db()
    assert (said.count("done"), said.count("reward_gone")) == (50, 150)
    assert (reward.left, Redemption.objects.count()) == (0, 50)
    balances = sorted(
        PointsAccount.objects.filter(kind="customer").values_list("balance", flat=True)
    )
    assert balances == [0] * 50 + [10] * 150
    assert Redemption.objects.values("code").distinct().count() == 50
    assert ledger.given_and_used(["issued", "spent"]) == {"issued": 2000, "spent": 500}
    assert ledger.faults() == []


@pytest.mark.django_db(transaction=True)
def test_twenty_taps_of_one_customer_are_one() -> None:
    account, reward = rich("u1", 100), RewardFactory(per_customer=9)

    said = at_once(20, lambda _n: services.redeem(account, reward.pk, key="tap"))

    account.refresh_from_db()
    assert (said, Redemption.objects.count(), account.balance) == (["done"] * 20, 1, 90)


@pytest.mark.django_db(transaction=True)
def test_twenty_guides_hand_one_piece_out_once(guide_li: Any) -> None:
    made = services.redeem(rich("u1", 10), RewardFactory().pk, key="k1")

    said = at_once(20, lambda _n: services.fulfil(made.pk, member=guide_li, actor=guide_li.user))

    assert (said.count("done"), said.count("code_used")) == (1, 19)
