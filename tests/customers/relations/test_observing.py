"""Reads and events in any order, twice and late, leave one truth."""

from datetime import datetime
from typing import Any

import pytest

from contacts.directory.models import Member
from customers.relations.models import ExternalContact, FollowRelation, RecordChange, RelationEvent
from customers.relations.services import (
    RelationFact,
    contact_gone,
    contact_observed,
    phone_verified,
    relation_event_record,
    remark_written,
    tags_written,
)
from scrm.core.crypto import blind_index
from tests.factories.customers import MemberFactory, at, detail, follow

pytestmark = pytest.mark.django_db
CUSTOMER = "wm1"


@pytest.fixture
def li() -> Member:
    """A guide."""
    return MemberFactory(userid="LiNa")


def happened(kind: str, seconds: float, *, userid: str = "LiNa", **more: Any) -> bool:
    """Record an event of the pair."""
    return relation_event_record(RelationFact(userid, CUSTOMER, kind, at(seconds), **more))


def relation() -> FollowRelation:
    """Return the only relation."""
    return FollowRelation.objects.select_related("contact", "member").get()


def standing() -> tuple[str, datetime | None, str]:
    """Return status, time and cause of loss."""
    row = relation()
    return row.status, row.lost_at, row.lost_by


def test_a_read_is_stored_whole_and_its_private_half_encrypted(li: Member) -> None:
    # when
    read = follow(
        "LiNa",
        remark="王小明 VIP",
        description="likes blue",
        remark_mobiles=("138 0013 8000", "wechat: abc"),
        tag_ids=("t2", "t1"),
        state="S" * 27,
        add_way=16,
    )
    contact_observed(detail(CUSTOMER, [read], unionid="ou1"))

    # then
    row = relation()
    assert (row.contact.external_userid, row.contact.unionid, row.contact.name) == (
        CUSTOMER,
        "ou1",
        "小明",
    )
    assert (row.member, row.status, row.state, row.add_way) == (li, "active", "S" * 27, 16)
    assert (row.remark, row.description) == ("王小明 VIP", "likes blue")
    assert row.remark_phones == ["138 0013 8000", "wechat: abc"]
    assert [bytes(index) for index in row.remark_phone_indexes] == [
        blind_index("phone", "+8613800138000")
    ]
    assert (row.tag_ids, row.created_time) == (["t1", "t2"], at(0))
    (raw,) = FollowRelation.objects.values_list("remark", flat=True)
    assert "王小明".encode() not in bytes(raw)
    assert list(RecordChange.objects.values_list("record_kind", "record_id")) == [
        ("contact", row.contact_id)
    ]


def test_a_member_nobody_knew_gets_a_bare_row() -> None:
    contact_observed(detail(CUSTOMER, [follow("Stranger")]))

    assert relation().member.userid == "Stranger"


def test_an_older_read_changes_nothing(li: Member) -> None:
    contact_observed(
        detail(CUSTOMER, [follow("LiNa", remark="new", tag_ids=("t1",))], observed=60, name="New")
    )

    contact_observed(
        detail(CUSTOMER, [follow("LiNa", remark="old", tag_ids=())], observed=30, name="Old")
    )

    row = relation()
    assert (row.contact.name, row.remark, row.tag_ids, row.observed_at) == (
        "New",
        "new",
        ["t1"],
        at(60),
    )


def test_clocks_are_kept_per_relation(li: Member) -> None:
    # given a newer read that does not list the second member
    MemberFactory(userid="WangFang")
    contact_observed(detail(CUSTOMER, [follow("LiNa", remark="new")], observed=60))

    # when an older read that lists both comes late
    contact_observed(
        detail(
            CUSTOMER, [follow("LiNa", remark="old"), follow("WangFang", remark="hers")], observed=30
        )
    )

    # then
    remarks = {
        row.member.userid: row.remark for row in FollowRelation.objects.select_related("member")
    }
    assert remarks == {"LiNa": "new", "WangFang": "hers"}


def test_a_unionid_arrives_later_and_never_goes_again(li: Member) -> None:
    contact_observed(detail(CUSTOMER, [follow("LiNa")], observed=10))
    RecordChange.objects.all().delete()

    contact_observed(detail(CUSTOMER, [follow("LiNa")], observed=20, unionid="ou1"))
    assert RecordChange.objects.count() == 1
    contact_observed(detail(CUSTOMER, [follow("LiNa")], observed=30, unionid=None))

    assert ExternalContact.objects.get().unionid == "ou1"
    assert RecordChange.objects.count() == 1


