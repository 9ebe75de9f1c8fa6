"""Sessions: idle and absolute ends, the page of my sessions, IT ends one, leavers lose all."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from contacts.directory.services import member_left
from scrm.accounts.models import User, UserSession
from scrm.accounts.sessions.middleware import asks_by_itself
from scrm.accounts.sessions.services import ended_purge
from scrm.accounts.sessions.store import ENTERED, entered
from scrm.core.audit.models import AuditEntry

pytestmark = pytest.mark.django_db
START = datetime(2026, 11, 21, 1, 0, tzinfo=UTC)
PASSWORD = "a-long-password"


def logged_in(user: User, **extra: str) -> Client:
    client = Client(headers={"User-Agent": "Firefox of a test"}, **extra)
    answer = client.post("/accounts/login/", {"username": user.username, "password": PASSWORD})
    assert answer.status_code == 302
    return client


def is_in(client: Client, path: str = "/console/account/") -> bool:
    return client.get(path).status_code == 200


def test_a_session_says_who_where_and_since_when(it_admin: User) -> None:
    with time_machine.travel(START, tick=False):
        logged_in(it_admin)

    row = UserSession.objects.get(user=it_admin)
    assert (row.face, row.way, row.ip, row.agent) == (
        "console", "password", "127.0.0.1", "Firefox of a test",
    )  # fmt: skip
    assert (row.entered_at, row.seen_at) == (START, START)
    assert row.expire_date == START + timedelta(minutes=30)
    assert AuditEntry.objects.get(action="accounts.log_in").after == {
        "face": "console",
        "way": "password",
    }


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/156.0 Safari/537.36", "Chrome · Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/156.0 Safari/537.36 Edg/156.0", "Edge · Windows"),
        ("Mozilla/5.0 (iPhone) AppleWebKit/605 wxwork/4.1.36 MicroMessenger/7.0.1", "WeCom · iPhone"),
        ("curl/8.1", "curl/8.1"),
        ("", ""),
    ],
)  # fmt: skip
def test_a_browser_is_told_in_two_words(agent: str, words: str) -> None:
    assert UserSession(agent=agent).browser == words


def test_half_an_hour_without_a_click_ends_a_session_of_the_console(it_admin: User) -> None:
    with time_machine.travel(START, tick=False) as clock:
        client = logged_in(it_admin)
        clock.move_to(START + timedelta(minutes=29))
        assert is_in(client)
        clock.move_to(START + timedelta(minutes=58))
        assert is_in(client)
        clock.move_to(START + timedelta(minutes=88, seconds=1))

        asked = client.get("/console/roles/?role=guide")

    # The page she asked for is not lost.
    assert asked.url == "/accounts/login/?next=/console/roles/%3Frole%3Dguide"


def test_twelve_hours_after_the_log_in_it_ends_however_busy_she_is(it_admin: User) -> None:
    with time_machine.travel(START, tick=False) as clock:
        client = logged_in(it_admin)
        for minutes in range(20, 12 * 60, 20):
            clock.move_to(START + timedelta(minutes=minutes))
            assert is_in(client)
        clock.move_to(START + timedelta(hours=12, seconds=1))

        assert not is_in(client)


def test_a_page_that_asks_by_itself_does_not_keep_a_session_alive(it_admin: User) -> None:
    with time_machine.travel(START, tick=False) as clock:
        client = logged_in(it_admin)
        clock.move_to(START + timedelta(minutes=29))
        polled = client.get("/console/jobs/bar/", headers={"HX-Request": "true"})
        clock.move_to(START + timedelta(minutes=31))

        assert polled.status_code == 200
        assert not is_in(client)


def test_every_page_that_asks_by_itself_is_known() -> None:
    # given the templates that poll
    polling = re.compile(r"hx-get=\"{% url '([a-z_:]+)'[^\n]*?hx-trigger=\"[^\"]*every")
    texts = [
        path.read_text("utf-8") for path in Path(settings.BASE_DIR, "templates").rglob("*.html")
    ]

    found = {name for text in texts for name in polling.findall(text)}

    # then none of them puts the idle end off
    assert [name for name in sorted(found) if not asks_by_itself(name)] == []
    assert len(found) >= 3


def test_a_busy_session_writes_once_a_minute(it_admin: User) -> None:
    with time_machine.travel(START, tick=False) as clock:
        client = logged_in(it_admin)
        client.get("/console/account/")
        clock.move_to(START + timedelta(seconds=30))
        client.get("/console/account/")
        assert UserSession.objects.get(user=it_admin).seen_at == START
        clock.move_to(START + timedelta(seconds=61))
        client.get("/console/account/")

    assert UserSession.objects.get(user=it_admin).seen_at == START + timedelta(seconds=61)


@pytest.mark.parametrize(("hours", "inside"), [(11, True), (13, False)])
def test_a_phone_is_left_alone_for_twelve_hours(guide_li, hours: int, inside: bool) -> None:
    with time_machine.travel(START, tick=False) as clock:
        client = on_phone(guide_li.user)
        clock.move_to(START + timedelta(hours=hours))

        assert is_in(client, "/h5/") is inside


def test_after_seven_days_a_phone_logs_in_again(guide_li) -> None:
    with time_machine.travel(START, tick=False) as clock:
        client = on_phone(guide_li.user)
        for hours in range(10, 7 * 24, 10):
            clock.move_to(START + timedelta(hours=hours))
            assert is_in(client, "/h5/")
        clock.move_to(START + timedelta(days=7, seconds=1))

        assert not is_in(client, "/h5/")


def on_phone(user: User) -> Client:
    """Return a browser with a session of the phone face, as `session_begin` makes it."""
    client = Client()
    client.force_login(user)
    session = client.session
    session[ENTERED] = entered(face="phone", way="wecom")
    session.save()
    return client


def test_she_sees_her_sessions_and_ends_one(it_admin: User, hq_ops: User) -> None:
    here, there, other = logged_in(it_admin), logged_in(it_admin), logged_in(hq_ops)
    page = here.get("/console/account/")
    assert len(page.context["sessions"]) == 2
    target = UserSession.objects.get(session_key=there.session.session_key)

    key = target.session_key

    here.post(f"/console/account/sessions/{target.number}/end/")

    assert [is_in(client) for client in (here, there, other)] == [True, False, True]
    # The key of a session is never shown.
    assert key not in page.content.decode()


def test_somebody_elses_session_is_not_hers_to_end(it_admin: User, hq_ops: User) -> None:
    mine, theirs = logged_in(hq_ops), logged_in(it_admin)
    target = UserSession.objects.get(user=it_admin)

    answer = mine.post(f"/console/account/sessions/{target.number}/end/")

    assert answer.status_code == 404
    assert is_in(theirs)
    assert not AuditEntry.objects.filter(action="accounts.session_end").exists()


def test_she_ends_all_others(it_admin: User) -> None:
    here, there = logged_in(it_admin), logged_in(it_admin)

    here.post("/console/account/sessions/end-others/")

    assert [is_in(here), is_in(there)] == [True, False]
    assert AuditEntry.objects.get(action="accounts.sessions_end").after == {"others": 1}


def test_it_ends_somebodys_session_with_a_reason(it_admin: User, hq_ops: User) -> None:
    it, hq = logged_in(it_admin), logged_in(hq_ops)
    target = UserSession.objects.get(user=hq_ops)
    address = f"/console/sessions/{target.number}/end/"
    assert it.post(address, {"reason": ""}).status_code == 422
    assert is_in(hq)

    it.post(address, {"reason": "笔记本丢了"})

    assert not is_in(hq)
    entry = AuditEntry.objects.get(action="accounts.session_end")
    assert (entry.actor, entry.reason, entry.target) == (
        it_admin,
        "笔记本丢了",
        f"user:{hq_ops.pk}",
    )


@pytest.mark.parametrize("role", ["hq_ops", "branch_ops", "auditor", "outsider"])
def test_nobody_but_it_sees_or_ends_the_sessions_of_others(
    role: str, it_admin: User, request
) -> None:
    client = logged_in(request.getfixturevalue(role))
    logged_in(it_admin)
    target = UserSession.objects.get(user=it_admin)

    assert client.get("/console/sessions/").status_code == 403
    assert (
        client.post(f"/console/sessions/{target.number}/end/", {"reason": "x"}).status_code == 403
    )
    assert UserSession.objects.filter(user=it_admin).count() == 1


def test_the_list_costs_the_same_for_many(it_admin: User, django_assert_num_queries) -> None:
    client = logged_in(it_admin)
    client.get("/console/sessions/")
    with CaptureQueriesContext(connection) as captured:
        client.get("/console/sessions/")
    few = len(captured)
    for _each in range(5):
        logged_in(it_admin)

    with django_assert_num_queries(few):
        page = client.get("/console/sessions/?person=it")
    assert len(page.context["list"].rows) == 6


def test_the_list_is_filtered_by_person(it_admin: User, hq_ops: User) -> None:
    client = logged_in(it_admin)
    logged_in(hq_ops)

    rows = client.get("/console/sessions/?person=hq").context["list"].rows

    assert [row.user for row in rows] == [hq_ops]


def test_a_leaver_is_out_of_the_console_and_the_phone_at_once(guide_li) -> None:
    console, phone = logged_in(guide_li.user), on_phone(guide_li.user)
    assert (is_in(console), is_in(phone, "/h5/")) == (True, True)

    member_left(guide_li.userid, observed_at=timezone.now())

    assert (is_in(console), is_in(phone, "/h5/")) == (False, False)
    assert not UserSession.objects.filter(user=guide_li.user).exists()


def test_the_log_in_has_a_new_key_and_the_old_one_is_dead(client: Client, it_admin: User) -> None:
    client.get("/accounts/wecom/start/")
    session = client.session
    session["planted"] = "1"
    session.save()
    planted = session.session_key
    client.cookies["sessionid"] = planted

    client.post("/accounts/login/", {"username": it_admin.username, "password": PASSWORD})

    assert client.session.session_key != planted
    assert not UserSession.objects.filter(session_key=planted).exists()


def test_ended_sessions_are_forgotten(it_admin: User) -> None:
    with time_machine.travel(START, tick=False) as clock:
        logged_in(it_admin)
        clock.move_to(START + timedelta(minutes=89))
        assert ended_purge() == 0
        clock.move_to(START + timedelta(minutes=91))

        assert ended_purge() == 1
    assert UserSession.objects.count() == 0


def test_a_part_of_a_page_leads_back_to_the_page_after_the_log_in(client: Client) -> None:
    answer = client.get(
        "/console/jobs/bar/",
        headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/console/roles/?a=1"},
    )
    foreign = client.get(
        "/console/jobs/bar/",
        headers={"HX-Request": "true", "HX-Current-URL": "https://evil.example/console/"},
    )

    assert answer["HX-Redirect"] == "/accounts/login/?next=%2Fconsole%2Froles%2F%3Fa%3D1"
    assert foreign["HX-Redirect"] == "/accounts/login/"


@pytest.mark.timeout(20, func_only=True)
def test_a_change_of_secret_key_logs_nobody_out(it_admin: User, settings: Any) -> None:
    # Given somebody who logged in under the former SECRET_KEY
    client = logged_in(it_admin)
    before = UserSession.objects.get(user=it_admin)
    # When it is changed, and the former one still holds
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another key of a test, which is long enough for anybody"
    # Then they are still in, and the session goes on under another key
    assert is_in(client)
    after = UserSession.objects.get(user=it_admin)
    assert before.session_key != after.session_key
    assert (before.entered_at, before.way) == (after.entered_at, after.way)
    # And it needs the former one no more
    settings.SECRET_KEY_FALLBACKS = []
    assert is_in(client)
