"""Reads and events of a group, in whatever order they come."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from customers.groups import reading
from customers.groups.models import CustomerGroup, GroupMember
from customers.relations.models import RecordChange
from scrm.wecom.group_types import GroupDetail, GroupMemberRow
from tests.factories.customers import ContactFactory, MemberFactory
from tests.factories.groups import NOON

pytestmark = pytest.mark.django_db


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def row(userid: str, joined: float = 0, **fields: Any) -> GroupMemberRow:
    values = {"type": 2, "unionid": f"o_{userid}", "name": userid, "group_nickname": "", "join_scene": 3,
              "invitor_userid": "", "state": ""} | fields  # fmt: skip
    return GroupMemberRow(userid=userid, join_time=at(joined), **values)


def read(seconds: float, *members: GroupMemberRow, **fields: Any) -> CustomerGroup:
    values = {"name": "会员群", "owner": "li", "notice": "", "created_at": at(0), "member_version": "v",
              "admins": ()} | fields  # fmt: skip
    return reading.group_observed(
        GroupDetail(chat_id="wr1", members=members, observed_at=at(seconds), **values)
    )


def here() -> list[str]:
    return sorted(GroupMember.objects.filter(left_at=None).values_list("userid", flat=True))


def test_a_read_makes_group_owner_and_members() -> None:
    # given a member we know, and a customer whose unionid we lack
    owner, contact = MemberFactory(userid="Li"), ContactFactory(external_userid="wm1")
    RecordChange.objects.all().delete()

    group = read(10, row("li", type=1, unionid=None, join_scene=1), row("wm1"), row("wm2"))

    # then each is typed and linked, and OneID is told of the unionid
    assert (group.owner, group.members_count, group.customers_count) == (owner, 3, 2)
    stay = GroupMember.objects.get(userid="wm1")
    assert (stay.contact, stay.unionid, stay.join_scene) == (contact, "o_wm1", 3)
    assert GroupMember.objects.get(kind=1).member == owner
    contact.refresh_from_db()
    assert contact.unionid == "o_wm1"
    assert list(RecordChange.objects.values_list("record_id", flat=True)) == [contact.pk]


def test_an_older_read_changes_nothing() -> None:
    read(10, row("wm1"), name="new")
    read(5, row("wm1"), row("wm2"), name="old")

    assert (CustomerGroup.objects.get().name, here()) == ("new", ["wm1"])


def test_who_is_not_listed_has_left_unless_they_came_later() -> None:
    read(10, row("wm1"), row("wm2", 20))
    read(15)

    stay = GroupMember.objects.get(userid="wm1")
    assert (stay.left_at, stay.left_by_event, stay.quit_scene) == (at(15), False, None)
    assert here() == ["wm2"]


def test_an_event_tells_when_and_how_whatever_was_read_before_or_after() -> None:
    # given one who left before the read, and one the lists still show
    read(10, row("wm1"), row("wm2"))
    read(20, row("wm2"))
    reading.leaving_told("wr1", ["wm1", "wm2"], at=at(18), way=1)

    # when a read too soon still lists the second
    read(21, row("wm2"))

    found = {stay.userid: stay for stay in GroupMember.objects.all()}
    for userid in ("wm1", "wm2"):
        assert (found[userid].left_at, found[userid].quit_scene) == (at(18), 1)
    # and one that comes long afterwards is believed
    read(18 + 61, row("wm2"))
    assert here() == ["wm2"]


def test_who_comes_again_has_another_stay_and_an_old_event_ends_the_first() -> None:
    read(10, row("wm1"))
    read(50, row("wm1", 40))
    reading.leaving_told("wr1", ["wm1"], at=at(30), way=0)
    reading.leaving_told("wr1", ["wm1"], at=at(30), way=0)

    stays = GroupMember.objects.order_by("join_time").values_list(
        "join_time", "left_at", "quit_scene"
    )
    assert list(stays) == [(at(0), at(30), 0), (at(40), None, None)]


def test_a_dismissed_group_is_empty_and_a_newer_read_wins() -> None:
    read(10, row("wm1"))
    reading.group_gone("wr1", at(5))
    assert here() == ["wm1"]

    reading.group_gone("wr1", at(20))

    group = CustomerGroup.objects.get()
    assert (group.dismissed_at, group.members_count, here()) == (at(20), 0, [])


def test_a_dismissal_wecom_told_is_final() -> None:
    # given an event of the second in which the group was read, told in whole seconds
    read(10.5, row("wm1"))
    reading.group_gone("wr1", at(10), told=True)

    # then it holds, also against a read that still lists the group
    read(11, row("wm1"))
    group = CustomerGroup.objects.get()
    assert (group.dismissed_at, group.observed_at, here()) == (at(10), at(10.5), [])


def test_another_read_is_asked_for_until_one_is_late_enough() -> None:
    read(10, row("wm1"))
    reading.reread_at("wr1", at(13))
    reading.reread_at("wr1", at(30))
    assert CustomerGroup.objects.get().reread_at == at(13)

    read(12, row("wm1"))
    assert CustomerGroup.objects.get().reread_at == at(13)
    read(14, row("wm1"))
    assert CustomerGroup.objects.get().reread_at is None
