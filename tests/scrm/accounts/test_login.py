"""The break-glass password, log-out, language, and sessions that end at once."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core.management import call_command
from django.test import Client
from django.utils import translation

from scrm.accounts import services
from scrm.accounts.models import User
from scrm.core.audit.models import AuditEntry
from tests.factories.accounts import UserFactory

pytestmark = pytest.mark.django_db
LOGIN = "/accounts/login/"


def log_in(client, username: str, password: str, **extra: str):
    return client.post(LOGIN, {"username": username, "password": password, **extra})


def test_the_password_opens_the_page_that_was_asked_for(client):
    UserFactory(username="hq")

    page = log_in(client, "hq", "a-long-password", next="/console/roles/")

    assert (page.status_code, page.url) == (302, "/console/roles/")


def test_another_host_is_not_followed(client):
    UserFactory(username="hq")

    assert log_in(client, "hq", "a-long-password", next="https://evil.example/").url == "/console/"


def test_the_log_in_page_asked_for_by_itself_is_no_circle(client):
    client.force_login(UserFactory())

    for wanted in ("/accounts/login/", "/accounts/login/?next=/accounts/login/"):
        assert client.get(LOGIN, {"next": wanted}).url == "/console/"


def test_a_wrong_password_and_an_unknown_name_read_the_same(client):
    UserFactory(username="hq")

    texts = [
        str(log_in(client, name, "wrong-password").context["form"].non_field_errors()[0])
        for name in ("hq", "nobody")
    ]

    assert texts[0] == texts[1]
    assert "_auth_user_id" not in client.session


def test_many_wrong_passwords_lock_the_name_and_say_so(client, settings):
    settings.AXES_ENABLED = True
    UserFactory(username="hq")
    for _try in range(settings.AXES_FAILURE_LIMIT):
        answer = log_in(client, "hq", "wrong-password")

    assert answer.status_code == 429
    assert "registration/locked.html" in [template.name for template in answer.templates]
    # The right password does not help either, until the lock is over.
    assert log_in(client, "hq", "a-long-password").status_code == 429
    assert "_auth_user_id" not in client.session


def test_tries_during_the_lock_do_not_prolong_it_and_reach_one_address_only(settings):
    # given somebody in the office who tries a colleague's name once a minute, for ever
    settings.AXES_ENABLED = True
    UserFactory(username="hq")
    there, elsewhere = {"REMOTE_ADDR": "10.0.0.9"}, {"REMOTE_ADDR": "10.0.0.8"}
    begun = datetime(2026, 11, 21, 1, 0, tzinfo=UTC)
    with time_machine.travel(begun, tick=False) as clock:
        statuses = []
        for minute in range(22):
            clock.move_to(begun + timedelta(minutes=minute))
            statuses.append(log_in(Client(**there), "hq", "wrong-password").status_code)
        # then the lock ended a quarter of an hour after it began
        assert statuses == [200] * 7 + [429] * 15

        clock.move_to(begun + timedelta(minutes=22, seconds=1))
        assert log_in(Client(**there), "hq", "a-long-password").status_code == 302
        # and whoever comes from another address was never locked out
        for _try in range(8):
            log_in(Client(**there), "hq", "wrong-password")
        assert log_in(Client(**elsewhere), "hq", "a-long-password").status_code == 302

    # and IT opens it on the server at once
    with time_machine.travel(begun + timedelta(minutes=24), tick=False):
        assert log_in(Client(**there), "hq", "a-long-password").status_code == 429
        call_command("axes_reset_username", "hq", verbosity=0)
        assert log_in(Client(**there), "hq", "a-long-password").status_code == 302


def test_a_person_switched_off_cannot_log_in(client):
    UserFactory(username="hq", is_active=False)

    assert log_in(client, "hq", "a-long-password").status_code == 200
    assert "_auth_user_id" not in client.session


def test_log_out_takes_a_post_and_ends_the_session(client):
    client.force_login(UserFactory())

    assert client.get("/accounts/logout/").status_code == 405
    assert client.post("/accounts/logout/").url == LOGIN
    assert "_auth_user_id" not in client.session


def test_ending_sessions_ends_them_on_every_machine(client):
    user = UserFactory()
    client.force_login(user)

    services.sessions_end(user, reason="left the company")

    assert client.get("/console/").url == "/accounts/login/?next=/console/"
    assert AuditEntry.objects.get(action="accounts.sessions_end").reason == "left the company"


def test_the_language_is_chinese_until_somebody_switches(client):
    assert client.get(LOGIN).headers["Content-Language"] == "zh-hans"

    answer = client.post(
        "/accounts/language/", {"language": "en", "next": "/accounts/login/?next=/console/"}
    )

    assert answer.url == "/accounts/login/?next=/console/"
    page = client.get(LOGIN)
    assert page.headers["Content-Language"] == "en"
    assert '<html lang="en">' in page.content.decode()


def test_the_language_follows_the_person_to_another_browser(client):
    user = UserFactory(username="hq")
    client.force_login(user)
    client.post("/accounts/language/", {"language": "en", "next": "/console/"})
    client.logout()
    client.cookies.clear()

    log_in(client, "hq", "a-long-password")

    assert User.objects.get().language == "en"
    assert client.cookies["django_language"].value == "en"


def test_the_language_switch_does_not_lead_to_another_host(client):
    assert (
        client.post("/accounts/language/", {"language": "en", "next": "https://evil.example/"}).url
        == "/"
    )


def test_an_unknown_language_changes_nothing(client):
    client.post("/accounts/language/", {"language": "klingon", "next": "/console/"})

    assert "django_language" not in client.cookies


def test_a_request_leaves_the_threads_language_alone(client):
    client.cookies["django_language"] = "en"
    with translation.override("zh-hans"):
        client.get(LOGIN)
        assert translation.get_language() == "zh-hans"


def test_a_form_without_its_token_is_refused_in_words():
    answer = Client(enforce_csrf_checks=True).post("/accounts/logout/")

    assert answer.status_code == 403
    assert b"door-card" in answer.content


def test_the_admin_refuses_who_is_no_staff_in_words_and_asks_a_stranger_to_log_in(client):
    assert client.get("/ops/", follow=True).redirect_chain == [
        ("/ops/login/?next=/ops/", 302),
        ("/accounts/login/?next=/ops/", 302),
    ]

    client.force_login(UserFactory())
    for address in (
        "/ops/",
        "/ops/inbox/inboxevent/",
        "/ops/nowhere/",
        "/ops/login/?next=/ops/",
    ):
        page = client.get(address, follow=True)
        assert (page.status_code, len(page.redirect_chain) <= 2) == (403, True)
        assert "403.html" in [template.name for template in page.templates]


def test_the_admin_opens_to_staff(client):
    client.force_login(UserFactory(is_staff=True, is_superuser=True))

    assert client.get("/ops/").status_code == 200
