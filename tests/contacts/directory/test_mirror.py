"""The mirror follows WeCom, never backwards, and never loses an owner."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from contacts.directory.models import Department, Member
from contacts.directory.selectors import member_by_userid, members_search
from contacts.directory.services import (
    MirrorShrunk,
    departments_observed,
    follow_users_observed,
    member_left,
    member_observed,
    member_renamed,
    places_refresh,
)
from contacts.directory.services.mirror import member_ids_observed
from scrm.wecom import types as wecom_types
from tests.factories.accounts import UserFactory
from tests.factories.contacts import DepartmentFactory, MemberFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 6, 1, 8, tzinfo=UTC)
BEFORE, AFTER = NOW - timedelta(minutes=5), NOW + timedelta(minutes=5)


def read(userid: str, at: datetime, **fields: Any) -> wecom_types.Member:
    """Return what user/get says."""
    row = {"userid": userid, "name": "李娜", "department": [2], "status": 1, **fields}
    return wecom_types.Member.read(row, at)


def test_an_older_observation_never_overwrites_a_newer_one() -> None:
    member_observed(read("li", NOW, name="新名", status=1))

    member_observed(read("li", BEFORE, name="旧名", status=4))

    member = Member.objects.get(userid="li")
    assert (member.name, member.status, member.observed_at) == ("新名", 1, NOW)


def test_a_hidden_name_keeps_the_one_we_know() -> None:
    member_observed(read("li", NOW))

    member_observed(read("li", AFTER, name=None, status=4))

    member = Member.objects.get(userid="li")
    assert (member.name, member.status) == ("李娜", 4)


def test_a_userid_in_another_case_is_the_same_member() -> None:
    member_observed(read("LiNa", NOW))

    member_observed(read("lina", AFTER, name="李娜娜"))

    assert list(Member.objects.values_list("userid", "name")) == [("LiNa", "李娜娜")]
    assert member_by_userid("LINA") == Member.objects.get()


def test_a_member_who_left_keeps_the_row_and_loses_the_sessions() -> None:
    # given a member who is logged in
    user = UserFactory()
    MemberFactory(userid="li", user=user, observed_at=BEFORE)

    # when WeCom says that the account is gone
    member_left("li", observed_at=NOW)

    # then the row stays, marked, and every session of hers has ended
    member = Member.objects.get(userid="li")
    assert (member.status, member.can_follow, member.name) == (
        Member.Status.LEFT,
        False,
        member.name,
    )
    version = user.session_version
    user.refresh_from_db()
    assert user.session_version == version + 1


def test_an_old_deletion_does_not_take_away_a_member_seen_since() -> None:
    member_observed(read("li", NOW))

    member_left("li", observed_at=BEFORE)

    assert Member.objects.get(userid="li").status == Member.Status.ACTIVE


def test_a_complete_list_marks_the_missing_and_revives_the_returned() -> None:
    # given three members, one of whom had left
    for userid in ("li", "wang"):
        MemberFactory(userid=userid, observed_at=BEFORE)
    MemberFactory(userid="zhao", status=Member.Status.LEFT, observed_at=BEFORE)

    # when WeCom lists two, one of them the former leaver, and a new one
    counts = member_ids_observed({"li": [2], "zhao": [3], "qian": [2, 3]}, NOW)

    # then each is where the list says
    statuses = dict(Member.objects.values_list("userid", "status"))
    assert statuses == {"li": 1, "wang": 5, "zhao": 4, "qian": 4}
    assert Member.objects.get(userid="qian").department_ids == [2, 3]
    assert counts.inserted == 1


def test_an_unchanged_list_writes_nothing() -> None:
    member_ids_observed({"li": [2]}, NOW)
    before = list(Member.objects.values())

    counts = member_ids_observed({"li": [2]}, AFTER)

    assert (counts.inserted, counts.updated, counts.unchanged) == (0, 0, 1)
    assert list(Member.objects.values()) == before


@pytest.mark.parametrize("listed", [0, 1, 30, 88])
def test_a_list_that_shrank_too_much_marks_nobody(listed: int) -> None:
    # given 100 members
    Member.objects.bulk_create(
        Member(userid=f"m{n}", observed_at=BEFORE, status=1) for n in range(100)
    )

    # when WeCom lists too few of them
    with pytest.raises(MirrorShrunk):
        member_ids_observed({f"m{n}": [1] for n in range(listed)}, NOW)

    # then nobody left
    assert Member.objects.filter(status=1).count() == 100


def test_ten_of_a_hundred_may_really_be_gone() -> None:
    Member.objects.bulk_create(
        Member(userid=f"m{n}", observed_at=BEFORE, status=1) for n in range(100)
    )

    member_ids_observed({f"m{n}": [1] for n in range(90)}, NOW)

    assert Member.objects.filter(status=Member.Status.LEFT).count() == 10


def tree(at: datetime, *rows: tuple[int, int, str]) -> wecom_types.Departments:
    """Return what department/list says."""
    departments = tuple(
        wecom_types.Department(pk, name, parent, 0, ()) for pk, parent, name in rows
    )
    return wecom_types.Departments(departments, at)


def test_departments_follow_the_tree_and_keep_what_only_we_know() -> None:
    # given a department tied to the OA
    departments_observed(tree(BEFORE, (1, 0, "企业"), (2, 1, "旧名"), (3, 1, "会消失")))
    Department.objects.filter(department_id=2).update(oa_code="D2", oa_kind="branch")

    # when the tree is read again
    departments_observed(tree(NOW, (1, 0, "企业"), (2, 1, "新名")))

    # then it is renamed, still tied, and the missing one is marked
    kept, gone = Department.objects.get(department_id=2), Department.objects.get(department_id=3)
    assert (kept.name, kept.oa_code, kept.deleted_at) == ("新名", "D2", None)
    assert gone.deleted_at is not None


@pytest.mark.parametrize("rows", [(), ((1, 0, "企业"),)])
def test_a_tree_that_is_gone_is_not_believed(rows: tuple[tuple[int, int, str], ...]) -> None:
    departments_observed(tree(BEFORE, (1, 0, "企业"), *((n, 1, f"部门{n}") for n in range(2, 40))))

    with pytest.raises(MirrorShrunk):
        departments_observed(tree(NOW, *rows))

    assert Department.objects.filter(deleted_at=None).count() == 39


def test_who_may_serve_is_taken_over_in_both_directions() -> None:
    MemberFactory(userid="Li", can_follow=False)
    MemberFactory(userid="wang", can_follow=True)

    assert follow_users_observed(["li", "unknown"]) == 2
    assert dict(Member.objects.values_list("userid", "can_follow")) == {"Li": True, "wang": False}
    assert follow_users_observed(["li"]) == 0


def test_waiting_reasons_are_said_in_words() -> None:
    ready, waiting = MemberFactory(), MemberFactory(status=Member.Status.NOT_ACTIVATED)
    scopeless = MemberFactory(can_follow=False)

    assert (ready.is_ready, ready.waiting_reason) == (True, "")
    assert (waiting.is_ready, scopeless.is_ready) == (False, False)
    assert len(waiting.waiting_reason) > 8
    assert len(scopeless.waiting_reason) > 8


def test_a_changed_userid_keeps_the_member() -> None:
    member = MemberFactory(userid="li")

    member_renamed("li", "li.na")

    assert member_by_userid("li.na") == member
    assert Member.objects.count() == 1


def test_places_come_from_the_nearest_unit_and_the_store_wins() -> None:
    # given a branch with a plain department below it
    DepartmentFactory(department_id=1, parent_department_id=0)
    DepartmentFactory(department_id=2, unit_path="/7/")
    DepartmentFactory(department_id=3, parent_department_id=2)
    plain = MemberFactory(department_ids=[3])
    bound = MemberFactory(department_ids=[3], store_path="/7/8/")
    nowhere = MemberFactory(department_ids=[1])

    # when places are refreshed
    places_refresh()

    # then each stands where she works
    places = dict(Member.objects.values_list("pk", "org_path"))
    assert places == {plain.pk: "/7/", bound.pk: "/7/8/", nowhere.pk: ""}


def test_members_are_found_by_name_part_userid_and_job_number() -> None:
    li, wang = MemberFactory(userid="u1", name="李娜"), MemberFactory(userid="u2", name="王李芳")
    members = Member.objects.all()

    assert set(members_search(members, "李")) == {li, wang}
    assert set(members_search(members, "李娜")) == {li}
    assert set(members_search(members, "U2")) == {wang}
    assert set(members_search(members, "赵")) == set()


def test_an_empty_list_of_customer_contact_takes_it_from_nobody() -> None:
    # given eleven members who may meet customers
    members = [MemberFactory() for _ in range(11)]

    # when WeCom lists nobody
    with pytest.raises(MirrorShrunk):
        follow_users_observed([])

    # then all keep it, and a list with somebody on it counts
    assert Member.objects.filter(can_follow=True).count() == 11
    assert follow_users_observed([members[0].userid]) == 10
