"""Forgetting a person who is in groups, has points, or waits in a message: WeCom lists them on, and no read brings them back."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import InternalError, ProgrammingError, transaction
from django.test import Client
from django.utils import timezone

from customers.checkin import services as checkin
from customers.groups import reading
from customers.groups.models import CustomerGroup, GroupMember, WeChatIdentity
from customers.points import ledger
from customers.points.models import PointsAccount, PointsTransaction
from customers.privacy import cleaning, services
from customers.privacy.keeping import LIMITS
from customers.privacy.models import Erasure
from customers.relations.models import ExternalContact
from scrm.core.outbox import services as outbox
from scrm.core.outbox.models import OutboxMessage
from scrm.wecom.group_types import GroupDetail, GroupMemberRow
from tests.cast import PASSWORD
from tests.factories.customers import ContactFactory
from tests.factories.groups import CampaignFactory, GroupFactory, PlaceFactory, StayFactory

pytestmark = pytest.mark.django_db
EXTERNAL, UNION, NAME, PHONE = "wmWangInGroups01", "oWangInGroups0001", "王小明", "+8613812345678"
LONG_AGO = timezone.now().replace(microsecond=0) - timedelta(days=30)


@pytest.fixture(autouse=True)
def journal_file(settings: Any, tmp_path: Path) -> None:
    """A journal of its own."""
    settings.ERASURE_JOURNAL = str(tmp_path / "erasures.journal")


def row(userid: str, *, joined: datetime = LONG_AGO, **fields: Any) -> GroupMemberRow:
    values = {"type": 2, "unionid": None, "name": userid, "group_nickname": "", "join_scene": 3,
              "invitor_userid": "", "state": ""} | fields  # fmt: skip
    return GroupMemberRow(userid=userid, join_time=joined, **values)


def read(*members: GroupMemberRow, at: datetime | None = None) -> CustomerGroup:
    """Store what WeCom says of the group now."""
    return reading.group_observed(
        GroupDetail(
            chat_id="wr1", name="会员群", owner="li", notice="", created_at=LONG_AGO, member_version="v",
            admins=(), members=members, observed_at=at or timezone.now(),
        )
    )  # fmt: skip


WANG = row(EXTERNAL, name=NAME, unionid=UNION)


def erase(contact: ExternalContact) -> Erasure:
    return services.erase([contact.pk], cause=Erasure.Cause.REQUEST)


def said() -> str:
    """Return what the rows of groups and points say of anybody."""
    rows = [
        *GroupMember.objects.values_list("userid", "unionid", "name"),
        *PointsAccount.objects.values_list("unionid", "external_userid", "name"),
        *PointsTransaction.objects.values_list("key", "note"),
        *WeChatIdentity.objects.values_list("openid", "unionid", "external_userid"),
    ]
    return str(rows)


@pytest.fixture
def wang() -> ExternalContact:
    """A customer in a group with somebody else."""
    contact: ExternalContact = ContactFactory(external_userid=EXTERNAL, unionid=UNION, name=NAME)
    read(WANG, row("wmOther"))
    return contact


def test_two_full_reads_bring_nobody_back_and_no_figure_moves(wang: ExternalContact) -> None:
    erase(wang)
    before = set(GroupMember.objects.values_list("pk", "join_time", "left_at"))

    for _again in range(2):
        group = read(WANG, row("wmOther"))

    # then their place is kept without a name: nobody came, nobody left
    assert [trace for trace in (EXTERNAL, UNION, NAME) if trace in said()] == []
    assert set(GroupMember.objects.values_list("pk", "join_time", "left_at")) == before
    assert (group.members_count, group.customers_count) == (2, 2)
    assert GroupMember.objects.get(userid="wmOther").name == "wmOther"


def test_when_they_go_their_place_ends(wang: ExternalContact) -> None:
    erase(wang)
    read(WANG, row("wmOther"))

    group = read(row("wmOther"))

    ended = GroupMember.objects.get(left_at__isnull=False)
    assert (ended.name, group.members_count) == ("", 1)


def test_who_comes_into_the_group_again_is_there_again(wang: ExternalContact) -> None:
    erase(wang)
    later = timezone.now().replace(microsecond=0) + timedelta(minutes=1)

    read(row(EXTERNAL, joined=later, name=NAME), row("wmOther"), at=later + timedelta(seconds=5))

    here = GroupMember.objects.filter(left_at=None).order_by("pk")
    assert sorted(here.values_list("name", flat=True)) == ["wmOther", NAME]


def test_two_people_of_one_group_are_forgotten_one_after_the_other(wang: ExternalContact) -> None:
    other = ContactFactory(external_userid="wmOther")
    GroupMember.objects.filter(userid="wmOther").update(contact=other)

    erase(wang)
    erase(other)
    group = read(WANG, row("wmOther"))

    assert [trace for trace in (EXTERNAL, NAME, "wmOther") if trace in said()] == []
    assert GroupMember.objects.filter(left_at=None).count() == group.members_count == 2


def test_a_stay_from_before_they_were_a_customer_loses_its_name_too() -> None:
    # given a group read before anybody had added the person, so that nothing joins the two
    read(row(EXTERNAL, name=NAME))
    assert GroupMember.objects.get().contact is None
    contact = ContactFactory(external_userid=EXTERNAL)

    erase(contact)

    assert [trace for trace in (EXTERNAL, NAME) if trace in said()] == []


def test_a_read_that_met_the_erasure_is_put_right_by_the_next(wang: ExternalContact) -> None:
    # given a stay with its name, written by a read that had begun before
    erase(wang)
    GroupMember.objects.filter(userid__startswith="erased-").update(userid=EXTERNAL, name=NAME)

    group = read(WANG, row("wmOther"))

    assert [trace for trace in (EXTERNAL, UNION, NAME) if trace in said()] == []
    assert (group.members_count, GroupMember.objects.count()) == (2, 2)


def test_points_and_check_ins_stay_exact_and_nameless(wang: ExternalContact, hq_ops: Any) -> None:
    # given an account with a check-in, a visit, and a reason somebody typed a phone into
    wang.phone = PHONE
    wang.save()
    account = ledger.account_of(UNION, external_userid=EXTERNAL, name=NAME)
    WeChatIdentity.objects.create(
        appid="wx1", openid="oOpen1", unionid=UNION, seen_at=timezone.now()
    )
    today = timezone.localdate()
    place = PlaceFactory(campaign=CampaignFactory(starts_on=today, ends_on=today))
    checkin.check_in(place, account)
    note = f"补给 13812345678 {EXTERNAL}"
    ledger.move(key="a", kind="adjust", account=account, against="adjusted", points=7, note=note)
    account.refresh_from_db()
    held = account.balance

    erase(wang)

    account.refresh_from_db()
    assert [trace for trace in (EXTERNAL, UNION, NAME, "13812345678") if trace in said()] == []
    assert (account.balance, account.checkins.count(), ledger.faults()) == (held, 1, [])
    # and the ledger is as closed as before
    with pytest.raises((InternalError, ProgrammingError)), transaction.atomic():
        PointsTransaction.objects.filter(key="a").update(note="other")


@pytest.mark.parametrize("status", ["pending", "uncertain"])
def test_what_still_waited_to_be_sent_about_them_is_not_sent(
    wang: ExternalContact, status: str
) -> None:
    about = outbox.put(kind="x", key="a", payload={"external_userid": EXTERNAL, "remark": "王姐"})
    other = outbox.put(kind="x", key="b", payload={"external_userid": "wmOther"})
    OutboxMessage.objects.update(status=status)
    assert about is not None
    assert other is not None

    erase(wang)

    about.refresh_from_db()
    other.refresh_from_db()
    assert (about.status, about.payload) == ("expired", None)
    assert (other.status, other.payload) == (status, {"external_userid": "wmOther"})


def test_a_stay_goes_two_years_after_it_ended() -> None:
    # given a stay that ended two years ago, one a year ago, and one of somebody who is there
    group, now = GroupFactory(), timezone.now()
    for name, years in (("old", 2.1), ("newer", 1.0)):
        begun = now - timedelta(days=900)
        left = now - timedelta(days=365 * years)
        StayFactory(group=group, name=name, join_time=begun, left_at=left)
    StayFactory(group=group, name="here", join_time=now - timedelta(days=900))

    limit = next(each for each in LIMITS if each.label == "customers.GroupMember")
    assert cleaning.limit_enforce(limit, now) == 1

    assert sorted(GroupMember.objects.values_list("name", flat=True)) == ["here", "newer"]


def test_who_is_known_to_groups_alone_can_be_forgotten(client: Client, hq_ops: Any) -> None:
    # given somebody in two groups whom no guide has added, with points
    for _group in range(2):
        StayFactory(userid=EXTERNAL, unionid=UNION, name=NAME)
    ledger.account_of(UNION, external_userid=EXTERNAL, name=NAME)
    assert client.login(username="hq", password=PASSWORD)
    group = CustomerGroup.objects.order_by("pk")[0]
    assert EXTERNAL in client.get(f"/console/groups/{group.pk}/").content.decode()

    # when whoever answers for privacy looks for the id
    answer = client.post("/console/privacy/find/", {"q": EXTERNAL})
    contact = ExternalContact.objects.get()
    assert answer["Location"] == f"/console/privacy/person/{contact.pk}/"
    erase(contact)

    # then nothing of them is left, and the next look-up finds nobody
    assert [trace for trace in (EXTERNAL, UNION, NAME) if trace in said()] == []
    assert client.post("/console/privacy/find/", {"q": EXTERNAL}).status_code == 422
    assert ExternalContact.objects.count() == 1


def test_whom_nobody_ever_followed_is_forgotten_after_two_years() -> None:
    now = timezone.now()
    old, there, young = (ContactFactory(external_userid=f"wmNever{number}") for number in range(3))
    long_ago = now - timedelta(days=740)
    ExternalContact.objects.exclude(pk=young.pk).update(created_at=long_ago)
    StayFactory(contact=there, userid=there.external_userid)

    assert list(cleaning.contacts_past(now)) == [old.pk]
