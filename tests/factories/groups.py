"""Groups, stays, points, rewards and campaigns for tests."""

from datetime import UTC, date, datetime
from typing import Any

import factory
from django.db import transaction
from factory.django import DjangoModelFactory

from customers.checkin.models import CampaignGroup, CheckinCampaign
from customers.groups.models import CustomerGroup, GroupMember
from customers.points import ledger
from customers.points.models import PointsAccount, PointsEntry, PointsTransaction, Reward

NOON = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)


class GroupFactory(DjangoModelFactory[CustomerGroup]):
    """A living group, read at noon; an owner brings the userid."""

    class Meta:
        model = CustomerGroup

    chat_id = factory.Sequence(lambda n: f"wr{n:022d}")
    name = factory.Sequence(lambda n: f"会员群{n}")
    owner_userid = factory.LazyAttribute(lambda group: group.owner.userid if group.owner else "")
    owner = None
    created_time = NOON
    observed_at = NOON


class StayFactory(DjangoModelFactory[GroupMember]):
    """A customer in a group since noon."""

    class Meta:
        model = GroupMember

    group = factory.SubFactory(GroupFactory)
    userid = factory.Sequence(lambda n: f"wm_stay_{n:020d}")
    unionid = factory.Sequence(lambda n: f"o_union_{n:010d}")
    kind = GroupMember.Kind.CUSTOMER
    name = factory.Sequence(lambda n: f"顾客{n}")
    join_scene = GroupMember.Scene.CODE
    join_time = NOON


class RewardFactory(DjangoModelFactory[Reward]):
    """A cup for 10 points, of which there are five."""

    class Meta:
        model = Reward

    name = "马克杯"
    cost = 10
    stock = 5
    left = factory.LazyAttribute(lambda reward: reward.stock)


class CampaignFactory(DjangoModelFactory[CheckinCampaign]):
    """An open campaign of November 2026."""

    class Meta:
        model = CheckinCampaign

    name = "十一月打卡"
    starts_on = date(2026, 11, 1)
    ends_on = date(2026, 11, 30)
    points = 5
    state = CheckinCampaign.State.OPEN


class PlaceFactory(DjangoModelFactory[CampaignGroup]):
    """A group of a campaign."""

    class Meta:
        model = CampaignGroup

    campaign = factory.SubFactory(CampaignFactory)
    group = factory.SubFactory(GroupFactory)


def rich(unionid: str, points: int, **fields: Any) -> PointsAccount:
    """Return an account that holds so many points."""
    account = ledger.account_of(unionid, **fields)
    if points:
        ledger.move(
            key=f"start:{unionid}", kind="checkin", account=account, against="issued",
            points=points, at=NOON,
        )  # fmt: skip
    account.refresh_from_db()
    return account


@transaction.atomic
def rich_many(count: int, points: int) -> list[PointsAccount]:
    """Return so many accounts that each hold so many points, written in bulk."""
    accounts = PointsAccount.objects.bulk_create(
        [PointsAccount(unionid=f"u{number}") for number in range(count)]
    )
    movements = PointsTransaction.objects.bulk_create(
        [
            PointsTransaction(key=f"start:{account.unionid}", kind="checkin", made_at=NOON)
            for account in accounts
        ]
    )
    issued = ledger.book("issued")
    PointsEntry.objects.bulk_create(
        [
            PointsEntry(transaction=movement, account=side, amount=amount)
            for movement, account in zip(movements, accounts, strict=True)
            for side, amount in ((account, points), (issued, -points))
        ]
    )
    return accounts
