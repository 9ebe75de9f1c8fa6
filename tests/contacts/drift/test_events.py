"""What WeCom tells of the address book: the mirror follows, and a difference asks for a comparison soon."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from django.utils import timezone

from contacts.directory.models import Department, Member
from contacts.drift.models import DriftWatch
from contacts.drift.services import due_take
from contacts.drift.tasks import drift_watch
from scrm.core.gateway import wecom
from scrm.core.jobs.models import JobRun
from scrm.event_routes import EVENT_ROUTES
from scrm.inbox.handling import Event
from scrm.wecom.callbacks import parse_event
from tests.contacts.drift.drift_desk import DriftDesk, company_roles, desk

__all__ = ["company_roles", "desk"]
pytestmark = [pytest.mark.django_db, pytest.mark.flow]


def told(desk: DriftDesk) -> list[str]:
    """Hand every event that WeCom raised since the last call to its handlers, as the inbox does."""
    rows = desk.world.control.get("ledger/callbacks", event="change_contact")
    done = getattr(desk, "told", 0)
    desk.told = len(rows)  # type: ignore[attr-defined]
    now, kinds = datetime.now(UTC), []
    for number, row in enumerate(rows[done:], done + 1):
        fields = parse_event(row["xml"].encode())
        change_type = row["change_type"]
        event = Event(number, "contacts", "change_contact", change_type, now, now, fields)
        for handler in EVENT_ROUTES["change_contact", event.change_type]:
            handler.apply(event, handler.fetch(event) if handler.fetch is not None else None)
        kinds.append(event.change_type)
    return kinds


def due() -> bool:
    """Return whether a comparison was asked for, and forget it."""
    return bool(DriftWatch.objects.filter(due_at__isnull=False).update(due_at=None))


def test_a_new_account_appears_and_asks_for_a_comparison(desk: DriftDesk) -> None:
    desk.by_hand("stranger", create=True, name="陌生人", department=[1], mobile="13900000001")

    assert told(desk) == ["create_user"]

    assert (desk.member("stranger").name, due()) == ("陌生人", True)


def test_an_activation_is_taken_over_and_asks_for_nothing(desk: DriftDesk) -> None:
    desk.world.control.post("activate", {"userids": ["e0001"]})

    assert set(told(desk)) == {"update_user"}

    assert (desk.member("e0001").status, due()) == (Member.Status.ACTIVE, False)


def test_a_changed_account_asks_and_once_repaired_asks_again(desk: DriftDesk) -> None:
    desk.by_hand("e0001", name="改名")
    told(desk)
    assert (desk.member("e0001").name, due()) == ("改名", True)
    desk.compare()

    # when the same difference is told again, nothing is asked for; its repair has to close it
    desk.by_hand("e0001", alias="a")
    told(desk)
    assert due() is False
    desk.by_hand("e0001", name="员工1")
    told(desk)
    assert due() is True


def test_a_changed_userid_is_followed(desk: DriftDesk) -> None:
    # given somebody who joined by the corp's code, with a userid that WeCom made up
    answer = requests.get(
        f"{desk.world.base_url}/cgi-bin/corp/get_join_qrcode",
        params={"access_token": wecom("contacts").access_token},
        timeout=10,
    )
    vcode = parse_qs(urlsplit(answer.json()["join_qrcode"]).query)["vcode"][0]
    known = set(Member.objects.values_list("userid", flat=True))
    desk.world.control.post("join", {"vcode": vcode, "person_id": "p000001"})
    told(desk)
    joined = Member.objects.exclude(userid__in=known).get()

    # when an administrator gives a userid
    desk.by_hand(joined.userid, new_userid="zhang.wei")
    assert told(desk) == ["update_user"]

    # then the row is the same, under its new name
    assert desk.member("zhang.wei").pk == joined.pk
    assert not Member.objects.filter(userid=joined.userid).exists()


def test_a_deleted_account_has_left_and_asks(desk: DriftDesk) -> None:
    desk.by_hand("e0001", delete=True)

    assert told(desk) == ["delete_user"]

    assert (desk.member("e0001").status, due()) == (Member.Status.LEFT, True)


def test_departments_made_changed_and_deleted_are_followed(desk: DriftDesk) -> None:
    made = desk.department_by_hand("create", name="临时部门", parentid=1)
    assert (told(desk), due()) == (["create_party"], True)
    assert Department.objects.get(department_id=made).name == "临时部门"

    desk.department_by_hand("update", id=made, name="仓库")
    assert (told(desk), due()) == (["update_party"], True)
    assert Department.objects.get(department_id=made).name == "仓库"

    desk.department_by_hand("delete", id=made)
    assert (told(desk), due()) == (["delete_party"], True)
    assert Department.objects.get(department_id=made).deleted_at is not None


def test_a_given_tag_is_read_where_it_takes_customer_contact_away(
    desk: DriftDesk, settings: Any
) -> None:
    # given an active guide, and a tag that customer contact leaves out
    desk.world.control.post("activate", {"userids": ["e0001"]})
    told(desk)
    assert desk.member("e0001").can_follow is True
    tag = wecom("contacts").tag.create("不服务")
    settings.RISK_CONTACT_SCOPE_TAG = tag
    desk.by_hand("e0001", can_follow=0)
    desk.told = len(desk.world.control.get("ledger/callbacks", event="change_contact"))  # type: ignore[attr-defined]

    desk.world.control.post("console_member_tag", {"tagid": tag, "add_users": ["e0001"]})

    assert told(desk) == ["update_tag"]
    assert (desk.member("e0001").can_follow, due()) == (False, False)


def test_many_events_are_one_comparison_after_a_quiet_while(desk: DriftDesk, settings: Any) -> None:
    settings.DRIFT_QUIET_SECONDS, settings.DRIFT_GAP_MINUTES = 60, 10
    for number in (1, 2, 3):
        desk.by_hand(f"e000{number}", name="改名")
    told(desk)
    due_at = DriftWatch.objects.get().due_at
    assert due_at is not None
    assert due_at - timezone.now() <= timedelta(seconds=60)

    # nothing begins before its time
    drift_watch()
    assert not JobRun.objects.filter(kind="drift.check").exists()

    # and then one comparison, once
    DriftWatch.objects.update(due_at=timezone.now())
    with desk._commit(execute=True):
        drift_watch()
        drift_watch()
    assert JobRun.objects.filter(kind="drift.check").count() == 1
    assert (len(desk.live()), due_take()) == (3, False)

    # the next one keeps its distance
    desk.by_hand("e0004", name="改名")
    told(desk)
    due_at = DriftWatch.objects.get().due_at
    assert due_at is not None
    assert due_at - timezone.now() > timedelta(minutes=9)
