"""What ends a session: its limits to the second, a new password, a role taken back; what its cookie looks like."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from http.cookies import Morsel
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.core.management import call_command
from django.test import Client

from contacts.directory.models import Member
from contacts.roles import services as roles
from contacts.roles.models import Role, RoleGrant
from scrm.accounts.models import User, UserSession
from scrm.accounts.sessions.store import ENTERED, entered
from scrm.core.audit.models import AuditEntry
from tests.cast import PASSWORD, Company
from tests.factories.accounts import UserFactory

pytestmark = pytest.mark.django_db
START = datetime(2026, 11, 21, 1, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
PAGES = {"console": "/console/account/", "phone": "/h5/"}
IDLE = {"console": timedelta(minutes=30), "phone": timedelta(hours=12)}
AGE = {"console": timedelta(hours=12), "phone": timedelta(days=7)}


def on(face: str, user: User) -> Client:
    """Return a browser of this person on one face, logged in now."""
    client = Client()
    client.force_login(user)
    session = client.session
    session[ENTERED] = entered(face=face, way="wecom")
    session.save()
    return client


def with_password(user: User) -> Client:
    """Return a browser that logged in by the password."""
    client = Client()
    client.post("/accounts/login/", {"username": user.username, "password": PASSWORD})
    assert is_in(client)
    return client


def is_in(client: Client, page: str = "/console/account/") -> bool:
    return client.get(page).status_code == 200


@pytest.mark.parametrize(("before", "inside"), [(SECOND, True), (0 * SECOND, False)])
@pytest.mark.parametrize("face", ["console", "phone"])
def test_the_idle_limit_to_the_second(
    guide_li: Member, face: str, before: timedelta, inside: bool
) -> None:
    with time_machine.travel(START, tick=False) as clock:
        client = on(face, guide_li.user)
        clock.move_to(START + IDLE[face] - before)

        assert is_in(client, PAGES[face]) is inside


@pytest.mark.parametrize(("before", "inside"), [(SECOND, True), (0 * SECOND, False)])
@pytest.mark.parametrize("face", ["console", "phone"])
def test_the_absolute_limit_to_the_second(
    guide_li: Member, face: str, before: timedelta, inside: bool
) -> None:
    with time_machine.travel(START, tick=False) as clock:
        client = on(face, guide_li.user)
        moment, step = START, IDLE[face] - timedelta(minutes=1)
        while moment + step < START + AGE[face] - before:
            moment += step
            clock.move_to(moment)
            assert is_in(client, PAGES[face])
        clock.move_to(START + AGE[face] - before)

        assert is_in(client, PAGES[face]) is inside


def test_an_ended_session_cannot_be_written_back_to_life(it_admin: User) -> None:
    with time_machine.travel(START, tick=False) as clock:
        client = with_password(it_admin)
        key = client.session.session_key
        clock.move_to(START + IDLE["console"])
        client.post("/accounts/language/", {"language": "en", "next": "/"})
        client.get("/console/account/")

        row = UserSession.objects.filter(session_key=key, user__isnull=False).first()

    assert row is None or row.expire_date == START + IDLE["console"]


def test_a_new_password_ends_every_session(it_admin: User, monkeypatch: Any) -> None:
    browsers = [with_password(it_admin) for _each in range(2)]
    monkeypatch.setattr("getpass.getpass", lambda *_args, **_how: "another-long-password")

    call_command("changepassword", it_admin.username, stdout=StringIO())

    assert [is_in(client) for client in browsers] == [False, False]


def test_a_role_taken_back_ends_the_sessions_of_that_person_alone(
    branch_ops: User, hq_ops: User, guide_li: Member
) -> None:
    theirs, hers = with_password(branch_ops), on("phone", guide_li.user)

    roles.revoke(RoleGrant.objects.get(user=branch_ops), actor=hq_ops, reason="moved on")

    assert (is_in(theirs), is_in(hers, "/h5/")) == (False, True)
    entry = AuditEntry.objects.get(action="accounts.sessions_end")
    assert (entry.actor, entry.target) == (hq_ops, f"user:{branch_ops.pk}")
    # Who logs in again finds the page of a person without a role.
    assert with_password(branch_ops).get("/console/org/").status_code == 403


def test_a_role_gained_works_with_the_next_click(company: Company, client: Client) -> None:
    newcomer = UserFactory()
    client.force_login(newcomer)
    assert client.get("/console/sessions/").status_code == 403

    roles.grant(user=newcomer, role=Role.objects.get(code="it_admin"), org_unit=None, actor=None)

    assert client.get("/console/sessions/").status_code == 200


def test_a_person_switched_off_is_out_with_the_next_click(it_admin: User) -> None:
    client = with_password(it_admin)

    User.objects.filter(pk=it_admin.pk).update(is_active=False)

    assert not is_in(client)


def test_the_cookie_is_for_the_server_alone(it_admin: User, settings: Any) -> None:
    settings.SESSION_COOKIE_SECURE = True
    client = Client()
    client.post(
        "/accounts/login/", {"username": it_admin.username, "password": PASSWORD}, secure=True
    )

    cookie: Morsel[str] = client.cookies["sessionid"]

    flags = {name: cookie[name] for name in ("httponly", "secure", "samesite", "path", "domain")}
    assert flags == {
        "httponly": True, "secure": True, "samesite": "Lax", "path": "/", "domain": "",
    }  # fmt: skip
    # 256 bits of letters and digits would be 43; Django's 32 of 36 are 165 bits.
    assert len(cookie.value) >= 32


@pytest.mark.parametrize(
    ("base_url", "names"),
    [
        ("https://scrm.example.com", ["__Host-sessionid", "__Host-csrftoken", True, True, True]),
        ("http://127.0.0.1:8000", ["sessionid", "csrftoken", False, False, True]),
    ],
)
def test_over_https_no_other_host_can_set_our_cookies(base_url: str, names: list[Any]) -> None:
    asked = (
        "import json; from django.conf import settings as s; print(json.dumps([s.SESSION_COOKIE_NAME, "
        "s.CSRF_COOKIE_NAME, s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, s.SESSION_COOKIE_HTTPONLY]))"
    )
    env = {
        **os.environ,
        "SCRM_BASE_URL": base_url,
        "DJANGO_SETTINGS_MODULE": "scrm.settings.base",
    }
    said = subprocess.run(
        [sys.executable, "-c", asked], env=env, check=True, capture_output=True, text=True
    )

    assert json.loads(said.stdout) == names
