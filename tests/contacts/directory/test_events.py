"""Callbacks of the address book, and the refresh, over real HTTP."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from contacts.directory.handlers import DEPARTMENT_CHANGED, MEMBER_CHANGED
from contacts.directory.models import Department, Member
from contacts.directory.services import mirror_refresh
from scrm.core.gateway import wecom
from scrm.core.jobs import services as jobs
from scrm.core.jobs.models import JobRun
from scrm.inbox.handling import Event

pytestmark = [pytest.mark.django_db, pytest.mark.flow]


def happened(change_type: str, **fields: str) -> Event:
    """Return an event as the inbox hands it over."""
    now = datetime.now(UTC)
    return Event(1, "contacts", "change_contact", change_type, now, now, fields)


def handle(handler: Any, event: Event) -> None:
    """Run a handler as the inbox worker does."""
    handler.apply(event, handler.fetch(event))


def test_a_refresh_reads_states_and_who_may_serve(wecom_sandbox_world: Any) -> None:
    # given three accounts in WeCom, two of them activated
    contacts = wecom("contacts")
    for n in range(3):
        contacts.user.create(f"m{n}", f"成员{n}", [1], mobile=f"1380000000{n}")
    wecom_sandbox_world.control.post("activate", {"userids": ["m0", "m1"]})

    # when the mirror is refreshed twice
    refreshed = mirror_refresh()
    mirror_refresh()

    # then it says what WeCom says
    assert (refreshed.members, refreshed.hidden) == (3, 0)
    rows = Member.objects.order_by("userid").values_list("userid", "name", "status", "can_follow")
    assert list(rows) == [
        ("m0", "成员0", 1, True),
        ("m1", "成员1", 1, True),
        ("m2", "成员2", 4, False),
    ]


def test_an_activated_member_becomes_ready_by_her_event(wecom_sandbox_world: Any) -> None:
    wecom("contacts").user.create("li", "李娜", [1], mobile="13800000000")
    handle(MEMBER_CHANGED, happened("create_user", UserID="li"))
    assert Member.objects.get(userid="li").is_ready is False

    wecom_sandbox_world.control.post("activate", {"userids": ["li"]})
    handle(MEMBER_CHANGED, happened("update_user", UserID="li"))

    assert Member.objects.get(userid="li").is_ready is True


def test_a_deleted_member_is_marked_whatever_the_order_of_events(wecom_sandbox_world: Any) -> None:
    contacts = wecom("contacts")
    contacts.user.create("li", "李娜", [1], mobile="13800000000")
    handle(MEMBER_CHANGED, happened("create_user", UserID="li"))

    # when she is deleted, and the update that came before arrives after
    contacts.user.delete("li")
    handle(MEMBER_CHANGED, happened("delete_user", UserID="li"))
    handle(MEMBER_CHANGED, happened("update_user", UserID="li"))

    # then she has left, once
    assert list(Member.objects.values_list("userid", "status")) == [("li", Member.Status.LEFT)]


def test_a_department_event_heals_the_whole_tree(wecom_sandbox_world: Any) -> None:
    contacts = wecom("contacts")
    first = contacts.department.create("华东", 1)
    second = contacts.department.create("人民路店", first)

    handle(DEPARTMENT_CHANGED, happened("create_party", Id=str(second)))

    parents = dict(Department.objects.values_list("department_id", "parent_department_id"))
    assert (parents[first], parents[second]) == (1, first)


def test_the_refresh_job_shows_its_figures(
    wecom_sandbox_world: Any, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    wecom("contacts").user.create("li", "李娜", [1], mobile="13800000000")

    with django_capture_on_commit_callbacks(execute=True):
        job = jobs.start(kind="directory.refresh", task="contacts.directory_refresh", actor=None)

    job = JobRun.objects.get(pk=job.pk)
    assert (job.state, job.result["members"]) == (JobRun.State.DONE, 1)