def test_not_being_listed_loses_nobody(li: Member) -> None:
    contact_observed(detail(CUSTOMER, [follow("LiNa")], observed=10))

    contact_observed(detail(CUSTOMER, [], observed=20))
    contact_gone(CUSTOMER, at(30))

    assert standing() == ("active", None, "")
    assert relation().absent_at == at(30)


@pytest.mark.parametrize(
    ("kind", "by"), [("del_by_member", "member"), ("del_by_customer", "customer")]
)
def test_a_deletion_loses_the_relation(li: Member, kind: str, by: str) -> None:
    contact_observed(detail(CUSTOMER, [follow("LiNa")], observed=10))

    happened(kind, 20)
    contact_gone(CUSTOMER, at(21))

    assert standing() == ("lost", at(20), by)


def test_a_read_begun_before_the_deletion_does_not_resurrect(li: Member) -> None:
    # given a page that was being fetched while the customer left
    before = detail(CUSTOMER, [follow("LiNa", remark="as it was")], observed=19)
    happened("del_by_customer", 20)

    # when it comes to be stored
    contact_observed(before)

    # then
    assert standing() == ("lost", at(20), "customer")
    assert relation().created_time == at(0)


def test_even_a_read_after_the_deletion_does_not_while_it_shows_the_old_adding(li: Member) -> None:
    # WeCom goes on listing a customer who blocked the member
    happened("del_by_customer", 20)

    contact_observed(detail(CUSTOMER, [follow("LiNa", created=0)], observed=60))

    assert standing() == ("lost", at(20), "customer")


def test_adding_again_revives_in_whatever_order_it_is_told(li: Member) -> None:
    contact_observed(detail(CUSTOMER, [follow("LiNa", created=0)], observed=10))
    happened("del_by_member", 20)
    contact_observed(detail(CUSTOMER, [follow("LiNa", created=40)], observed=41))
    assert standing() == ("active", None, "")

    # the deletion once more, as a retry and as another app's event
    assert happened("del_by_member", 20) is False
    assert happened("del_by_customer", 19) is True

    assert standing() == ("active", None, "")


def test_a_deletion_told_after_the_new_adding_was_read_loses_nothing(li: Member) -> None:
    contact_observed(detail(CUSTOMER, [follow("LiNa", created=40)], observed=41))

    happened("del_by_member", 20)

    assert standing() == ("active", None, "")
    assert RelationEvent.objects.count() == 1


def test_within_one_second_the_newer_read_decides(li: Member) -> None:
    # given added and deleted within the second 20
    contact_observed(detail(CUSTOMER, [follow("LiNa", created=20)], observed=20.2))
    happened("del_by_member", 20)
    contact_gone(CUSTOMER, at(20.6))
    assert standing() == ("lost", at(20), "member")

    # when added once more, still in that second
    contact_observed(detail(CUSTOMER, [follow("LiNa", created=20)], observed=20.9))

    # then
    assert standing() == ("active", None, "")


def test_a_relation_only_events_told_of_is_kept_as_lost(li: Member) -> None:
    # given a worker that was down until it was over
    happened("add", 5, state="code")
    happened("del_by_customer", 20)
    contact_gone(CUSTOMER, at(100))

    # then
    row = relation()
    assert (row.status, row.created_time, row.lost_at, row.state) == ("lost", at(5), at(20), "code")
    assert row.observed_at is None


def test_the_same_fact_from_two_apps_is_one_event(li: Member) -> None:
    assert happened("add", 5) is True
    assert happened("add", 5) is False
    assert happened("add", 6) is True
    assert happened("half_add", 5) is True
    assert happened("transfer_fail", 7, reason="customer_refused") is True

    assert RelationEvent.objects.count() == 4
    assert FollowRelation.objects.count() == 0


