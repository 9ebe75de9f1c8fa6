"""Opened chat: what WeCom tells of links, what a person marks, and "unknown" for everything else."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from contacts.directory.models import Member
from customers.relations.models import FollowRelation
from customers.relations.opened import Told, opened_chat, opened_told
from customers.relations.opened_models import OpenedChat
from customers.sync import handlers
from customers.sync.opening import links_read
from scrm.accounts.models import User
from scrm.core.audit.models import AuditEntry
from scrm.core.gateway import wecom
from scrm.inbox.handling import Event
from tests.cast import PASSWORD
from tests.customers.sync.corp import synced
from tests.factories.customers import ContactFactory, MemberFactory, RelationFactory, at

pytestmark = pytest.mark.django_db


def relation(userid: str = "LiNa", external: str = "wm1", **fields: Any) -> FollowRelation:
    """Return a relation added at noon."""
    return RelationFactory(
        member=MemberFactory(userid=userid),
        contact=ContactFactory(external_userid=external),
        **fields,
    )


def tell(state: str, seconds: float, source: str = "link") -> int:
    """Tell of the one pair."""
    return opened_told([Told("lina", "wm1", state, source, at(seconds))])


def known() -> tuple[str, str, datetime]:
    """Return what is kept of the one pair."""
    row = OpenedChat.objects.get()
    return row.state, row.source, row.at


def counts() -> dict[str, int]:
    """Return how many relations the filter finds by each state."""
    return {
        state: FollowRelation.objects.filter(opened_chat(state)).count()
        for state in ("opened", "silent", "unknown")
    }


def test_nothing_told_is_unknown_not_silent() -> None:
    relation()

    assert counts() == {"opened": 0, "silent": 0, "unknown": 1}


def test_who_has_written_is_never_silent_again_and_the_first_time_stays() -> None:
    relation()

    assert tell("silent", 10) == 1
    assert tell("silent", 20) == 1
    assert tell("opened", 30, "first") == 1
    assert tell("opened", 40) == 0
    assert tell("silent", 50) == 0
    assert known() == ("opened", "first", at(30))
    # an earlier opening told later is the better one
    assert tell("opened", 25, "later") == 1
    assert known()[2] == at(25)


def test_what_was_told_before_the_customer_was_added_again_counts_no_more() -> None:
    row = relation()
    tell("opened", 30, "first")

    FollowRelation.objects.filter(pk=row.pk).update(created_time=at(100))

    assert list(FollowRelation.objects.filter(opened_chat("opened"))) == []
    assert list(FollowRelation.objects.filter(opened_chat("unknown"))) == [row]
    # neither does a telling of the earlier time that comes late
    assert tell("opened", 90) == 0
    assert tell("silent", 110) == 1
    assert list(FollowRelation.objects.filter(opened_chat("silent"))) == [row]


def test_a_pair_nobody_holds_is_left_out() -> None:
    assert opened_told([Told("nobody", "wm9", "opened", "first", at(1))]) == 0


def test_links_on_the_sandbox_tell_by_list_and_by_event(
    wecom_sandbox_world: Any, django_capture_on_commit_callbacks: Any
) -> None:
    # given two customers of a link, of whom one writes, and one who scanned a code
    control = wecom_sandbox_world.control
    userids = control.post("seed_org", {"members": 1, "departments": 1})["userids"]
    link = _link(userids)
    for person in ("p000001", "p000002"):
        control.post("acquire", {"link_id": link, "person_id": person, "customer_channel": "ch"})
    control.post("add", {"userid": userids[0], "person_id": "p000003"})
    message = {"msgtype": "text", "text": {"content": "hello"}}
    control.post(
        "chat",
        {"userid": userids[0], "person_id": "p000001", "message": message, "sender": "customer"},
    )
    synced(django_capture_on_commit_callbacks)

    # when the list is read
    assert links_read() == 2

    # then
    assert counts() == {"opened": 1, "silent": 1, "unknown": 1}
    assert links_read() == 1  # the silent one is silent at a later time

    # and when the event of the other one comes
    silent = FollowRelation.objects.get(opened_chat("silent"))
    moment = datetime.now(UTC)
    fields = {"UserID": userids[0], "ExternalUserID": silent.contact.external_userid}
    event = Event(1, "scrm", "customer_acquisition", "customer_start_chat", moment, moment, fields)
    handlers.first_message(event, None)
    assert counts()["opened"] == 2


def _link(userids: list[str]) -> str:
    made = wecom().call(
        "POST",
        "externalcontact/customer_acquisition/create_link",
        data={"link_name": "ad", "range": {"user_list": userids}},
    )
    return str(made["link"]["link_id"])


def test_a_person_in_scope_marks_it_with_their_name_and_others_cannot(
    client: Client, guide_wang: Member, hq_ops: User, outsider: User, branch_ops: User
) -> None:
    # given a customer of a store
    row = RelationFactory(member=guide_wang, contact=ContactFactory())
    address = reverse("relations:opened", args=[row.pk])

    # when somebody out of scope tries
    assert client.login(username="outsider", password=PASSWORD)
    assert client.post(address).status_code in (403, 404)
    assert OpenedChat.objects.count() == 0

    # when their branch does, and somebody else after it
    page = reverse("profile:detail", args=[row.contact_id])
    for username, buttons in (("branch", 1), ("hq", 0)):
        assert client.login(username=username, password=PASSWORD)
        shown = client.get(page, {"tab": "relations"}).content.decode()
        assert shown.count(f'action="{address}"') == buttons
        assert client.post(address).status_code == 302

    # then
    kept = OpenedChat.objects.get()
    assert (kept.state, kept.source, kept.marked_by) == ("opened", "guide", branch_ops)
    assert AuditEntry.objects.filter(action="relations.opened").count() == 1
