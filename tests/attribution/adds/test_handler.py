"""An add counts once whatever brought it, and its code's tags and remark are queued once."""

from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from attribution.adds.handlers import ADD_EPISODE, ADD_PROMISES
from attribution.adds.models import AddEpisode
from attribution.adds.remarks import remark_with
from attribution.adds.senders import REMARK_SENDER, TAG_SENDER
from attribution.live_codes.models import LiveCode
from customers.relations.models import FollowRelation, RelationEvent
from scrm.core.gateway import wecom
from scrm.core.outbox.models import OutboxMessage
from scrm.event_routes import EVENT_ROUTES
from scrm.wecom.errors import WeComPermanent
from tests.factories.attribution import LiveCodeFactory, add_event
from tests.factories.customers import ContactFactory, RelationFactory

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)


@pytest.fixture
def code(guide_li: Any) -> LiveCode:
    """A code with tags and a suffix."""
    return LiveCodeFactory(members=[guide_li], tag_ids=["et1", "et2"], remark_suffix="-夏季")


def happens(change_type: str, second: int, state: str = "", **fields: str) -> None:
    """Let an event reach the handlers of its route."""
    extra = {"State": state} if state else {}
    event = add_event(change_type, at=NOON + timedelta(seconds=second), **extra, **fields)
    ADD_EPISODE.apply(event, None)
    ADD_PROMISES.apply(event, None)


def stored() -> list[tuple[int, int | None, str]]:
    rows = AddEpisode.objects.order_by("userid", "external_userid", "started_at")

    def seconds(moment: datetime | None) -> int | None:
        return None if moment is None else int((moment - NOON).total_seconds())

    return [(seconds(row.started_at) or 0, seconds(row.ended_at), row.state) for row in rows]


def queued() -> list[tuple[str, dict[str, Any]]]:
    return [(message.kind, message.payload) for message in OutboxMessage.objects.order_by("id")]


def test_one_add_told_many_times_is_one_episode_with_one_set_of_promises(code: LiveCode) -> None:
    for _time in range(3):
        happens("add_half_external_contact", 1, code.state)
        happens("add_external_contact", 4, code.state)

    assert stored() == [(1, None, code.state)]
    assert AddEpisode.objects.get().live_code == code
    who = {"userid": "guide_li", "external_userid": "wm1"}
    assert queued() == [
        ("relation.tag", {**who, "add": ["et1", "et2"]}),
        ("relation.remark", {**who, "suffix": "-夏季"}),
    ]


HISTORY = [
    ("add_half_external_contact", 1),
    ("add_external_contact", 3),
    ("del_follow_user", 10),
    ("add_external_contact", 20),
]


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_every_order_of_arrival_ends_the_same(code: LiveCode, order: tuple[int, ...]) -> None:
    for index in order:
        happens(*HISTORY[index], code.state)

    assert stored() == [(1, 10, code.state), (20, None, code.state)]
    assert RelationEvent.objects.count() == 4
    # Whatever was promised on the way, the lasting relation got its own promise.
    assert {message["external_userid"] for _kind, message in queued()} == {"wm1"}
    assert OutboxMessage.objects.filter(kind="relation.tag", key__endswith=":2").count() == 1


def test_two_customers_in_one_second_are_two_adds(code: LiveCode) -> None:
    happens("add_external_contact", 1, code.state)
    happens("add_external_contact", 1, code.state, ExternalUserID="wm2")

    assert stored() == [(1, None, code.state), (1, None, code.state)]
    assert OutboxMessage.objects.count() == 4


def test_an_add_from_elsewhere_is_counted_without_a_code(code: LiveCode) -> None:
    happens("add_external_contact", 1, "somebody-elses-state")
    happens("add_external_contact", 1, ExternalUserID="wm2")

    assert AddEpisode.objects.filter(live_code=None).count() == 2
    assert OutboxMessage.objects.count() == 0


def test_a_relation_that_has_ended_gets_nothing_any_more(code: LiveCode) -> None:
    happens("del_follow_user", 10)
    happens("add_external_contact", 1, code.state)

    assert stored() == [(1, 10, code.state)]
    assert OutboxMessage.objects.count() == 0


@pytest.mark.parametrize(
    ("base", "suffix", "expected"),
    [
        ("李雷", "-夏季", "李雷-夏季"),
        ("李雷-夏季", "-夏季", None),
        (
            "一二三四五六七八九十一二三四五六七八九十",
            "-夏季",
            "一二三四五六七八九十一二三四五六七-夏季",
        ),
        ("", "-夏季", "-夏季"),
    ],
)
def test_a_suffix_is_added_once_and_fits(base: str, suffix: str, expected: str | None) -> None:
    assert remark_with(base, suffix) == expected


