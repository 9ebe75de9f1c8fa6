"""Views of sent materials and adds become touches, once, and follow what the other rooms learn."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import timezone

from attribution.adds.models import AddEpisode
from attribution.adds.services import relation_event_told
from attribution.touches.gathering import touches_gather
from attribution.touches.models import GatherMark, Touch
from attribution.touches.partitions import kept_since, partitions_keep
from contacts.parameters.services import issue
from customers.relations.services import RelationFact
from tests.factories.attribution import LiveCodeFactory
from tests.factories.materials import SendFactory, view

pytestmark = pytest.mark.django_db
NOW = timezone.now().replace(microsecond=0)


def told(kind: str, at, state: str = "") -> None:
    relation_event_told(
        RelationFact(
            userid="guide_li", external_userid="wm1", kind=kind, occurred_at=at, state=state
        )
    )


def test_known_viewers_become_touches_and_anonymous_ones_do_not(guide_li):
    # given three views of one send: by a known, a likely and an unknown viewer
    token = issue(kind="material", member=guide_li)
    send = SendFactory(member=guide_li, parameter=token)
    alive = {"beat_at": NOW}
    one = view(send, NOW, who="identified", unionid="u1", **alive)
    two = view(send, NOW, who="inferred", external_userid="wm1", **alive)
    view(send, NOW, **alive)

    # when touches are gathered twice
    assert touches_gather() == 2
    assert touches_gather() == 0

    # then the two stand with the guide and the parameter of the send
    found = Touch.objects.order_by("unionid").values_list(
        "event_id", "member_id", "reason", "unionid", "external_userid"
    )
    assert list(found) == [
        (f"scrm:view:{two.pk}", guide_li.pk, "", "", "wm1"),
        (f"scrm:view:{one.pk}", guide_li.pk, "", "u1", ""),
    ]


def test_an_add_is_one_touch_that_follows_its_episode(guide_li, company):
    # given a half-add through a live code, gathered
    code = LiveCodeFactory(state=issue(kind="live_code", store=company.store_b))
    told("half_add", NOW, code.state)
    assert touches_gather() == 1
    touch = Touch.objects.get()
    assert (touch.member_id, touch.store_id, touch.reason, touch.surface) == (
        guide_li.pk, company.store_b.pk, "", "live_code",
    )  # fmt: skip

    # when the full add comes, and then a still earlier half-add
    told("add", NOW + timedelta(seconds=5))
    assert touches_gather() == 0
    told("half_add", NOW - timedelta(seconds=30), code.state)
    assert touches_gather() == 1

    # then it is still one touch, at the beginning of the episode
    assert AddEpisode.objects.count() == 1
    assert Touch.objects.get().occurred_at == NOW - timedelta(seconds=30)


def test_an_add_without_a_parameter_of_ours_is_the_guides_all_the_same(guide_li, company):
    told("add", NOW, "somebody-elses-state")
    touches_gather()
    touch = Touch.objects.get()
    assert (touch.member_id, touch.store_id, touch.reason, touch.surface) == (
        guide_li.pk, company.store_a.pk, "missing", "add",
    )  # fmt: skip


def test_what_was_told_while_a_reading_ran_is_not_lost(guide_li):
    # given a mark that is newer than an event whose transaction was slow
    told("add", NOW)
    GatherMark.objects.create(source="adds", until=timezone.now() + timedelta(minutes=5))

    # then the next reading still finds it
    assert touches_gather() == 1


def test_partitions_are_made_ahead_and_dropped_when_old(guide_li):
    # given the clock in a month without a partition
    made, dropped = partitions_keep(timezone.now().date() + timedelta(days=200))
    assert (made, dropped) == (4, 0)

    # when it is more than 25 months later, the old ones go
    _made, dropped = partitions_keep(timezone.now().date() + timedelta(days=1100))
    assert dropped >= 4


def test_what_is_older_than_any_partition_goes_when_it_is_too_old(guide_li):
    # given touches from before the installation: they lie in the default partition
    today = date(2026, 11, 22)
    young, old = datetime(2024, 10, 1, tzinfo=UTC), datetime(2024, 9, 30, 23, 59, 59, tzinfo=UTC)
    for number, moment in enumerate((young, old, datetime(2001, 5, 1, tzinfo=UTC))):
        Touch.objects.create(
            event_id=f"e{number}", kind="cart", surface="s", occurred_at=moment, reason="missing"
        )

    # when the partitions are kept, then only what is within 25 months stays, and not for ever
    partitions_keep(today)
    assert [touch.occurred_at for touch in Touch.objects.all()] == [young]
    assert kept_since(today) == young
    partitions_keep(date(2026, 12, 1))
    assert not Touch.objects.exists()


def test_an_add_older_than_touches_are_kept_is_no_touch(guide_li):
    told("add", kept_since() - timedelta(seconds=1))

    assert touches_gather() == 0
    assert not Touch.objects.exists()
