"""Two faces, two limits: who came in by the phone's door logs in once more for the console."""

from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
import time_machine
from django.conf import settings as installed
from django.test import Client

from contacts.roles import services as roles
from contacts.roles.models import Role
from scrm.accounts.models import User, UserSession
from tests.cast import PASSWORD
from tests.factories.contacts import MemberFactory

pytestmark = pytest.mark.django_db
START = datetime(2026, 11, 21, 1, 0, tzinfo=UTC)
ROLES = "/console/roles/?role=guide"
CALLBACK = "/h5/login/callback/"
WECOM = {"User-Agent": "Mozilla/5.0 (iPhone) AppleWebKit/605 wxwork/4.1.36 MicroMessenger/7.0.1"}


@pytest.fixture
def boss(company, wecom_sandbox_world, monkeypatch) -> User:
    """Somebody of HQ operations whom WeCom confirms by any code."""
    MemberFactory(userid="HqBoss", name="总部")
    user = roles.person_named("HqBoss")
    for code in ("hq_ops", "guide"):
        roles.grant(user=user, role=Role.objects.get(code=code), org_unit=None, actor=None)
    user.set_password(PASSWORD)
    user.save()
    monkeypatch.setattr("scrm.accounts.wecom_login.userid_of", lambda _code: "HqBoss")
    return user


def on_the_phone() -> Client:
    """Return a browser that came in by the phone's silent log-in."""
    client = Client(headers=WECOM)
    state = urlsplit(client.get("/h5/login/").url).query.split("state=")[1].split("&")[0]
    assert client.get(CALLBACK, {"state": state, "code": "c"}).url == "/h5/"
    assert UserSession.objects.get(user__isnull=False).face == "phone"
    return client


def test_a_session_of_the_phone_opens_no_page_of_the_console(boss: User) -> None:
    client = on_the_phone()

    asked = client.get(ROLES)

    # then the console asks to log in, and the page she wanted is not lost
    assert asked.url == "/accounts/login/?next=/console/roles/%3Frole%3Dguide"
    page = client.get(asked.url)
    assert (page.status_code, page.context["from_phone"]) == (200, True)
    assert (
        "/accounts/wecom/start/?next=%2Fconsole%2Froles%2F%3Frole%3Dguide" in page.content.decode()
    )
    # and her phone's pages go on working
    assert client.get("/h5/me/").status_code == 200


def test_a_part_of_a_console_page_is_refused_too(boss: User) -> None:
    client = on_the_phone()

    answer = client.get("/console/jobs/bar/", headers={"HX-Request": "true"})

    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"] == "/accounts/login/"


def test_nothing_is_changed_from_a_session_of_the_phone(boss: User, hq_ops: User) -> None:
    client = on_the_phone()
    guide = Role.objects.get(code="guide")

    answer = client.post("/console/roles/new/", {"username": "hq", "role": guide.pk})

    assert answer.url.startswith("/accounts/login/")
    assert [given.role.code for given in hq_ops.role_grants.all()] == ["hq_ops"]


def test_djangos_admin_asks_again_as_the_console_does(boss: User) -> None:
    User.objects.filter(pk=boss.pk).update(is_staff=True, is_superuser=True)

    assert on_the_phone().get("/ops/").url == "/accounts/login/?next=/ops/"


def test_after_the_consoles_log_in_its_own_limits_hold(boss: User, settings) -> None:
    settings.SECOND_STEP_REQUIRED = False
    with time_machine.travel(START, tick=False) as clock:
        client = on_the_phone()
        entered = client.post(
            "/accounts/login/", {"username": boss.username, "password": PASSWORD, "next": ROLES}
        )
        assert entered.url == ROLES
        cookie = client.cookies[installed.SESSION_COOKIE_NAME]
        assert cookie["max-age"] == installed.SESSION_COOKIE_AGE
        row = UserSession.objects.get(user=boss)
        assert (row.face, row.expire_date) == ("console", START + timedelta(minutes=30))
        # one session for both faces: the phone's pages take it as well
        assert client.get(ROLES).status_code == client.get("/h5/me/").status_code == 200

        clock.move_to(START + timedelta(minutes=31))
        assert client.get(ROLES).status_code == 302