def a_customer(world: Any, staff: Any) -> tuple[str, str]:
    """Let a person add a member in the sandbox; returns (userid, external_userid)."""
    staff("li")
    way = wecom().contact_way.add(["li"], state="s")
    person = world.control.get("people", limit=1)[0]
    scanned = world.control.post("scan", {"config_id": way.config_id, "person_id": person["id"]})
    return "li", scanned["external_userid"]


def test_tags_are_written_and_mirrored(wecom_sandbox_world: Any, staff: Any) -> None:
    userid, external_userid = a_customer(wecom_sandbox_world, staff)
    tag_id = wecom().corp_tag.add(["夏季"], group_name="活动").tags[0].tag_id
    relation = RelationFactory(
        member__userid="LI2", contact=ContactFactory(external_userid=external_userid)
    )
    FollowRelation.objects.filter(pk=relation.pk).update(member=_member("li"))
    payload = {"userid": userid, "external_userid": external_userid, "add": [tag_id]}

    for _time in range(2):  # twice is as good as once
        TAG_SENDER.settle(payload, TAG_SENDER.send(payload))  # type: ignore[misc]

    assert wecom().external_contact.get(external_userid).follow_users[0].tag_ids == (tag_id,)
    relation.refresh_from_db()
    assert relation.tag_ids == [tag_id]
    assert (TAG_SENDER.repeatable, REMARK_SENDER.repeatable) == (True, True)


def _member(userid: str) -> Any:
    from contacts.directory.models import Member

    return Member.objects.get(userid=userid)


def test_the_remark_gets_its_suffix_once_in_wecom_and_in_the_mirror(
    wecom_sandbox_world: Any, staff: Any
) -> None:
    userid, external_userid = a_customer(wecom_sandbox_world, staff)
    payload = {"userid": userid, "external_userid": external_userid, "suffix": "-夏季"}

    # given no mirror yet: the sender reads the customer itself
    result = REMARK_SENDER.send(payload)
    REMARK_SENDER.settle(payload, result)  # type: ignore[misc]
    remark = wecom().external_contact.get(external_userid).follow_users[0].remark
    assert remark.endswith("-夏季")
    assert remark.count("-夏季") == 1
    assert FollowRelation.objects.get().remark == remark
    assert "remark" not in result

    again = REMARK_SENDER.send(payload)
    REMARK_SENDER.settle(payload, again)  # type: ignore[misc]
    assert again == {"unchanged": True}
    assert wecom().external_contact.get(external_userid).follow_users[0].remark == remark


def test_tags_for_a_customer_who_left_are_refused_in_words(
    wecom_sandbox_world: Any, staff: Any
) -> None:
    staff("li")
    tag_id = wecom().corp_tag.add(["夏季"], group_name="活动").tags[0].tag_id
    with pytest.raises(WeComPermanent):
        TAG_SENDER.send({"userid": "li", "external_userid": "wmnobody", "add": [tag_id]})


def test_an_add_counts_before_wecom_is_read_and_promises_wait_for_the_relation() -> None:
    # given the routes of the two events of an add
    routes = [
        EVENT_ROUTES["change_external_contact", f"add_{half}external_contact"]
        for half in ("", "half_")
    ]

    # then the count needs no read, and what is told to WeCom comes after the relation is mirrored
    names = [
        "welcome.queue",
        "adds.episode",
        "relations.changed",
        "adds.promises",
        "oneid.person_changed",
    ]
    for route in routes:
        assert [handler.name for handler in route if handler.name in names] == names
    assert ADD_EPISODE.fetch is None


def test_a_hand_over_is_kept_as_one_on_both_sides(guide_li: Any, guide_wang: Any) -> None:
    # given a customer of one guide whom WeCom gives to another
    contact = ContactFactory.create(external_userid="wm1")
    happens("add_external_contact", 1)
    happens("del_external_contact", 50, Source="DELETE_BY_TRANSFER")
    RelationFactory.create(member=guide_wang, contact=contact, add_way=202)
    happens("add_external_contact", 50, UserID="guide_wang")

    # then the one lost nobody and the other has nobody new
    assert list(
        AddEpisode.objects.order_by("userid").values_list("userid", "handed_on", "taken_over")
    ) == [("guide_li", True, False), ("guide_wang", False, True)]
    # and told again in any order it stays one, as one fact
    happens("del_external_contact", 50, Source="DELETE_BY_TRANSFER")
    happens("add_external_contact", 50, UserID="guide_wang")
    assert AddEpisode.objects.filter(handed_on=True).count() == 1
    assert AddEpisode.objects.filter(taken_over=True).count() == 1
    kinds = RelationEvent.objects.filter(userid="guide_li").order_by("pk")
    assert list(kinds.values_list("kind", flat=True)) == ["add", "transferred"]
