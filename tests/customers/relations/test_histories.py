"""Random histories of eight events, told in any order with reads at any later time, against a tiny WeCom."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from customers.relations import handlers
from customers.relations.models import FollowRelation
from scrm.inbox.handling import Event
from tests.factories.customers import MemberFactory, at, detail, follow

pytestmark = pytest.mark.django_db
CUSTOMER = "wm1"
USERIDS = ("LiNa", "WangFang")
CHANGES = {
    "add": "add_external_contact",
    "del_by_member": "del_external_contact",
    "del_by_customer": "del_follow_user",
    "edit": "edit_external_contact",
}


@dataclass(frozen=True)
class Happening:
    """Something a person did in WeCom at a moment (seconds after noon, with fractions)."""

    seconds: float
    userid: str
    kind: str


class TinyWeCom:
    """What WeCom would answer at any moment of a history."""

    def __init__(self, history: Iterable[Happening]) -> None:
        self.history = list(history)

    def relations(self, seconds: float) -> dict[str, tuple[int, str]]:
        """Return by userid the second of adding and the remark, of those listed at that moment."""
        listed: dict[str, tuple[int, str]] = {}
        for number, each in enumerate(self.history):
            if each.seconds > seconds:
                break
            if each.kind == "add":
                listed[each.userid] = (int(each.seconds), "")
            elif each.kind == "edit":
                listed[each.userid] = (listed[each.userid][0], f"remark {number}")
            else:
                listed.pop(each.userid)
        return listed

    def read(self, seconds: float) -> handlers.ContactRead:
        """Return what a read begun at that moment says."""
        listed = self.relations(seconds)
        if not listed:
            return handlers.ContactRead(None, at(seconds))
        follows = [
            follow(userid, created=created, remark=remark)
            for userid, (created, remark) in listed.items()
        ]
        return handlers.ContactRead(detail(CUSTOMER, follows, observed=seconds), at(seconds))


@st.composite
def histories(draw: st.DrawFn) -> list[Happening]:
    """Draw eight possible happenings; some fall into one second."""
    seconds, following = 0.0, set[str]()
    happenings: list[Happening] = []
    for _number in range(8):
        seconds += draw(st.sampled_from([0.125, 0.25, 1.5, 30.0]))
        userid = draw(st.sampled_from(USERIDS))
        if userid in following:
            kind = draw(st.sampled_from(["del_by_member", "del_by_customer", "edit"]))
        else:
            kind = "add"
        if kind == "add":
            following.add(userid)
        elif kind != "edit":
            following.discard(userid)
        happenings.append(Happening(seconds, userid, kind))
    return happenings


def event_of(number: int, each: Happening) -> Event:
    """Return the callback WeCom sends for a happening: whole seconds only."""
    fields = {"UserID": each.userid, "ExternalUserID": CUSTOMER}
    moment = at(int(each.seconds))
    return Event(
        number, "scrm", "change_external_contact", CHANGES[each.kind], moment, moment, fields
    )


def stored() -> dict[str, tuple[Any, ...]]:
    """Return what we hold, by userid."""
    rows = FollowRelation.objects.select_related("member")
    return {
        row.member.userid: (row.status, row.lost_at)
        if row.status == "lost"
        else (row.status, row.created_time, row.remark)
        for row in rows
    }


def expected(wecom: TinyWeCom) -> dict[str, tuple[Any, ...]]:
    """Return what we must hold when all is told."""
    end = wecom.relations(float("inf"))
    found: dict[str, tuple[Any, ...]] = {}
    for each in wecom.history:
        if each.userid in end:
            created, remark = end[each.userid]
            found[each.userid] = ("active", at(created), remark)
        elif each.kind.startswith("del"):
            found[each.userid] = ("lost", at(int(each.seconds)))
    return found


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_shuffled_and_repeated_histories_end_alike(data: st.DataObject) -> None:
    # given a history; every event is handled one to three times, each with a read at some later moment
    history = data.draw(histories())
    wecom = TinyWeCom(history)
    delays = st.sampled_from([0.0625, 0.5, 2.0, 45.0, 400.0])
    told: list[tuple[Event, handlers.ContactRead]] = []
    for number, each in enumerate(history):
        pauses = data.draw(st.lists(delays, min_size=1, max_size=3))
        told += [(event_of(number, each), wecom.read(each.seconds + pause)) for pause in pauses]

    # when the reads are stored in any order
    order = data.draw(st.permutations(told))
    point = transaction.savepoint()
    try:
        for userid in USERIDS:
            MemberFactory(userid=userid)
        for event, read in order:
            handlers.apply_change(event, read)

        # then
        assert stored() == expected(wecom)
    finally:
        transaction.savepoint_rollback(point)