@pytest.mark.parametrize("order", [1, -1])
def test_two_tellings_of_one_fact_complete_each_other_in_any_order(li: Member, order: int) -> None:
    # given two apps, of which only one names the source
    tellings = [{"state": ""}, {"state": "code"}][::order]

    # when
    told = [happened("add", 5, **telling) for telling in tellings]
    happened("del_by_customer", 20, reason="")
    assert happened("del_by_customer", 20, reason="DELETE_BY_TRANSFER") is True

    # then
    assert told == [True, order == 1]
    assert list(RelationEvent.objects.order_by("pk").values_list("kind", "state", "reason")) == [
        ("add", "code", ""),
        ("del_by_customer", "", "DELETE_BY_TRANSFER"),
    ]
    assert relation().state == "code"


@pytest.mark.parametrize("order", [1, -1])
def test_two_sources_of_one_second_end_alike_in_any_order(order: int) -> None:
    for state in ["b", "a"][::order]:
        happened("add", 5, state=state)

    assert RelationEvent.objects.get().state == "a"


def test_a_source_told_late_reaches_a_relation_only_events_told_of(li: Member) -> None:
    happened("add", 5)
    happened("del_by_customer", 20)
    assert relation().state == ""

    happened("add", 5, state="code")

    assert relation().state == "code"


def test_our_own_tags_are_mirrored_and_do_not_hide_a_remark_read_before(li: Member) -> None:
    # given a read under way since second 30, and a tag we set until second 31
    contact_observed(detail(CUSTOMER, [follow("LiNa", tag_ids=("t1", "t2"))], observed=10))
    tags_written("lina", CUSTOMER, ["t3"], ["t1"], at(31))

    # when that read is stored
    contact_observed(
        detail(CUSTOMER, [follow("LiNa", tag_ids=("t1", "t2"), remark="typed")], observed=30)
    )

    # then it brings its remark, not the old tags
    row = relation()
    assert (row.tag_ids, row.remark) == (["t2", "t3"], "typed")

    # and a read begun later is the truth again
    contact_observed(detail(CUSTOMER, [follow("LiNa", tag_ids=("t9",))], observed=40))
    assert relation().tag_ids == ["t9"]


def test_a_late_note_of_our_write_does_not_undo_a_newer_read(li: Member) -> None:
    contact_observed(detail(CUSTOMER, [follow("LiNa", tag_ids=())], observed=40))

    tags_written("LiNa", CUSTOMER, ["t3"], [], at(31))
    remark_written("LiNa", CUSTOMER, at(31), remark="ours")

    row = relation()
    assert (row.tag_ids, row.remark) == ([], "")


def test_two_notes_of_ours_in_the_wrong_order_both_count(li: Member) -> None:
    contact_observed(detail(CUSTOMER, [follow("LiNa")], observed=10))

    tags_written("LiNa", CUSTOMER, ["t2"], [], at(32))
    tags_written("LiNa", CUSTOMER, ["t1"], [], at(31))

    assert relation().tag_ids == ["t1", "t2"]


def test_our_own_remark_keeps_what_it_does_not_name(li: Member) -> None:
    contact_observed(
        detail(
            CUSTOMER,
            [follow("LiNa", remark="a", description="b", remark_mobiles=("13800138000",))],
            observed=10,
        )
    )

    remark_written("LiNa", CUSTOMER, at(20), remark="ours")

    row = relation()
    assert (row.remark, row.description, row.remark_phones) == ("ours", "b", ["13800138000"])
    remark_written("LiNa", CUSTOMER, at(21), phones=[""])
    row = relation()
    assert (row.remark, row.remark_phones, row.remark_phone_indexes) == ("ours", [], [])


def test_writes_to_a_relation_not_yet_mirrored_are_left_to_its_read() -> None:
    tags_written("LiNa", CUSTOMER, ["t1"], [], at(1))
    remark_written("LiNa", CUSTOMER, at(1), remark="x")

    assert FollowRelation.objects.count() == 0


def test_a_verified_phone_is_kept_and_noted_for_oneid(li: Member) -> None:
    contact_observed(detail(CUSTOMER, [follow("LiNa")]))
    RecordChange.objects.all().delete()

    phone_verified(CUSTOMER, "138 0013 8000")

    contact = ExternalContact.objects.get()
    assert contact.phone == "+8613800138000"
    assert bytes(contact.phone_index or b"") == blind_index("phone", "+8613800138000")
    assert RecordChange.objects.count() == 1
